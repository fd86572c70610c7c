-- One row per order whose country is known: WooCommerce's billing address, at Shopify the
-- customer's default address, as orders come without one.
with

final as (

    select
        orders.connection_id,
        orders.order_id,
        customers.country_code
    from {{ ref('stg_shopify__orders') }} as orders
    inner join {{ ref('stg_shopify__customers') }} as customers
        on
            orders.connection_id = customers.connection_id
            and orders.customer_id = customers.customer_id
    where customers.country_code is not null

    union all

    select
        connection_id,
        order_id,
        country_code
    from {{ ref('stg_woocommerce__orders') }}
    where country_code is not null

)

select * from final
