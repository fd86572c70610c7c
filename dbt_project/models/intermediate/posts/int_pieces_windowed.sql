-- One row per campaign, live piece and window of days after it went live: its counters at that
-- age and what its creator's followers did within it. Only pieces that have the whole window
-- behind them are counted. What happens on a day belongs to the creator's newest piece, so no
-- order counts twice. A table, for two marts ask, one of them twice.
{{ config(
    materialized='table',
    pre_hook='{{ join_whole_tables() }}',
    post_hook='analyze {{ this }}',
) }}

{%- set activities = {
    'sold': {'days': 'credited_days', 'measures': ['credited_order_count', 'net_revenue_amount']},
    'owed': {'days': 'variable_days', 'measures': ['variable_cost_amount']},
    'visited': {'days': 'session_days', 'measures': ['session_count', 'session_purchase_count']},
} %}
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

windows as (

    {{ comparison_windows() | indent(4) }}

),

pieces as (

    select
        pieces.*,
        windows.window_days,
        {{ days_after('pieces.live_date', 'windows.window_days') }} <= facts.as_of_date
            as is_counted,
        least(
            {{ days_after('pieces.live_date', 'windows.window_days') }}, pieces.next_live_date
        ) as window_end_date
    from {{ ref('int_pieces_tiered') }} as pieces
    cross join windows
    cross join facts
    where pieces.live_date is not null

),

credited_days as (

    select
        campaign_id,
        creator_id,
        order_date as activity_date,
        sum(credited_order_count) as credited_order_count,
        sum(net_revenue_amount) as net_revenue_amount
    from {{ ref('int_creator_days_credited') }}
    group by campaign_id, creator_id, order_date

),

variable_days as (

    select
        campaign_id,
        creator_id,
        cost_date as activity_date,
        sum(cost_amount) as variable_cost_amount
    from {{ ref('fct_creator_cost') }}
    where cost_basis = 'delivered' and cost_type in ('commission', 'boost')
    group by campaign_id, creator_id, cost_date

),

session_days as (

    select
        campaign_id,
        creator_id,
        session_date as activity_date,
        sum(session_count) as session_count,
        sum(purchase_count) as session_purchase_count
    from {{ ref('fct_web_session_daily') }}
    where creator_id is not null
    group by campaign_id, creator_id, session_date

),

{% for happened, of_days in activities.items() %}
{{ happened }} as (

    select
        pieces.campaign_id,
        pieces.creator_id,
        pieces.deliverable_id,
        pieces.window_days,
    {%- for measure in of_days.measures %}
    sum(happened_days.{{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
    from pieces
    inner join {{ of_days.days }} as happened_days
        on
            pieces.campaign_id = happened_days.campaign_id
            and pieces.creator_id = happened_days.creator_id
            and pieces.live_date <= happened_days.activity_date
            and pieces.window_end_date > happened_days.activity_date
    group by
        pieces.campaign_id, pieces.creator_id, pieces.deliverable_id, pieces.window_days

),
{% endfor %}
-- A story is gone after a day, so its last counters are those of every later age.
final as (

    select
        pieces.campaign_id,
        pieces.creator_id,
        pieces.deliverable_id,
        pieces.window_days,
        pieces.tier,
        pieces.is_tier_planned,
        pieces.platform,
        pieces.content_format,
        pieces.is_counted,
        pieces.fee_amount
        + pieces.gift_amount
        + {{ amount('coalesce(owed.variable_cost_amount, 0)') }} as cost_amount,
        latest.metric_definition_version,
        latest.access_path,
        pieces.followers_at_publish_count,
        coalesce(aged.views_count, case
            when pieces.content_format = 'story' then latest.views_count
        end) as views_count,
        coalesce(aged.reach_count, case
            when pieces.content_format = 'story' then latest.reach_count
        end) as reach_count,
        aged.likes_count,
        aged.comments_count,
        aged.shares_count,
        aged.saves_count,
        aged.likes_count + aged.comments_count as engagement_basic_count,
        {{ engagements('aged') }} as engagement_count,
        coalesce(sold.credited_order_count, 0) as credited_order_count,
        coalesce(sold.net_revenue_amount, 0) as net_revenue_amount,
        coalesce(visited.session_count, 0) as session_count,
        coalesce(visited.session_purchase_count, 0) as session_purchase_count
    from pieces
    left join {{ ref('int_post_metrics_latest') }} as latest
        on
            pieces.campaign_id = latest.campaign_id
            and pieces.platform = latest.platform
            and pieces.post_id = latest.post_id
    left join {{ ref('fct_post_metrics_daily') }} as aged
        on
            latest.platform = aged.platform
            and latest.post_id = aged.post_id
            and latest.access_path = aged.access_path
            and latest.metric_definition_version = aged.metric_definition_version
            and pieces.window_days = aged.post_age_days
            and aged.post_age_days in ({{ var('comparison_window_days') | join(', ') }})
    {%- for happened in activities %}
    left join {{ happened }}
        on
            pieces.campaign_id = {{ happened }}.campaign_id
            and pieces.creator_id = {{ happened }}.creator_id
            and pieces.deliverable_id = {{ happened }}.deliverable_id
            and pieces.window_days = {{ happened }}.window_days
    {%- endfor %}

)

select * from final
