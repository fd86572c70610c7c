-- What the Markov solve starts from: one row per campaign, week and distinct path, how often it
-- ended in an order and in nothing, and the sum and square sum of the orders' net revenue.
-- Orders count in the week of the order, with the whole path of the default rule version where it
-- has a dated touch; an order nobody but a code speaks for stays outside, for no code ever shows on
-- a null path. A code beside a visit is a step of the path, which only orders have: see
-- docs/attribution.md. A null path counts in the week in which its look-back was over, and in the
-- campaigns of the shops its visitor was in. Paths are those of the campaign's shops while the
-- campaign and its look-back last. Without the event export there are no null paths.
-- Weeks in which an order was rebuilt, or whose lost journeys are others, are built again; all of
-- them with the plan and the settings.
-- Orders meet their touches before anything is grouped: of grouped orders the planner expects one,
-- and then compares each with every order of its shop.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=[
        '{{ tune_transaction(joins_by_hash=true) if is_incremental() else join_whole_tables() }}',
        '{{ join_many_by_hash() if is_incremental() }}',
        '{{ forget_reread_path_weeks() }}',
    ],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['campaign_id', 'week_start_date']}],
) }}

with

campaigns as (

    select
        campaign_id,
        start_date,
        {{ days_after('end_date', 'lookback_days') }} as last_date
    from {{ ref('dim_campaign') }}

),

shop_campaigns as (

    select
        shops.shop_connection_id,
        campaigns.campaign_id,
        campaigns.start_date,
        campaigns.last_date
    from {{ ref('stg_campaign_plan__campaign_shops') }} as shops
    inner join campaigns on shops.campaign_id = campaigns.campaign_id

),

order_days as (

    select distinct order_date
    from {{ ref('fct_order') }}

),

built_days as (

    select distinct order_days.order_date
    from order_days
    inner join campaigns
        on
            order_days.order_date >= campaigns.start_date
            and order_days.order_date <= campaigns.last_date
    {%- if is_incremental() %}
    where {{ is_path_week_built('order_days.order_date') }}
    {%- endif %}

),

built_orders as (

    select
        connection_id,
        order_id,
        order_date,
        net_revenue_amount
    from {{ ref('fct_order') }}
    where order_class = 'kept' and {{ is_of_days('order_date', 'built_days') }}

),

order_paths as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        orders.net_revenue_amount,
        string_agg(touches.channel, ' > ' order by touches.touch_number) as channel_path
    from built_orders as orders
    inner join {{ ref('fct_touchpoint') }} as touches
        on
            orders.connection_id = touches.connection_id
            and orders.order_id = touches.order_id
    where
        touches.is_in_path
        {%- if is_incremental() %}
        and {{ is_of_orders('touches', 'built_orders') }}
        {%- endif %}
        and touches.rule_version = '{{ var("attribution_rule_versions")[0] }}'
    group by
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        orders.net_revenue_amount
    having max(case when touches.is_dated then 1 else 0 end) = 1

),

-- Summed by day first: a day counts in every campaign of its shop.
day_paths as (

    select
        connection_id,
        order_date,
        channel_path,
        count(*) as conversion_count,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(net_revenue_amount * net_revenue_amount) as squared_net_revenue_amount
    from order_paths
    group by connection_id, order_date, channel_path

),

converting as (

    select
        shop_campaigns.campaign_id,
        {{ week_start('day_paths.order_date') }} as week_start_date,
        day_paths.channel_path,
        day_paths.conversion_count,
        0 as null_count,
        day_paths.net_revenue_amount,
        day_paths.squared_net_revenue_amount
    from day_paths
    inner join shop_campaigns
        on
            day_paths.connection_id = shop_campaigns.shop_connection_id
            and day_paths.order_date >= shop_campaigns.start_date
            and day_paths.order_date <= shop_campaigns.last_date

),

lost as (

    select
        campaign_id,
        week_start_date,
        channel_path,
        0 as conversion_count,
        null_count,
        0 as net_revenue_amount,
        0 as squared_net_revenue_amount
    from {{ ref('int_paths_lost') }}
    {%- if is_incremental() %}
    where {{ is_path_week_built('week_start_date') }}
    {%- endif %}

),

ended as (

    select * from converting

    union all

    select * from lost

),

final as (

    select
        campaign_id,
        week_start_date,
        channel_path,
        {{ sum_count('conversion_count') }} as conversion_count,
        {{ sum_count('null_count') }} as null_count,
        sum(net_revenue_amount) as net_revenue_amount,
        sum(squared_net_revenue_amount) as squared_net_revenue_amount
    from ended
    group by campaign_id, week_start_date, channel_path

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('int_paths_lost') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }} {{ ref('ref_precedence_rule') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }} {{ source('quality', 'pending_loads') }}
