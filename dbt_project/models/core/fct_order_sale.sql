{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_affected_orders() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

{%- set columns = [
    'connection_id', 'order_id', 'sale_id', 'agreement_id', 'happened_at', 'reason', 'action_type',
    'line_type', 'line_id', 'quantity', 'total_amount', 'tax_amount', 'discount_amount',
] %}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

-- Each kind of shop is joined by itself, so that a few orders are looked up by their keys.
sales as (
    {% for model in ['stg_shopify__order_sales', 'int_woocommerce_sales'] %}
    select
        {%- for column in columns %}
        sales.{{ column }},
        {%- endfor %}
        affected.business_timezone
    from affected
    inner join {{ ref(model) }} as sales
        on
            affected.connection_id = sales.connection_id
            and affected.order_id = sales.order_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

final as (

    select
        connection_id,
        order_id,
        sale_id,
        agreement_id,
        happened_at,
        {{ business_date('happened_at', 'business_timezone') }} as event_date,
        reason,
        action_type,
        line_type,
        line_id,
        quantity,
        line_type in ('PRODUCT', 'ADJUSTMENT') as is_net_revenue,
        total_amount,
        tax_amount,
        discount_amount,
        -- What no exchange rate is known for is no revenue yet; its other amounts stay NULL.
        {{ amount(
            "case when line_type in ('PRODUCT', 'ADJUSTMENT') "
            ~ "then coalesce(total_amount - tax_amount, 0) else 0 end"
        ) }} as net_revenue_amount
    from sales

)

select * from final
