-- One row per order and a fingerprint of all that rows other than its own decide about it: who its
-- customer is, whether they ordered or were sent product before and, of a shop that does not say so
-- itself, which of their orders it is, where they live, whose sessions may be its touches, GA4's
-- transaction and survey answers. An order whose fingerprint is not the one it was last built with
-- is built again. Only orders of which one of these may have changed in this run have a row, unless
-- it works everything out anew.
{%- set in_part = is_stitched_in_part() %}
with

{{ reconsidered_cte(in_part) }}

orders as (

    select
        orders.*,
        placed.order_number,
        placed.customer_key,
        placed.country_code
    from {{ ref('int_orders_stitched') }} as orders
    inner join {{ ref('int_orders_identified') }} as placed
        on
            orders.connection_id = placed.connection_id
            and orders.order_id = placed.order_id
    {{- join_reconsidered_listed(in_part, 'orders') }}

),

session_counts as (

    select
        sessions.connection_id,
        sessions.visitor_id,
        count(*) as session_count,
        sum(sessions.event_count) as event_count
    from {{ ref('int_export_sessions') }} as sessions
    {{- join_visitors_of(in_part, 'orders', 'sessions') }}
    group by sessions.connection_id, sessions.visitor_id

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
    from orders
    inner join {{ ref('int_order_visitors') }} as order_visitors
        on
            orders.connection_id = order_visitors.connection_id
            and orders.order_id = order_visitors.order_id
    inner join session_counts as sessions
        on
            order_visitors.export_connection_id = sessions.connection_id
            and order_visitors.visitor_id = sessions.visitor_id
    group by order_visitors.connection_id, order_visitors.order_id

),

-- One order more or less of a customer numbers all others anew.
woocommerce_orders as (

    select placed.*
    from {{ ref('stg_woocommerce__orders') }} as placed
    {{- join_siblings(in_part, 'orders', 'placed') }}

),

indexed as (

    {{ customer_order_indexes('woocommerce_orders') | indent(4) }}

),

answered as (

    select
        orders.connection_id,
        orders.order_id,
        answers.response_id
    from {{ ref('stg_files__post_purchase_survey') }} as answers
    inner join orders on answers.order_key = orders.order_id

    union distinct

    select
        orders.connection_id,
        orders.order_id,
        answers.response_id
    from {{ ref('stg_files__post_purchase_survey') }} as answers
    inner join orders on answers.order_key = orders.order_number

),

answered_orders as (

    select
        connection_id,
        order_id,
        string_agg(response_id, ',' order by response_id) as answers
    from answered
    group by connection_id, order_id

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
                coalesce(cast(indexed.customer_order_index as text), '-'),
                coalesce(orders.ordered_at > seeded.first_gift_at, false),
                coalesce(visitors.visitors, '-'),
                coalesce(ga4_orders.transaction_id, '-'),
                coalesce(ga4_orders.transaction_id_format, '-'),
                coalesce(ga4_orders.utm_campaign, '-'),
                coalesce(ga4_orders.utm_content, '-'),
                coalesce(answered_orders.answers, '-'),
                coalesce(orders.country_code, '-')
            )
        ) as fingerprint
    from orders
    left join {{ ref('int_seeded_customers') }} as seeded
        on
            orders.connection_id = seeded.connection_id
            and orders.customer_id = seeded.customer_id
    left join indexed
        on
            orders.connection_id = indexed.connection_id
            and orders.order_id = indexed.order_id
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
-- depends_on: {{ source('analysis', 'restitched') }} {{ source('quality', 'load_windows') }}
-- depends_on: {{ source('quality', 'pending_loads') }} {{ ref('stg_ga4__transactions') }}
