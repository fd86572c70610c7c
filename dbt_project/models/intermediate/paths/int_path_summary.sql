-- What the Markov solve starts from: one row per campaign, week and distinct path, how often it
-- ended in an order and in nothing, and the sum and square sum of the orders' net revenue.
-- Orders count in the week of the order, with every dated touch in the path of the default rule
-- version; an order nobody but a code speaks for stays outside, for no code ever shows on a null
-- path. A null path counts in the week in which its look-back was over, and in the campaigns of the
-- shops its visitor was in. Paths are those of the campaign's shops while the campaign and its
-- look-back last. Without the event export there are no null paths.
-- Weeks in which an order was rebuilt, or whose lost journeys are others, are built again; all of
-- them with the plan and the settings.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook='{{ forget_reread_path_weeks() }}',
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

order_paths as (

    select
        connection_id,
        order_id,
        string_agg(channel, ' > ' order by touch_number) as channel_path
    from {{ ref('fct_touchpoint') }}
    where
        is_in_path
        and rule_version = '{{ var("attribution_rule_versions")[0] }}'
        {%- if is_incremental() %}
        and (connection_id, order_id) in (
            select
                orders.connection_id,
                orders.order_id
            from {{ ref('fct_order') }} as orders
            inner join campaigns
                on
                    orders.order_date >= campaigns.start_date
                    and orders.order_date <= campaigns.last_date
            where {{ is_path_week_built('orders.order_date') }}
        )
        {%- endif %}
    group by connection_id, order_id
    having max(case when is_dated then 1 else 0 end) = 1

),

converting as (

    select
        campaigns.campaign_id,
        {{ week_start('orders.order_date') }} as week_start_date,
        order_paths.channel_path,
        1 as conversion_count,
        0 as null_count,
        orders.net_revenue_amount
    from order_paths
    inner join {{ ref('fct_order') }} as orders
        on
            order_paths.connection_id = orders.connection_id
            and order_paths.order_id = orders.order_id
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on orders.connection_id = shops.shop_connection_id
    inner join campaigns
        on
            shops.campaign_id = campaigns.campaign_id
            and orders.order_date >= campaigns.start_date
            and orders.order_date <= campaigns.last_date
    where orders.order_class = 'kept'

),

lost as (

    select
        campaign_id,
        week_start_date,
        channel_path,
        0 as conversion_count,
        null_count,
        0 as net_revenue_amount
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
        sum(net_revenue_amount * net_revenue_amount) as squared_net_revenue_amount
    from ended
    group by campaign_id, week_start_date, channel_path

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }} {{ ref('int_paths_lost') }}
-- depends_on: {{ source('campaign_plan', 'plan_versions') }} {{ ref('ref_precedence_rule') }}
-- depends_on: {{ source('campaign_plan', 'plan_days') }} {{ source('quality', 'pending_loads') }}
