-- Creators at the same age of their pieces: who posted yesterday is not set beside who had a month.
-- The pieces of a creator are the units of the intervals, for an order seldom comes alone.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

cards as (

    select
        campaign_id,
        creator_id,
        creator_name
    from {{ ref('mart_creator_scorecard') }}

),

windows as (

    {{ comparison_windows() | indent(4) }}

),

-- A like under another definition, or on another platform, is another thing.
pieces as (

    select
        *,
        case when is_counted then cost_amount end as counted_cost_amount,
        case when is_counted then credited_order_count end as counted_order_count,
        case when is_counted then net_revenue_amount end as counted_revenue_amount,
        case when is_counted then engagement_basic_count end as counted_engagement_count,
        case
            when is_counted and engagement_basic_count is not null
                then platform || ' ' || coalesce(metric_definition_version, 'none')
        end as counted_definition
    from {{ ref('int_pieces_windowed') }}

),

aged as (

    select
        campaign_id,
        creator_id,
        window_days,
        count(*) as live_piece_count,
        {{ count_where('is_counted') }} as counted_piece_count,
        count(distinct counted_definition) as definition_count,
        {{ ratio_moments('orders', 'counted_order_count', 'counted_cost_amount') }},
        {{ ratio_moments('revenue', 'counted_revenue_amount', 'counted_cost_amount') }},
        {{ ratio_moments('basic', 'counted_engagement_count', 'counted_cost_amount') }}
    from pieces
    group by campaign_id, creator_id, window_days

),

final as (

    select
        cards.campaign_id,
        cards.creator_id,
        cards.creator_name,
        windows.window_days,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        {{ whole_count('aged.live_piece_count') }} as live_piece_count,
        {{ whole_count('aged.counted_piece_count') }} as counted_piece_count,
        {{ ratio('aged.counted_piece_count', 'aged.live_piece_count') }} as maturity_rate,
        {{ amount('aged.orders_x') }} as cost_amount,
        {{ share_count('aged.orders_y') }} as credited_order_count,
        {{ amount('aged.revenue_y') }} as net_revenue_amount,
        {{ ratio('aged.revenue_y', 'aged.revenue_x') }} as roas,
        cast({{ ratio_low('aged.revenue') }} as numeric(18, 6)) as roas_low,
        cast({{ ratio_high('aged.revenue') }} as numeric(18, 6)) as roas_high,
        {{ cost_per('aged.orders', 1) }} as cpa,
        {{ cost_per_counted_low('aged.orders') }} as cpa_low,
        {{ cost_per_high('aged.orders', 1) }} as cpa_high,
        case when aged.definition_count = 1 then cast(aged.basic_y as bigint) end
            as engagement_basic_count,
        case when aged.definition_count = 1 then {{ amount('aged.basic_x') }} end
            as engagement_basic_cost_amount,
        case when aged.definition_count = 1 then {{ cost_per('aged.basic', 1) }} end as cpe_basic,
        case when aged.definition_count = 1 then {{ cost_per_low('aged.basic', 1) }} end
            as cpe_basic_low,
        case when aged.definition_count = 1 then {{ cost_per_high('aged.basic', 1) }} end
            as cpe_basic_high,
        case
            when aged.live_piece_count is null then 'no promised piece is live'
            when aged.counted_piece_count = 0 then 'no piece is that old yet'
            when aged.definition_count > 1
                then 'no cost per engagement: likes are counted in more than one way'
            when aged.counted_piece_count < 3 then 'under 3 pieces: no interval'
        end as unavailable_reason,
        {{ days_after('campaigns.end_date', 'windows.window_days + ' ~ var('restatement_days')) }}
        <= facts.as_of_date as is_final,
        facts.sources_present,
        facts.as_of_date
    from cards
    inner join campaigns on cards.campaign_id = campaigns.campaign_id
    cross join windows
    cross join facts
    left join aged
        on
            cards.campaign_id = aged.campaign_id
            and cards.creator_id = aged.creator_id
            and windows.window_days = aged.window_days

)

select * from final
