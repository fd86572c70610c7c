-- One row per order whose country is known: WooCommerce's billing address, at Shopify the
-- customer's default address, as orders come without one.
with

final as (

    select
        connection_id,
        order_id,
        country_code
    from {{ ref('int_orders_identified') }}
    where country_code is not null

)

select * from final
