-- One row per code of an affected order, in any shop. WooCommerce keeps codes in lower case.

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

codes as (
    {% for model in ['stg_shopify__order_discount_codes', 'stg_woocommerce__order_coupon_lines'] %}
    select
        redeemed.connection_id,
        redeemed.order_id,
        redeemed.code,
        redeemed.code_key,
        redeemed.load_id
    from affected
    inner join {{ ref(model) }} as redeemed
        on
            affected.connection_id = redeemed.connection_id
            and affected.order_id = redeemed.order_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from codes
