with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

creators as (

    select * from {{ ref('dim_creator') }}

),

posts as (

    select
        campaign_id,
        creator_id,
        published_date as metric_date,
        count(*) as published_post_count
    from {{ ref('int_posts_matched') }}
    group by campaign_id, creator_id, published_date

),

-- A counter's growth is between two readings of one access path; the richest path of the post.
growth as (

    select
        posts.campaign_id,
        posts.creator_id,
        metrics.snapshot_date as metric_date,
        {{ sum_count('metrics.views_delta_count') }} as views_delta_count,
        {{ sum_count('metrics.likes_delta_count + metrics.comments_delta_count') }}
            as engagement_basic_delta_count,
        bool_or(metrics.has_fallen) as has_fallen
    from {{ ref('int_posts_matched') }} as posts
    inner join {{ ref('fct_post_metrics_daily') }} as metrics
        on
            posts.platform = metrics.platform
            and posts.post_id = metrics.post_id
            and posts.access_path = metrics.access_path
    group by posts.campaign_id, posts.creator_id, metrics.snapshot_date

),

sessions as (

    select
        campaign_id,
        creator_id,
        session_date as metric_date,
        {{ sum_count('session_count') }} as session_count,
        {{ sum_count('purchase_count') }} as session_purchase_count
    from {{ ref('fct_web_session_daily') }}
    where creator_id is not null
    group by campaign_id, creator_id, session_date

),

-- On a day GA4 was not read nobody knows of sessions; on any other, none seen is none.
read_days as (

    select distinct session_date as metric_date
    from {{ ref('stg_ga4__session_totals') }}

),

-- Two bases of the same money: the day of the order, and the day the shop books sale or return.
ordered as (

    select
        campaign_id,
        creator_id,
        order_date as metric_date,
        sum(credited_order_count) as credited_order_count,
        sum(net_revenue_amount) as net_revenue_by_order_date_amount
    from {{ ref('int_creator_days_credited') }}
    group by campaign_id, creator_id, order_date

),

booked as (

    select
        campaign_id,
        creator_id,
        event_date as metric_date,
        sum(credit_amount) as net_revenue_by_event_date_amount
    from {{ ref('int_default_credits') }}
    where order_class = 'kept'
    group by campaign_id, creator_id, event_date

),

costs as (

    select
        campaign_id,
        creator_id,
        cost_date as metric_date,
        sum(cost_amount) as delivered_cost_amount
    from {{ ref('fct_creator_cost') }}
    where cost_basis = 'delivered'
    group by campaign_id, creator_id, cost_date

),

money_spans as (

    select
        campaign_id,
        min(metric_date) as first_date,
        max(metric_date) as last_date
    from (
        {% for name in ['ordered', 'booked', 'costs'] -%}
        select
            campaign_id,
            metric_date
        from {{ name }}
        {{ 'union all' if not loop.last }}
        {% endfor -%}
    ) as money_days
    group by campaign_id

),

-- Every day of a campaign has a row for each creator, so that a chart has no holes. Products are
-- sent before its start, the look-back after its end still brings orders, and what comes later
-- (returns, claw-backs, boosts) is money of the campaign too: the days hold all that was booked.
days as (

    select
        creators.campaign_id,
        creators.creator_id,
        creators.creator_name,
        campaigns.currency_code,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        cast(calendar.day as date) as metric_date
    from creators
    inner join campaigns on creators.campaign_id = campaigns.campaign_id
    left join money_spans on creators.campaign_id = money_spans.campaign_id
    cross join facts
    cross join
        lateral generate_series(
            least(campaigns.start_date, money_spans.first_date),
            least(
                greatest(
                    {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }},
                    money_spans.last_date
                ),
                facts.last_day
            ),
            interval '1 day'
        ) as calendar (day)

),

-- What else happened: a promotion, an empty shelf. It stands beside the figures and changes none.
events as (

    select
        days.campaign_id,
        days.creator_id,
        days.metric_date,
        string_agg(distinct events.event_kind || ': ' || events.event_name, '; ') as plan_events
    from days
    inner join {{ ref('stg_campaign_plan__events') }} as events
        on
            days.campaign_id = events.campaign_id
            and days.metric_date >= events.valid_from_date
            and (events.valid_to_date is null or days.metric_date <= events.valid_to_date)
    group by days.campaign_id, days.creator_id, days.metric_date

),

measured as (

    select
        days.*,
        coalesce(posts.published_post_count, 0) as published_post_count,
        growth.views_delta_count,
        growth.engagement_basic_delta_count,
        coalesce(growth.has_fallen, false) as has_fallen,
        case
            when read_days.metric_date is not null then coalesce(sessions.session_count, 0)
        end as session_count,
        case
            when read_days.metric_date is not null then coalesce(sessions.session_purchase_count, 0)
        end as session_purchase_count,
        coalesce(ordered.credited_order_count, 0) as credited_order_count,
        coalesce(ordered.net_revenue_by_order_date_amount, 0) as net_revenue_by_order_date_amount,
        coalesce(booked.net_revenue_by_event_date_amount, 0) as net_revenue_by_event_date_amount,
        coalesce(costs.delivered_cost_amount, 0) as delivered_cost_amount,
        events.plan_events
    from days
    {% for name in ['posts', 'growth', 'sessions', 'ordered', 'booked', 'costs', 'events'] -%}
    left join {{ name }}
        on
            days.campaign_id = {{ name }}.campaign_id
            and days.creator_id = {{ name }}.creator_id
            and days.metric_date = {{ name }}.metric_date
    {% endfor -%}
    left join read_days on days.metric_date = read_days.metric_date

),

final as (

    select
        measured.campaign_id,
        measured.creator_id,
        measured.metric_date,
        measured.creator_name,
        measured.attribution_model,
        measured.rule_version,
        measured.currency_code,
        measured.published_post_count,
        measured.views_delta_count,
        measured.engagement_basic_delta_count,
        measured.has_fallen,
        measured.session_count,
        measured.session_purchase_count,
        {{ share_count('measured.credited_order_count') }} as credited_order_count,
        {{ amount('measured.net_revenue_by_order_date_amount') }}
            as net_revenue_by_order_date_amount,
        {{ amount('measured.net_revenue_by_event_date_amount') }}
            as net_revenue_by_event_date_amount,
        {{ amount('measured.delivered_cost_amount') }} as delivered_cost_amount,
        {{ share_count('sum(measured.credited_order_count) over to_date') }}
            as credited_order_count_to_date,
        {{ amount('sum(measured.net_revenue_by_event_date_amount) over to_date') }}
            as net_revenue_amount_to_date,
        {{ amount('sum(measured.delivered_cost_amount) over to_date') }}
            as delivered_cost_amount_to_date,
        {{ ratio(
            'sum(measured.net_revenue_by_event_date_amount) over to_date',
            'sum(measured.delivered_cost_amount) over to_date'
        ) }} as roas_to_date,
        measured.plan_events,
        {{ days_after('measured.metric_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from measured
    cross join facts
    window
        to_date as (
            partition by measured.campaign_id, measured.creator_id
            order by measured.metric_date
            rows between unbounded preceding and current row
        )

)

select * from final
