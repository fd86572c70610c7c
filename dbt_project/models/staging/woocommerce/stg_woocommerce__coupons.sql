with

source as (

    select * from {{ source('woocommerce', 'coupons') }}

),

renamed as (

    select
        connection_id,
        cast(coupon_id as text) as coupon_id,
        window_start,
        captured_at,
        code,
        {{ code_key('code') }} as code_key,
        lower(status) as coupon_status,
        lower(discount_type) as discount_type,
        amount as discount_value,
        free_shipping as has_free_shipping,
        date_created_gmt as created_at,
        date_expires_gmt as expires_at,
        usage_count,
        usage_limit as usage_limit_count,
        usage_limit_per_user as usage_limit_per_user_count,
        _load_id as load_id
    from source

)

select * from renamed
