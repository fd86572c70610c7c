-- One row per order of any shop, with what says whether and when it counts.
with

orders as (
    {% for model in ['stg_shopify__orders', 'int_woocommerce_orders'] %}
    select
        connection_id,
        order_id,
        order_number,
        created_at,
        processed_at,
        source_name,
        subtotal_amount,
        discount_amount,
        load_id
    from {{ ref(model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from orders
