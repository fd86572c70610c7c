-- The gaps of int_ga4_gaps_caused that have an order, summed by the order's business date, the date
-- of the gap and its cause. Only days with a rebuilt order are compared again, and those near which
-- GA4 tells something else now: each day has a row `agreed` of 0 for the key of what GA4 told then.
-- Beside the gaps what GA4 told: of orders (`told`), and by ids that name none, which are of their
-- own date (`nameless`); and how many of these rows wait for a rate (`…_without_rate`).
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ join_whole_tables() }}',
        '{{ open_rebuilt_days() }}',
        '{{ collect_ga4_days() }}',
        '{{ forget_rebuilt_days() }}',
        "{{ forget_collected_days('ga4_days_to_rebuild') }}",
    ],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

{%- set days = 'ga4_days_to_rebuild' if is_incremental() else none %}

with

caused as (

    {{ ga4_gaps(days, has_told=true) | indent(4) }}

),

orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date
    from {{ ref('fct_order') }} as orders
    {% if days -%}
    inner join {{ days }} as rebuilt
        on
            orders.connection_id = rebuilt.connection_id
            and orders.order_date = rebuilt.order_date
    where {{ is_of_days('orders.order_date', days) }}
    {%- endif %}

),

-- A date on which GA4 tells something has a key, orders or not.
agreed as (

    select
        connection_id,
        order_date
    from orders

    union distinct

    select
        shops.connection_id,
        dates.transaction_date as order_date
    from ga4_dates_keyed as dates
    cross join {{ ref('int_shops') }} as shops
    {%- if days %}
    inner join {{ days }} as rebuilt
        on
            shops.connection_id = rebuilt.connection_id
            and dates.transaction_date = rebuilt.order_date
    {%- endif %}

),

nameless as (

    select
        rows_told.connection_id,
        rows_told.transaction_date,
        rows_told.purchase_amount
    from {{ ref('int_ga4_rows_converted') }} as rows_told
    {% if days -%}
    inner join ga4_dates_nameless as dates
        on
            rows_told.connection_id = dates.connection_id
            and rows_told.transaction_date = dates.order_date
    {% endif -%}
    where
        rows_told.order_id is null
        {%- if days %}
        and {{ is_of_days('rows_told.transaction_date', 'ga4_dates_nameless') }}
        {%- endif %}

),

summed as (

    select
        orders.connection_id,
        orders.order_date,
        caused.gap_date,
        caused.cause,
        sum(caused.gap_amount) as gap_amount
    from caused
    inner join orders
        on
            caused.connection_id = orders.connection_id
            and caused.order_id = orders.order_id
    group by orders.connection_id, orders.order_date, caused.gap_date, caused.cause

    union all

    select
        connection_id,
        transaction_date as order_date,
        transaction_date as gap_date,
        'nameless' as cause,
        coalesce(sum(purchase_amount), 0) as gap_amount
    from nameless
    group by connection_id, transaction_date

    union all

    select
        connection_id,
        transaction_date as order_date,
        transaction_date as gap_date,
        'nameless_without_rate' as cause,
        count(*) as gap_amount
    from nameless
    where purchase_amount is null
    group by connection_id, transaction_date

    union all

    select
        connection_id,
        order_date,
        order_date as gap_date,
        'agreed' as cause,
        0 as gap_amount
    from agreed

),

final as (

    select
        summed.connection_id,
        summed.order_date,
        coalesce(keyed.ga4_key, 0) as ga4_key,
        summed.gap_date,
        summed.cause,
        {{ amount('summed.gap_amount') }} as gap_amount
    from summed
    left join ga4_dates_keyed as keyed on summed.order_date = keyed.transaction_date

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('int_ga4_rows_placed') }}
-- depends_on: {{ ref('int_ga4_rows_converted') }}
-- depends_on: {{ ref('int_ga4_transactions_joined') }} {{ ref('int_ga4_properties_matched') }}
-- depends_on: {{ ref('stg_ga4__transactions') }} {{ ref('int_orders_identified') }}
-- depends_on: {{ ref('int_shops') }} {{ ref('fct_exchange_rate_daily') }}
-- depends_on: {{ ref('fct_order_sale') }} {{ ref('stg_shopify__orders') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
