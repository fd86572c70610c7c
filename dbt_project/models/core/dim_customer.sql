{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_restitched_customers() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['customer_id', 'connection_id'], 'unique': true}],
) }}

{%- set in_part = is_incremental() and is_stitched_in_part() -%}

with

identities as (

    select
        identities.connection_id,
        identities.identity_id,
        identities.identity_type,
        identities.customer_id,
        identities.stitching_rule,
        identities.first_seen_at,
        identities.merged_at
    from {{ ref('int_identities_stitched') }} as identities
    {{- join_restitched(in_part, 'identity', 'identities', 'identity_id') }}
    where identities.is_seen

),

browsers as (

    select
        purchases.connection_id,
        {{ person_key('purchases.person_id', 'purchases.connection_id') }} as identity_id,
        max(purchases.person_type) as identity_type,
        min(orders.customer_id) as customer_id,
        min(purchases.touched_at) as first_seen_at,
        min(purchases.ordered_at) as first_ordered_at
    from {{ ref('int_purchases_matched') }} as purchases
    inner join {{ ref('int_orders_stitched') }} as orders
        on
            purchases.connection_id = orders.connection_id
            and purchases.order_id = orders.order_id
    {{- join_restitched(in_part, 'order', 'purchases', 'order_id') }}
    group by
        purchases.connection_id,
        {{ person_key('purchases.person_id', 'purchases.connection_id') }}
    -- A browser two customers bought from is nobody's.
    having count(distinct orders.customer_id) = 1

),

customers as (

    select * from identities

    union all

    select
        connection_id,
        identity_id,
        identity_type,
        customer_id,
        case when customer_id = identity_id then 'own_id' else 'same_transaction' end
            as stitching_rule,
        first_seen_at,
        case when customer_id <> identity_id then first_ordered_at end as merged_at
    from browsers

),

orders as (

    select
        orders.connection_id,
        orders.customer_id,
        count(*) as order_count,
        min(orders.ordered_at) as first_ordered_at,
        max(orders.ordered_at) as last_ordered_at
    from {{ ref('int_orders_stitched') }} as orders
    {{- join_restitched(in_part, 'order', 'orders', 'order_id') }}
    where orders.customer_id is not null and not orders.is_test
    group by orders.connection_id, orders.customer_id

),

final as (

    select
        customers.connection_id,
        customers.identity_id as customer_id,
        customers.identity_type,
        customers.customer_id = customers.identity_id as is_current,
        customers.customer_id as current_customer_id,
        customers.stitching_rule,
        {{ stitching_confidence('customers.stitching_rule') }} as stitching_confidence,
        customers.first_seen_at as valid_from_at,
        customers.merged_at as valid_to_at,
        count(*) over (
            partition by customers.connection_id, customers.customer_id
        ) as identity_count,
        case
            when customers.customer_id = customers.identity_id then coalesce(orders.order_count, 0)
        end as order_count,
        orders.first_ordered_at,
        orders.last_ordered_at
    from customers
    left join orders
        on
            customers.connection_id = orders.connection_id
            and customers.identity_id = orders.customer_id

)

select * from final
-- depends_on: {{ source('analysis', 'restitched') }}
