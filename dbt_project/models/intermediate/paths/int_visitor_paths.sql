-- One row per journey of a person of GA4's event export: the customer the browser's orders are of,
-- else the user who signed in, else the browser itself. A journey ends with a purchase
-- (`converting`) or when the look-backs of its touches have gone by (`null`); before that it is
-- `open`. A touch has the look-back it has on an order: its campaign's, as `ga4_event` evidence.
-- The path holds the touches whose look-back reaches its end (a lost one's last touch), direct only
-- when it is alone; `shop_connection_ids` lists the shops it was in, NULL when nobody can tell.
-- An order of the customer ends it too when GA4 was not told of the purchase.
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
        sessions.visitor_id,
        sessions.session_id,
        sessions.touched_at,
        sessions.channel_type,
        sessions.channel,
        sessions.purchased_at,
        sessions.transaction_key,
        coalesce(
            lookbacks.lookback_days,
            campaigns.lookback_days,
            {{ var('default_lookback_days') }}
        ) as lookback_days,
        coalesce(
            site.shop_connection_ids,
            whole.shop_connection_ids,
            any_export.shop_connection_ids
        ) as shop_connection_ids,
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
    left join {{ ref('stg_campaign_plan__campaigns') }} as campaigns
        on sessions.campaign_id = campaigns.campaign_id
    left join {{ ref('stg_campaign_plan__lookbacks') }} as lookbacks
        on
            sessions.campaign_id = lookbacks.campaign_id
            and lookbacks.evidence_type = 'ga4_event'
    left join {{ ref('int_export_shops') }} as site
        on
            sessions.connection_id = site.connection_id
            and sessions.hostname = site.hostname
    left join {{ ref('int_export_shops') }} as whole
        on
            sessions.connection_id = whole.connection_id
            and whole.hostname = '(other)'
    left join {{ ref('int_export_shops') }} as any_export
        on any_export.connection_id = '(other)'

),

seen_sessions as (

    select
        *,
        {{ seconds_after('touched_at', 'lookback_days * 86400') }} as seen_until
    from person_sessions

),

-- Orders of known browsers that no session of theirs reports.
unreported_orders as (

    select
        visitors.export_connection_id,
        visitors.visitor_id,
        orders.ordered_at
    from {{ ref('int_order_visitors') }} as visitors
    inner join {{ ref('int_orders_stitched') }} as orders
        on
            visitors.connection_id = orders.connection_id
            and visitors.order_id = orders.order_id
    left join {{ ref('int_purchases_matched') }} as reported
        on
            visitors.connection_id = reported.connection_id
            and visitors.order_id = reported.order_id
            and visitors.export_connection_id = reported.export_connection_id
    where reported.order_id is null

),

followed_sessions as (

    select
        *,
        lead(touched_at) over (
            partition by connection_id, person_id order by touched_at, session_id
        ) as next_touched_at,
        max(seen_until) over (
            partition by connection_id, person_id
            order by touched_at, session_id
            rows unbounded preceding
        ) as any_seen_until
    from seen_sessions

),

ordering_sessions as (

    select
        sessions.connection_id,
        sessions.session_id,
        min(orders.ordered_at) as ordered_at
    from followed_sessions as sessions
    inner join unreported_orders as orders
        on
            sessions.connection_id = orders.export_connection_id
            and sessions.visitor_id = orders.visitor_id
            and sessions.touched_at <= orders.ordered_at
            and orders.ordered_at < coalesce(sessions.next_touched_at, 'infinity')
    -- One touch of the person that the order sees is enough: the order ends what all of them began.
    where orders.ordered_at <= sessions.any_seen_until
    group by sessions.connection_id, sessions.session_id

),

closed_sessions as (

    select
        sessions.connection_id,
        sessions.person_id,
        sessions.session_id,
        sessions.touched_at,
        sessions.lookback_days,
        sessions.seen_until,
        sessions.channel_type,
        sessions.channel,
        coalesce(sessions.purchased_at, ordering_sessions.ordered_at) as purchased_at,
        sessions.transaction_key,
        sessions.shop_connection_ids,
        sessions.load_id
    from seen_sessions as sessions
    left join ordering_sessions
        on
            sessions.connection_id = ordering_sessions.connection_id
            and sessions.session_id = ordering_sessions.session_id

),

-- What comes after a purchase is another journey, however soon.
purchases_before as (

    select
        *,
        count(purchased_at) over (
            partition by connection_id, person_id
            order by touched_at, session_id
            rows between unbounded preceding and 1 preceding
        ) as purchase_number
    from closed_sessions

),

sessions as (

    select
        *,
        lag(purchase_number) over (
            partition by connection_id, person_id order by touched_at, session_id
        ) as previous_purchase_number,
        max(seen_until) over (
            partition by connection_id, person_id, purchase_number
            order by touched_at, session_id
            rows between unbounded preceding and 1 preceding
        ) as earlier_seen_until
    from purchases_before

),

journeys as (

    select
        *,
        sum(
            case
                when purchase_number <> previous_purchase_number or touched_at > earlier_seen_until
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
        max(seen_until) over (
            partition by connection_id, person_id, journey_number
        ) as any_seen_until,
        max(transaction_key) over (
            partition by connection_id, person_id, journey_number
        ) as journey_transaction_key,
        max(case when channel_type <> 'direct' then 1 else 0 end) over (
            partition by connection_id, person_id, journey_number
        ) as has_other_than_direct
    from journeys

),

told as (

    select
        *,
        channel_type <> 'direct' or has_other_than_direct = 0 as is_in_path
    from ended
    where
        touched_at
        >= {{ seconds_before(
            'coalesce(converted_at, last_touched_at)', 'lookback_days * 86400'
        ) }}

),

paths as (

    select
        connection_id,
        person_id,
        journey_number,
        string_agg(channel, ' > ' order by touched_at, session_id)
        filter (where is_in_path) as channel_path,
        count(case when is_in_path then 1 end) as touch_count,
        min(case when is_in_path then touched_at end) as first_touched_at,
        max(last_touched_at) as last_touched_at,
        max(any_seen_until) as any_seen_until,
        max(converted_at) as converted_at,
        max(journey_transaction_key) as transaction_key,
        string_agg(distinct shop_connection_ids, ',') as shop_connection_ids,
        max(case when is_in_path then load_id end) as load_id
    from told
    group by connection_id, person_id, journey_number
    having count(case when is_in_path then 1 end) > 0

),

dated as (

    select
        paths.*,
        coalesce(paths.converted_at, paths.any_seen_until) as ended_at,
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
        shop_connection_ids,
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
