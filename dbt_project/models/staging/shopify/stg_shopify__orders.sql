with

source as (

    select * from {{ source('shopify', 'orders') }}

),

renamed as (

    select
        connection_id,
        order_id,
        name as order_name,
        nullif(replace(name, '#', ''), '') as order_number,
        created_at,
        updated_at,
        processed_at,
        cancelled_at,
        cancel_reason,
        test as is_test,
        confirmed as is_confirmed,
        source_name,
        display_financial_status as financial_status,
        currency_code,
        presentment_currency_code,
        taxes_included as is_tax_included,
        total_price as total_amount,
        subtotal_price as subtotal_amount,
        total_discounts as discount_amount,
        total_shipping_price as shipping_amount,
        total_tax as tax_amount,
        total_refunded as refunded_amount,
        customer_id,
        cast(customer_number_of_orders as bigint) as customer_order_count,
        customer_order_index,
        journey_ready as is_journey_ready,
        journey_moments_count as moment_count,
        _load_id as load_id
    from source

)

select * from renamed
