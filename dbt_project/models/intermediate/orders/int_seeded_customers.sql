-- One row per customer who was sent product free of charge (an order made by hand at 100 %
-- discount), with when: in a campaign that is a creator, whose own purchase by code is no sale the
-- code brought.
with

gifts as (

    select
        connection_id,
        customer_id,
        created_at
    from {{ ref('int_shop_orders') }}
    where
        customer_id is not null
        and source_name in ('shopify_draft_order', 'admin')
        and subtotal_amount = 0
        and discount_amount > 0

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
