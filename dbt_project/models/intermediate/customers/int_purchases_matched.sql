-- One row per purchase session of the event export and the order it is: its transaction id is the
-- order's name or id, and it happened when the order did. Order names repeat between shops and
-- years; of two orders that fit, currency and amount tell, and if they don't, nobody knows.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction() }}',
        "{{ forget_restitched('visitor', 'export_connection_id', 'visitor_id') }}",
    ],
    indexes=[
        {'columns': ['connection_id', 'order_id']},
        {'columns': ['visitor_id']},
    ],
    post_hook='{{ analyze_when_grown() }}',
) }}

{%- set in_part = is_incremental() and is_stitched_in_part() -%}

with

purchases as (

    select sessions.*
    from {{ ref('int_export_sessions') }} as sessions
    {{- join_restitched(in_part, 'visitor', 'sessions', 'visitor_id') }}
    where sessions.transaction_key is not null

),

visitors_known as (

    {{ visitors_signed_in(in_part) | indent(4) }}

),

orders as (

    select * from {{ ref('int_orders_identified') }}

),

keyed_orders as (

    select
        *,
        order_id as transaction_key
    from orders

    union all

    select
        *,
        order_number as transaction_key
    from orders
    where order_number <> order_id

),

candidates as (

    select
        keyed_orders.connection_id,
        keyed_orders.order_id,
        keyed_orders.ordered_at,
        purchases.connection_id as export_connection_id,
        purchases.session_id,
        purchases.visitor_id,
        purchases.touched_at,
        {{ order_fit(
            'keyed_orders', 'purchases.purchase_amount', 'purchases.purchase_currency_code'
        ) }}
            as fit
    from purchases
    inner join keyed_orders on purchases.transaction_key = keyed_orders.transaction_key
    where
        keyed_orders.ordered_at >= purchases.purchased_at - interval '1 day'
        and keyed_orders.ordered_at <= purchases.purchased_at + interval '1 day'

),

ranked as (

    select
        *,
        max(fit) over (partition by export_connection_id, session_id) as best_fit,
        count(*) over (partition by export_connection_id, session_id, fit) as order_count
    from candidates

),

final as (

    select
        ranked.connection_id,
        ranked.order_id,
        ranked.ordered_at,
        ranked.export_connection_id,
        ranked.session_id,
        ranked.visitor_id,
        ranked.touched_at,
        coalesce(signed_in.user_id, ranked.visitor_id) as person_id,
        case when signed_in.user_id is null then 'ga4_client' else 'ga4_user' end as person_type
    from ranked
    left join visitors_known as signed_in
        on
            ranked.export_connection_id = signed_in.connection_id
            and ranked.visitor_id = signed_in.visitor_id
    where ranked.fit = ranked.best_fit and ranked.order_count = 1

)

select * from final
-- depends_on: {{ source('analysis', 'restitched') }}
