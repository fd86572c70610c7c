-- One row per order and a fingerprint of all that rows other than its own decide about it: who its
-- customer is, whether they ordered or were sent product before, whose sessions may be its touches,
-- GA4's transaction and survey answers. An order whose fingerprint is not the one it was last built
-- with is built again: merges, erasures and withdrawn rows need no trace of their own.
with

orders as (

    select * from {{ ref('int_orders_stitched') }}

),

session_counts as (

    select
        connection_id,
        visitor_id,
        count(*) as session_count,
        sum(event_count) as event_count
    from {{ ref('int_export_sessions') }}
    group by connection_id, visitor_id

),

visitors as (

    select
        order_visitors.connection_id,
        order_visitors.order_id,
        string_agg(
            order_visitors.visitor_id
            || ' ' || sessions.session_count
            || ' ' || sessions.event_count,
            ',' order by order_visitors.visitor_id
        ) as visitors
    from {{ ref('int_order_visitors') }} as order_visitors
    inner join session_counts as sessions
        on
            order_visitors.export_connection_id = sessions.connection_id
            and order_visitors.visitor_id = sessions.visitor_id
    group by order_visitors.connection_id, order_visitors.order_id

),

answered_orders as (

    select
        orders.connection_id,
        orders.order_id,
        string_agg(answers.response_id, ',' order by answers.response_id) as answers
    from {{ ref('stg_files__post_purchase_survey') }} as answers
    inner join {{ ref('int_orders_identified') }} as orders
        on
            answers.order_key = orders.order_id
            or answers.order_key = orders.order_number
    group by orders.connection_id, orders.order_id

),

final as (

    select
        orders.connection_id,
        orders.order_id,
        md5(
            concat_ws(
                '|',
                coalesce(orders.customer_id, '-'),
                orders.has_earlier_order,
                coalesce(orders.ordered_at > seeded.first_gift_at, false),
                coalesce(visitors.visitors, '-'),
                coalesce(ga4_orders.transaction_id, '-'),
                coalesce(ga4_orders.transaction_id_format, '-'),
                coalesce(ga4_orders.utm_campaign, '-'),
                coalesce(ga4_orders.utm_content, '-'),
                coalesce(answered_orders.answers, '-')
            )
        ) as fingerprint
    from orders
    left join {{ ref('int_seeded_customers') }} as seeded
        on
            orders.connection_id = seeded.connection_id
            and orders.customer_id = seeded.customer_id
    left join visitors
        on
            orders.connection_id = visitors.connection_id
            and orders.order_id = visitors.order_id
    left join {{ ref('int_ga4_transactions_joined') }} as ga4_orders
        on
            orders.connection_id = ga4_orders.connection_id
            and orders.order_id = ga4_orders.order_id
    left join answered_orders
        on
            orders.connection_id = answered_orders.connection_id
            and orders.order_id = answered_orders.order_id

)

select * from final
