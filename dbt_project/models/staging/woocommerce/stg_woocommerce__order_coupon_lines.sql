with

source as (

    select * from {{ source('woocommerce', 'order_coupon_lines') }}

),

renamed as (

    select
        connection_id,
        cast(order_id as text) as order_id,
        cast(line_id as text) as line_id,
        code,
        {{ code_key('code') }} as code_key,
        discount as discount_amount,
        lower(discount_type) as discount_type,
        free_shipping as has_free_shipping,
        _load_id as load_id
    from source

)

select * from renamed
