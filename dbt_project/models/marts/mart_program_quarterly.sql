-- A brand's campaigns by calendar quarter, whole and per creator: the table of a quarterly review.
-- Money by the day the shop and the plan book it, so that quarters add up to the scorecard; one
-- after the campaign's end may hold sales of its look-back, late returns and no running campaign.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

members as (

    select
        campaigns.brand_name,
        creators.creator_id,
        creators.campaign_id,
        campaigns.start_date,
        min(campaigns.start_date) over (
            partition by campaigns.brand_name, creators.creator_id
        ) as first_start_date
    from {{ ref('dim_creator') }} as creators
    inner join campaigns on creators.campaign_id = campaigns.campaign_id

),

days as (

    select
        members.brand_name,
        members.start_date > members.first_start_date as is_later_campaign,
        daily.metric_date >= campaigns.start_date
        and daily.metric_date <= campaigns.end_date as is_running,
        cast(date_trunc('quarter', daily.metric_date) as date) as quarter_start_date,
        daily.*
    from {{ ref('mart_creator_campaign_daily') }} as daily
    inner join campaigns on daily.campaign_id = campaigns.campaign_id
    inner join members
        on
            daily.campaign_id = members.campaign_id
            and daily.creator_id = members.creator_id

),

-- What changed in a quarter after it had been published whole.
restated as (

    select
        campaigns.brand_name,
        restatements.creator_id,
        cast(date_trunc('quarter', restatements.metric_date) as date) as quarter_start_date,
        sum(restatements.net_revenue_difference_amount) as restated_net_revenue_amount
    from {{ ref('mart_restatements') }} as restatements
    inner join campaigns
        on
            restatements.campaign_id = campaigns.campaign_id
            and restatements.attribution_model = campaigns.default_attribution_model
    where
        restatements.is_restated
        and restatements.previous_measured_date
        >= cast(
            date_trunc('quarter', restatements.metric_date) + interval '3 months - 1 day' as date
        )
    group by
        campaigns.brand_name,
        restatements.creator_id,
        cast(date_trunc('quarter', restatements.metric_date) as date)

),

by_creator as (

    select
        brand_name,
        quarter_start_date,
        creator_id,
        currency_code,
        min(creator_name) as creator_name,
        count(distinct case when is_running then campaign_id end) as campaign_count,
        bool_or(is_running) as was_active,
        bool_or(is_running and is_later_campaign) as is_returning,
        sum(delivered_cost_amount) as delivered_cost_amount,
        sum(net_revenue_by_event_date_amount) as net_revenue_amount,
        sum(credited_order_count) as credited_order_count,
        bool_and(is_final) as is_final
    from days
    group by brand_name, quarter_start_date, creator_id, currency_code

),

dated as (

    select
        by_creator.*,
        cast(by_creator.quarter_start_date + interval '3 months - 1 day' as date)
            as quarter_end_date,
        coalesce(restated.restated_net_revenue_amount, 0) as restated_net_revenue_amount,
        (
            select count(*)
            from members
            where
                members.brand_name = by_creator.brand_name
                and members.creator_id = by_creator.creator_id
                and members.start_date < by_creator.quarter_start_date + interval '3 months'
        ) as campaign_count_to_date
    from by_creator
    left join restated
        on
            by_creator.brand_name = restated.brand_name
            and by_creator.creator_id = restated.creator_id
            and by_creator.quarter_start_date = restated.quarter_start_date

),

-- Creators are the units of the whole program's intervals; those of one are in the scorecard.
spreads as (

    select
        brand_name,
        quarter_start_date,
        currency_code,
        '(all creators)' as creator_id,
        {{ ratio_moments('revenue', 'net_revenue_amount', 'delivered_cost_amount') }},
        {{ ratio_moments('orders', 'credited_order_count', 'delivered_cost_amount') }}
    from by_creator
    group by brand_name, quarter_start_date, currency_code

),

brand_campaigns as (

    select
        brand_name,
        quarter_start_date,
        count(distinct case when is_running then campaign_id end) as campaign_count
    from days
    group by brand_name, quarter_start_date

),

