with

source as (

    select * from {{ source('shopify', 'discount_codes') }}

),

renamed as (

    select
        connection_id,
        code_id,
        discount_id,
        window_start,
        captured_at,
        code,
        {{ code_key('code') }} as code_key,
        discount_type,
        discount_title,
        discount_status,
        discount_status = 'ACTIVE' as is_active,
        starts_at,
        ends_at,
        usage_limit as usage_limit_count,
        usage_count,
        _load_id as load_id
    from source

)

select * from renamed
