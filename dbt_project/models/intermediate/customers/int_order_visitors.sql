-- One row per order and visitor of the event export whose sessions may be its touches: the
-- browsers that sent its transaction, those of the same GA4 user, and those in which its customer,
-- and nobody else, bought other orders. A browser that two customers bought from serves the orders
-- it bought.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction() }}',
        "{{ forget_restitched('order', 'connection_id', 'order_id') }}",
    ],
    indexes=[{'columns': ['connection_id', 'order_id']}, {'columns': ['visitor_id']}],
    post_hook='{{ analyze_when_grown() }}',
) }}

{%- set in_part = is_incremental() and is_stitched_in_part() -%}

with

orders as (

    select orders.*
    from {{ ref('int_orders_stitched') }} as orders
    {{- join_restitched(in_part, 'order', 'orders', 'order_id') }}

),

purchases as (

    select
        purchases.*,
        orders.customer_id
    from {{ ref('int_purchases_matched') }} as purchases
    inner join orders
        on
            purchases.connection_id = orders.connection_id
            and purchases.order_id = orders.order_id

),

visitors_known as (

    {{ visitors_signed_in(in_part) | indent(4) }}

),

persons_of_customers as (

    select
        connection_id,
        min(customer_id) as customer_id,
        export_connection_id,
        person_id
    from purchases
    group by connection_id, export_connection_id, person_id
    having count(distinct customer_id) = 1

),

counted as (

    select
        *,
        count(*) over (partition by connection_id, customer_id) as person_count
    from persons_of_customers

),

persons as (

    select
        connection_id,
        order_id,
        export_connection_id,
        person_id
    from purchases

    union

    select
        orders.connection_id,
        orders.order_id,
        counted.export_connection_id,
        counted.person_id
    from counted
    inner join orders
        on
            counted.connection_id = orders.connection_id
            and counted.customer_id = orders.customer_id
    where counted.person_count <= {{ var('visitors_per_customer') }}

),

final as (

    select
        connection_id,
        order_id,
        export_connection_id,
        visitor_id
    from purchases

    union

    select
        persons.connection_id,
        persons.order_id,
        persons.export_connection_id,
        coalesce(signed_in.visitor_id, persons.person_id) as visitor_id
    from persons
    left join visitors_known as signed_in
        on
            persons.export_connection_id = signed_in.connection_id
            and persons.person_id = signed_in.user_id

)

select * from final
-- depends_on: {{ source('analysis', 'restitched') }} {{ ref('int_export_sessions') }}
