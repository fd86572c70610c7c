with

source as (

    select * from {{ source('woocommerce', 'daily_sales') }}

),

renamed as (

    select
        connection_id,
        day as report_date,
        orders_count as order_count,
        {{ amount('gross_sales') }} as gross_sales_amount,
        {{ amount('coupons') }} as discount_amount,
        {{ amount('refunds') }} as returns_amount,
        {{ amount('net_revenue') }} as net_sales_amount,
        {{ amount('taxes') }} as tax_amount,
        {{ amount('shipping') }} as shipping_amount,
        _load_id as load_id
    from source

)

select * from renamed
