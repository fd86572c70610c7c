-- One row per journey of a person of GA4's event export: the customer the browser's orders are of,
-- else the user who signed in, else the browser itself. A journey ends with a purchase
-- (`converting`) or when a look-back has gone by since its last touch (`null`); before that it is
-- `open`. Its path holds the touches within a look-back of its end, direct only when it is alone.
-- Aggregate session counts are never turned into paths.
with

-- Of a customer with more browsers than one person has, each browser is somebody of their own.
customers_of_visitors as (

    select
        visitors.export_connection_id,
        visitors.visitor_id,
        min(orders.customer_id) as customer_id
    from {{ ref('int_order_visitors') }} as visitors
    inner join {{ ref('int_orders_stitched') }} as orders
        on
            visitors.connection_id = orders.connection_id
            and visitors.order_id = orders.order_id
    group by visitors.export_connection_id, visitors.visitor_id
    having count(distinct orders.customer_id) = 1

),

counted_visitors as (

    select
        *,
        count(*) over (partition by export_connection_id, customer_id) as visitor_count
    from customers_of_visitors

),

person_sessions as (

    select
        sessions.connection_id,
        coalesce(customers.customer_id, signed_in.user_id, sessions.visitor_id) as person_id,
        sessions.session_id,
        sessions.touched_at,
        sessions.channel_type,
        sessions.channel,
        sessions.purchased_at,
        sessions.transaction_key,
        sessions.load_id
    from {{ ref('int_export_sessions') }} as sessions
    left join counted_visitors as customers
        on
            sessions.connection_id = customers.export_connection_id
            and sessions.visitor_id = customers.visitor_id
            and customers.visitor_count <= {{ var('visitors_per_customer') }}
    left join {{ ref('int_visitors_known') }} as signed_in
        on
            sessions.connection_id = signed_in.connection_id
            and sessions.visitor_id = signed_in.visitor_id

),

sessions as (

    select
        *,
        lag(touched_at) over (
            partition by connection_id, person_id order by touched_at, session_id
        ) as previous_touched_at,
        lag(purchased_at) over (
            partition by connection_id, person_id order by touched_at, session_id
        ) as previous_purchased_at
    from person_sessions

),

journeys as (

    select
        *,
        sum(
            case
                when
                    previous_purchased_at is not null
                    or touched_at
                    > previous_touched_at
                    + {{ var('default_lookback_days') }} * interval '1 day'
                    then 1
                else 0
            end
        ) over (
            partition by connection_id, person_id
            order by touched_at, session_id
            rows unbounded preceding
        ) as journey_number
    from sessions

),

ended as (

    select
        *,
        max(purchased_at) over (
            partition by connection_id, person_id, journey_number
        ) as converted_at,
        max(touched_at) over (
            partition by connection_id, person_id, journey_number
        ) as last_touched_at,
        max(transaction_key) over (
            partition by connection_id, person_id, journey_number
        ) as journey_transaction_key,
        max(case when channel_type <> 'direct' then 1 else 0 end) over (
            partition by connection_id, person_id, journey_number
        ) as has_other_than_direct
    from journeys

),

paths as (

    select
        connection_id,
        person_id,
        journey_number,
        string_agg(channel, ' > ' order by touched_at, session_id) as channel_path,
        count(*) as touch_count,
        min(touched_at) as first_touched_at,
        max(last_touched_at) as last_touched_at,
        max(converted_at) as converted_at,
        max(journey_transaction_key) as transaction_key,
        max(load_id) as load_id
    from ended
    where
        touched_at
        >= {{ seconds_before(
            'coalesce(converted_at, last_touched_at)', (var('default_lookback_days') * 86400) | string
        ) }}
        and (channel_type <> 'direct' or has_other_than_direct = 0)
    group by connection_id, person_id, journey_number

),

dated as (

    select
        paths.*,
        coalesce(
            paths.converted_at,
            paths.last_touched_at + {{ var('default_lookback_days') }} * interval '1 day'
        ) as ended_at,
        coalesce({{ reporting_timezone() }}, 'UTC') as business_timezone,
        facts.as_of_date
    from paths
    cross join {{ ref('int_measure_run_facts') }} as facts

),

final as (

    select
        connection_id,
        person_id,
        journey_number,
        channel_path,
        touch_count,
        first_touched_at,
        last_touched_at,
        converted_at,
        transaction_key,
        {{ business_date('ended_at', 'business_timezone') }} as path_date,
        case
            when converted_at is not null then 'converting'
            when
                {{ business_date('ended_at', 'business_timezone') }}
                < as_of_date
                then 'null'
            else 'open'
        end as path_status,
        load_id
    from dated

)

select * from final
