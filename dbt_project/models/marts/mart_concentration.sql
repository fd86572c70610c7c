-- The Herfindahl-Hirschman index is the sum of squared shares of what is above zero: 1/n when n
-- creators have the same, 1 when one has all.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

cards as (

    select * from {{ ref('mart_creator_scorecard') }}

),

-- Revenue is a matter of chance, cost is not.
estimates as (

    select estimates.*
    from {{ source('analysis', 'concentration_estimates') }} as estimates
    inner join {{ ref('dim_campaign') }} as campaigns
        on
            estimates.campaign_id = campaigns.campaign_id
            and estimates.attribution_model = campaigns.default_attribution_model
            and estimates.rule_version = campaigns.default_rule_version

),

measures as (

    select
        campaign_id,
        creator_id,
        currency_code,
        is_final,
        'delivered_cost' as measure,
        greatest(cost_amount, 0) as measured_amount
    from cards

    union all

    select
        campaign_id,
        creator_id,
        currency_code,
        is_final,
        'net_revenue' as measure,
        greatest(net_revenue_amount, 0) as measured_amount
    from cards

),

ranked as (

    select
        *,
        sum(measured_amount) over (partition by campaign_id, measure) as total_amount,
        row_number() over (
            partition by campaign_id, measure
            order by measured_amount desc, creator_id asc
        ) as place
    from measures

),

summed as (

    select
        campaign_id,
        measure,
        currency_code,
        bool_and(is_final) as is_final,
        count(*) as creator_count,
        sum(case when measured_amount > 0 then 1 else 0 end) as active_creator_count,
        sum(measured_amount) as total_amount,
        max(case when place = 1 and measured_amount > 0 then creator_id end) as top_creator_id,
        sum(case when place = 1 then measured_amount else 0 end) as top_1_amount,
        sum(case when place <= 3 then measured_amount else 0 end) as top_3_amount,
        sum(measured_amount * measured_amount) / nullif(max(total_amount) * max(total_amount), 0)
            as hhi
    from ranked
    group by campaign_id, measure, currency_code

),

final as (

    select
        summed.campaign_id,
        summed.measure,
        summed.currency_code,
        summed.creator_count,
        summed.active_creator_count,
        {{ amount('summed.total_amount') }} as total_amount,
        summed.top_creator_id,
        {{ amount('summed.top_1_amount') }} as top_1_amount,
        {{ ratio('summed.top_1_amount', 'summed.total_amount') }} as top_1_rate,
        {{ amount('summed.top_3_amount') }} as top_3_amount,
        {{ ratio('summed.top_3_amount', 'summed.total_amount') }} as top_3_rate,
        cast(summed.hhi as numeric(18, 6)) as hhi,
        cast(estimates.hhi_low as numeric(18, 6)) as hhi_low,
        cast(estimates.hhi_high as numeric(18, 6)) as hhi_high,
        {{ ratio('1', 'summed.creator_count') }} as hhi_of_equal_creators,
        cast(
            case
                when summed.measure = 'net_revenue' then estimates.hhi_by_chance
                else 1.0 / summed.creator_count
            end as numeric(18, 6)
        ) as hhi_by_chance,
        {{ ratio('1', 'summed.hhi') }} as effective_creator_count,
        summed.is_final,
        facts.sources_present,
        facts.as_of_date
    from summed
    cross join facts
    left join estimates
        on summed.campaign_id = estimates.campaign_id and summed.measure = 'net_revenue'

)

select * from final