counted as (

    select
        brand_name,
        quarter_start_date,
        quarter_end_date,
        creator_id,
        creator_name,
        currency_code,
        campaign_count,
        campaign_count_to_date,
        case when was_active then 1 else 0 end as creator_count,
        case when is_returning then 1 else 0 end as returning_creator_count,
        case
            when was_active and campaign_count_to_date >= {{ var('ambassador_campaigns') }} then 1
            else 0
        end as ambassador_count,
        delivered_cost_amount,
        net_revenue_amount,
        credited_order_count,
        restated_net_revenue_amount,
        restated_net_revenue_amount <> 0 as is_restated,
        is_final
    from dated

    union all

    select
        dated.brand_name,
        dated.quarter_start_date,
        dated.quarter_end_date,
        '(all creators)' as creator_id,
        cast(null as text) as creator_name,
        dated.currency_code,
        min(brand_campaigns.campaign_count) as campaign_count,
        (
            select count(*)
            from campaigns
            where
                campaigns.brand_name = dated.brand_name
                and campaigns.start_date <= dated.quarter_end_date
        ) as campaign_count_to_date,
        {{ count_where('dated.was_active') }} as creator_count,
        {{ count_where('dated.is_returning') }} as returning_creator_count,
        {{ count_where(
            'dated.was_active and dated.campaign_count_to_date >= ' ~ var('ambassador_campaigns')
        ) }} as ambassador_count,
        sum(dated.delivered_cost_amount) as delivered_cost_amount,
        sum(dated.net_revenue_amount) as net_revenue_amount,
        sum(dated.credited_order_count) as credited_order_count,
        sum(dated.restated_net_revenue_amount) as restated_net_revenue_amount,
        bool_or(dated.restated_net_revenue_amount <> 0) as is_restated,
        bool_and(dated.is_final) as is_final
    from dated
    inner join brand_campaigns
        on
            dated.brand_name = brand_campaigns.brand_name
            and dated.quarter_start_date = brand_campaigns.quarter_start_date
    group by
        dated.brand_name, dated.quarter_start_date, dated.quarter_end_date, dated.currency_code

),

final as (

    select
        counted.brand_name,
        counted.quarter_start_date,
        counted.quarter_end_date,
        counted.creator_id,
        counted.creator_name,
        counted.currency_code,
        cast(counted.campaign_count as bigint) as campaign_count,
        cast(counted.campaign_count_to_date as bigint) as campaign_count_to_date,
        cast(counted.creator_count as bigint) as creator_count,
        cast(counted.returning_creator_count as bigint) as returning_creator_count,
        {{ ratio('counted.returning_creator_count', 'counted.creator_count') }}
            as returning_creator_rate,
        cast(counted.ambassador_count as bigint) as ambassador_count,
        {{ amount('counted.delivered_cost_amount') }} as delivered_cost_amount,
        {{ amount('counted.net_revenue_amount') }} as net_revenue_amount,
        {{ ratio('counted.net_revenue_amount', 'counted.delivered_cost_amount') }} as roas,
        cast({{ ratio_low('spreads.revenue') }} as numeric(18, 6)) as roas_low,
        cast({{ ratio_high('spreads.revenue') }} as numeric(18, 6)) as roas_high,
        {{ share_count('counted.credited_order_count') }} as credited_order_count,
        {{ ratio('counted.delivered_cost_amount', 'counted.credited_order_count') }} as cpa,
        {{ cost_per_low('spreads.orders', 1) }} as cpa_low,
        {{ cost_per_high('spreads.orders', 1) }} as cpa_high,
        {{ amount('sum(counted.delivered_cost_amount) over to_date') }}
            as delivered_cost_amount_to_date,
        {{ amount('sum(counted.net_revenue_amount) over to_date') }}
            as net_revenue_amount_to_date,
        {{ ratio(
            'sum(counted.net_revenue_amount) over to_date',
            'sum(counted.delivered_cost_amount) over to_date'
        ) }} as roas_to_date,
        {{ amount('counted.restated_net_revenue_amount') }} as restated_net_revenue_amount,
        counted.is_restated,
        counted.is_final and counted.quarter_end_date <= facts.as_of_date as is_final,
        facts.sources_present,
        facts.as_of_date
    from counted
    cross join facts
    left join spreads
        on
            counted.brand_name = spreads.brand_name
            and counted.quarter_start_date = spreads.quarter_start_date
            and counted.currency_code = spreads.currency_code
            and counted.creator_id = spreads.creator_id
    window
        to_date as (
            partition by counted.brand_name, counted.creator_id, counted.currency_code
            order by counted.quarter_start_date
            rows between unbounded preceding and current row
        )

)

select * from final
