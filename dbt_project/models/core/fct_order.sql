{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_affected_orders() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[
        {'columns': ['connection_id', 'order_id'], 'unique': true},
        {'columns': ['order_date']},
    ],
) }}

{%- set columns = [
    'connection_id', 'order_id', 'order_name', 'processed_at', 'cancelled_at', 'is_test',
    'source_name', 'financial_status', 'currency_code', 'discount_amount', 'customer_id',
    'customer_order_index', 'is_journey_ready', 'moment_count',
] %}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

-- Each kind of shop is joined by itself, so that a few orders are looked up by their keys.
orders as (
    {% for model in ['stg_shopify__orders', 'int_woocommerce_orders'] %}
    select
        -- Shopify tells amounts in the shop's own currency, whatever the customer paid in.
        {{ 'orders.is_unpriced' if model == 'int_woocommerce_orders' else 'false' }} as is_unpriced,
        {%- for column in columns %}
        orders.{{ column }},
        {%- endfor %}
        affected.ordered_at,
        affected.order_date,
        affected.business_timezone,
        customers.customer_id as stitched_customer_id,
        customers.has_earlier_order
    from affected
    inner join {{ ref(model) }} as orders
        on
            affected.connection_id = orders.connection_id
            and affected.order_id = orders.order_id
    left join {{ ref('int_orders_stitched') }} as customers
        on
            affected.connection_id = customers.connection_id
            and affected.order_id = customers.order_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

ledger as (

    select
        sales.connection_id,
        sales.order_id,
        sum(case when sales.reason = 'ORDER' then sales.net_revenue_amount else 0 end)
            as sale_amount,
        sum(sales.net_revenue_amount) as net_revenue_amount
    from {{ ref('fct_order_sale') }} as sales
    inner join affected
        on
            sales.connection_id = affected.connection_id
            and sales.order_id = affected.order_id
    group by sales.connection_id, sales.order_id

),

transactions as (

    select * from {{ ref('int_ga4_transactions_joined') }}

),

self_referrals as (

    select distinct
        orders.connection_id,
        orders.order_id
    from orders
    inner join {{ ref('int_seeded_customers') }} as seeded
        on
            orders.connection_id = seeded.connection_id
            and orders.stitched_customer_id = seeded.customer_id
            and orders.ordered_at > seeded.first_gift_at
    inner join {{ ref('int_evidence_undated') }} as evidence
        on
            orders.connection_id = evidence.connection_id
            and orders.order_id = evidence.order_id
            and evidence.evidence_type in ('discount_code', 'compromised_code')

),

staff_orders as (

    select distinct
        connection_id,
        order_id
    from {{ ref('int_order_codes') }}
    where code_key in {{ quoted_list(var('staff_discount_codes') | map('upper') | map('trim')) }}

),

measured as (

    select
        orders.*,
        coalesce(ledger.sale_amount, 0) as sale_amount,
        coalesce(ledger.net_revenue_amount, 0) as net_revenue_amount,
        self_referrals.order_id is not null as is_self_referral,
        staff_orders.order_id is not null as is_staff,
        transactions.transaction_id as ga4_transaction_id,
        transactions.transaction_id_format as ga4_transaction_id_format
    from orders
    left join ledger
        on
            orders.connection_id = ledger.connection_id
            and orders.order_id = ledger.order_id
    left join self_referrals
        on
            orders.connection_id = self_referrals.connection_id
            and orders.order_id = self_referrals.order_id
    left join staff_orders
        on
            orders.connection_id = staff_orders.connection_id
            and orders.order_id = staff_orders.order_id
    left join transactions
        on
            orders.connection_id = transactions.connection_id
            and orders.order_id = transactions.order_id

),

final as (

    select
        connection_id,
        order_id,
        order_name,
        ordered_at,
        processed_at,
        order_date,
        business_timezone,
        {{ order_class() }} as order_class,
        cancelled_at,
        financial_status,
        coalesce(source_name, 'unknown') as sales_channel,
        stitched_customer_id as customer_id,
        customer_order_index,
        -- Without an index the customer is unknown, never new; a known order before says more.
        case when has_earlier_order then false else customer_order_index = 1 end as is_new_customer,
        currency_code,
        sale_amount,
        net_revenue_amount - sale_amount as restated_amount,
        net_revenue_amount,
        discount_amount,
        is_journey_ready,
        moment_count,
        ga4_transaction_id,
        ga4_transaction_id_format
    from measured

)

select * from final
