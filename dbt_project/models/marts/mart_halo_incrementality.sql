-- Did the campaign add sales at all? The estimates are made in Python (include/stats/lift.py); here
-- they stand beside what the default model credits to creators, which is another question: credit
-- says who took part in the orders there were, lift how many there were more.
{%- set measures = {
    'net_sales': 'net_revenue_amount',
    'orders': 'credited_order_count',
    'sessions': 'session_count',
} %}

with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

credited as (
    {% for measure, column in measures.items() %}
    select
        campaign_id,
        '{{ measure }}' as measure,
        sum({{ column }}) as credited_value
    from {{ ref('mart_creator_scorecard') }}
    group by campaign_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- Every campaign has a row per measure, also before the first solve.
asked as (
    {% for measure in measures %}
    select
        campaign_id,
        '{{ measure }}' as measure,
        'before_campaign' as lift_method,
        '' as experiment_id
    from campaigns

    union distinct
    {% endfor %}
    select
        estimates.campaign_id,
        estimates.measure,
        estimates.lift_method,
        estimates.experiment_id
    from {{ source('analysis', 'lift_estimates') }} as estimates
    inner join campaigns on estimates.campaign_id = campaigns.campaign_id

),

final as (

    select
        asked.campaign_id,
        asked.measure,
        asked.lift_method,
        asked.experiment_id,
        cast(estimates.smallest_detectable_rate as numeric(18, 6)) as smallest_detectable_rate,
        coalesce(estimates.verdict, 'cannot be told') as verdict,
        cast(estimates.lift_rate as numeric(18, 6)) as lift_rate,
        cast(estimates.lift_low as numeric(18, 6)) as lift_low,
        cast(estimates.lift_high as numeric(18, 6)) as lift_high,
        {{ amount('estimates.actual_value') }} as actual_value,
        {{ amount('estimates.expected_value') }} as expected_value,
        {{ amount('estimates.actual_value - estimates.expected_value') }} as incremental_value,
        case
            when asked.lift_method = 'before_campaign'
                then {{ amount('credited.credited_value') }}
        end as credited_value,
        case asked.measure when 'net_sales' then campaigns.currency_code else asked.measure end
            as value_unit,
        cast(estimates.placebo_p as numeric(18, 6)) as placebo_p,
        {{ whole_count('estimates.before_day_count') }} as before_day_count,
        {{ whole_count('estimates.campaign_day_count') }} as campaign_day_count,
        {{ whole_count('estimates.event_day_count') }} as event_day_count,
        estimates.controls,
        case
            when estimates.campaign_id is null then 'nothing was solved for this campaign yet'
            else estimates.unavailable_reason
        end as unavailable_reason,
        estimates.solve_id,
        {{ days_after('campaigns.end_date', var('restatement_days')) }} <= facts.as_of_date
            as is_final,
        facts.sources_present,
        facts.as_of_date
    from asked
    inner join campaigns on asked.campaign_id = campaigns.campaign_id
    cross join facts
    left join credited
        on
            asked.campaign_id = credited.campaign_id
            and asked.measure = credited.measure
    left join {{ source('analysis', 'lift_estimates') }} as estimates
        on
            asked.campaign_id = estimates.campaign_id
            and asked.measure = estimates.measure
            and asked.lift_method = estimates.lift_method
            and asked.experiment_id = estimates.experiment_id

)

select * from final
