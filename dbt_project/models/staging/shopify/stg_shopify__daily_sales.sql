with

source as (

    select * from {{ source('shopify', 'daily_sales') }}

),

renamed as (

    select
        connection_id,
        day as report_date,
        orders as order_count,
        gross_sales as gross_sales_amount,
        discounts as discount_amount,
        returns as returns_amount,
        net_sales as net_sales_amount,
        currency_code,
        _load_id as load_id
    from source

)

select * from renamed
