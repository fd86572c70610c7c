-- One row per order and its customer. An order whose own data names nobody belongs to the one
-- customer who bought in the same browser, or under the same GA4 user; failing that, to that
-- browser or user itself.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction() }}',
        "{{ forget_restitched('order', 'connection_id', 'order_id') }}",
    ],
    indexes=[
        {'columns': ['connection_id', 'order_id'], 'unique': true},
        {'columns': ['connection_id', 'customer_id']},
    ],
    post_hook='{{ analyze_when_grown() }}',
) }}

{%- set in_part = is_incremental() and is_stitched_in_part() -%}

with

orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.ordered_at,
        orders.is_test,
        identities.customer_id
    from {{ ref('int_orders_identified') }} as orders
    left join {{ ref('int_identities_stitched') }} as identities
        on
            orders.connection_id = identities.connection_id
            and orders.identity_id = identities.identity_id
    {{- join_restitched(in_part, 'order', 'orders', 'order_id') }}

),

purchases as (

    select purchases.*
    from {{ ref('int_purchases_matched') }} as purchases
    {{- join_restitched(in_part, 'order', 'purchases', 'order_id') }}

),

persons as (

    select
        purchases.connection_id,
        purchases.export_connection_id,
        purchases.person_id,
        min(orders.customer_id) as customer_id
    from purchases
    inner join orders
        on
            purchases.connection_id = orders.connection_id
            and purchases.order_id = orders.order_id
    group by purchases.connection_id, purchases.export_connection_id, purchases.person_id
    having count(distinct orders.customer_id) = 1

),

browsers as (

    select
        purchases.connection_id,
        purchases.order_id,
        min(persons.customer_id) as customer_id,
        count(distinct persons.customer_id) as customer_count,
        min({{ person_key('purchases.person_id', 'purchases.connection_id') }}) as person_key
    from purchases
    left join persons
        on
            purchases.connection_id = persons.connection_id
            and purchases.export_connection_id = persons.export_connection_id
            and purchases.person_id = persons.person_id
    group by purchases.connection_id, purchases.order_id

),

stitched as (

    select
        orders.connection_id,
        orders.order_id,
        orders.ordered_at,
        orders.is_test,
        coalesce(
            orders.customer_id,
            case when browsers.customer_count = 1 then browsers.customer_id end,
            browsers.person_key
        ) as customer_id,
        case
            when orders.customer_id is not null then 'own_id'
            when browsers.order_id is not null then 'same_transaction'
        end as stitching_rule
    from orders
    left join browsers
        on
            orders.connection_id = browsers.connection_id
            and orders.order_id = browsers.order_id

),

final as (

    select
        connection_id,
        order_id,
        ordered_at,
        is_test,
        customer_id,
        stitching_rule,
        -- Of two identities with a first order each, only the earlier order was a new customer's.
        customer_id is not null
        and coalesce(
            sum(case when is_test then 0 else 1 end) over (
                partition by connection_id, customer_id
                order by ordered_at, order_id
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) > 0 as has_earlier_order
    from stitched

)

select * from final
-- depends_on: {{ source('analysis', 'restitched') }}
