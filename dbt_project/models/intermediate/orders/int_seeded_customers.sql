-- One row per customer who was sent product free of charge (an order made by hand at 100 %
-- discount), with when: in a campaign that is a creator, whose own purchase by code is no sale the
-- code brought. A table: three ask for these few, who are sought among all orders.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with

gifts as (

    select
        orders.connection_id,
        customers.customer_id,
        orders.created_at
    from {{ ref('int_shop_orders') }} as orders
    inner join {{ ref('int_orders_stitched') }} as customers
        on
            orders.connection_id = customers.connection_id
            and orders.order_id = customers.order_id
    where
        customers.customer_id is not null
        and orders.source_name in ('shopify_draft_order', 'admin')
        and orders.subtotal_amount = 0
        and orders.discount_amount > 0

),

final as (

    select
        connection_id,
        customer_id,
        min(created_at) as first_gift_at
    from gifts
    group by connection_id, customer_id

)

select * from final
