with

source as (

    select * from {{ source('shopify', 'order_discount_codes') }}

),

renamed as (

    select
        connection_id,
        order_id,
        position as code_position,
        code,
        {{ code_key('code') }} as code_key,
        _load_id as load_id
    from source

)

select * from renamed
