-- One row per GA4 transaction that is one order of a shop: its id is the order's name or id, its
-- day the order's, give or take one. Ids GA4 withholds and repeats of one id make no row. Order
-- names repeat between shops and years: of two orders that fit, currency and amount tell, and if
-- they don't, nobody knows. Kept from run to run but for orders whose answer may have changed.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_reconsidered() }}'],
    indexes=[{'columns': ['connection_id', 'order_id']}],
    post_hook='{{ analyze_when_grown() }}',
) }}

{%- set in_part = is_incremental() and is_stitched_in_part() -%}

with

{{ considered_ctes(in_part) }}

transactions as (

    select bought.*
    from {{ ref('stg_ga4__transactions') }} as bought
    {{- join_considered(in_part, 'bought') }}
    where
        {{ may_name_an_order('bought.transaction_key') }}
        and bought.purchase_count > 0

),

named as (
    {% for key, format in [('order_id', 'order_id'), ('order_number', 'order_name')] %}
    select
        orders.connection_id,
        orders.order_id,
        {{ order_fit('orders', 'transactions.purchase_amount', 'transactions.currency_code') }}
            as fit,
        '{{ format }}' as transaction_id_format,
        transactions.connection_id as ga4_connection_id,
        transactions.property_id,
        transactions.transaction_key,
        transactions.transaction_id,
        transactions.transaction_date,
        transactions.session_source,
        transactions.session_medium,
        transactions.session_campaign as utm_campaign,
        transactions.session_content as utm_content,
        transactions.utm_campaign_key,
        transactions.utm_content_key,
        transactions.purchase_amount,
        transactions.load_id
    from transactions
    inner join {{ ref('int_orders_identified') }} as orders
        on
            transactions.transaction_key = orders.{{ key }}
            {%- if key == 'order_number' %}
            -- A shop may show people the id itself, which is one way to name the order, not two.
            and orders.order_number <> orders.order_id
            {%- endif %}
    -- The purchase happens when the order does.
    where
        abs(
            transactions.transaction_date
            - {{ business_date('orders.ordered_at', 'transactions.date_timezone') }}
        ) <= 1
        and {{ is_bought(in_part, 'orders.' ~ key) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

candidates as (

    select
        *,
        max(load_id) over (
            partition by
                ga4_connection_id, property_id, transaction_key, connection_id, order_id
        ) as newest_load_id,
        row_number() over (
            partition by
                ga4_connection_id, property_id, transaction_key, connection_id, order_id
            order by
                purchase_amount desc,
                transaction_date asc,
                session_source asc,
                session_medium asc,
                utm_campaign_key asc,
                utm_content_key asc
        ) as repeat_number
    from named

),

matched as (

    select
        *,
        max(fit) over (
            partition by ga4_connection_id, property_id, transaction_key, transaction_date
        ) as best_fit,
        count(*) over (
            partition by ga4_connection_id, property_id, transaction_key, transaction_date, fit
        ) as order_count,
        row_number() over (
            partition by connection_id, order_id
            order by transaction_date, ga4_connection_id, property_id
        ) as order_match_number
    from candidates
    where repeat_number = 1

),

joined as (

    select
        matched.connection_id,
        matched.order_id,
        matched.ga4_connection_id,
        matched.property_id,
        matched.transaction_id,
        matched.transaction_id_format,
        matched.transaction_date,
        matched.session_source,
        matched.session_medium,
        matched.utm_campaign,
        matched.utm_content,
        matched.utm_campaign_key,
        matched.utm_content_key,
        matched.newest_load_id as load_id
    from matched
    {{- join_reconsidered(in_part, 'matched') }}
    where
        matched.fit = matched.best_fit
        and matched.order_count = 1
        and matched.order_match_number = 1

)

select * from joined
-- depends_on: {{ source('analysis', 'restitched') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('quality', 'pending_loads') }}
