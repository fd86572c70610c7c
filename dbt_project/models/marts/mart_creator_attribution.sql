with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

scorecard as (

    select * from {{ ref('mart_creator_scorecard') }}

),

models as (

    {% for model in var('attribution_models') -%}
    select '{{ model.name }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

rule_versions as (

    {% for version in var('attribution_rule_versions') -%}
    select '{{ version }}' as rule_version
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

estimates as (

    select * from {{ source('analysis', 'creator_estimates') }}

),

-- The campaign's own rule version, with the chains that exist under it alone.
under_own_rules as (

    select
        campaign_id,
        creator_id,
        attribution_model,
        rule_version,
        is_default_model as is_default,
        credited_order_count,
        net_revenue_amount
    from {{ ref('mart_attribution_comparison') }}

),

-- Summed over all models at once, before each model becomes a row of its own.
summed as (

    select
        credits.campaign_id,
        credits.creator_id,
        credits.rule_version,
    {%- for model in var('attribution_models') %}
    sum(credits.{{ model.name }}_share) as {{ model.name }}_share,
    sum(credits.{{ model.name }}_amount) as {{ model.name }}_amount{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('int_credits_summed') }} as credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version <> campaigns.default_rule_version
    cross join facts
    where credits.order_class = 'kept' and credits.event_date <= facts.last_day
    group by credits.campaign_id, credits.creator_id, credits.rule_version

),

credited as (

    select
        summed.campaign_id,
        summed.creator_id,
        summed.rule_version,
        models.attribution_model,
        {{ chosen_model('models.attribution_model', 'summed', 'share') }} as credited_order_count,
        {{ chosen_model('models.attribution_model', 'summed', 'amount') }} as net_revenue_amount
    from summed
    cross join models

),

-- Every creator under every model and version, also with zero sales.
under_other_rules as (

    select
        scorecard.campaign_id,
        scorecard.creator_id,
        models.attribution_model,
        rule_versions.rule_version,
        false as is_default,
        coalesce(credited.credited_order_count, 0) as credited_order_count,
        coalesce(credited.net_revenue_amount, 0) as net_revenue_amount
    from scorecard
    inner join campaigns on scorecard.campaign_id = campaigns.campaign_id
    inner join rule_versions on campaigns.default_rule_version <> rule_versions.rule_version
    cross join models
    left join credited
        on
            scorecard.campaign_id = credited.campaign_id
            and scorecard.creator_id = credited.creator_id
            and rule_versions.rule_version = credited.rule_version
            and models.attribution_model = credited.attribution_model

),

every_version as (

    select * from under_own_rules

    union all

    select * from under_other_rules

),

final as (

    select
        every_version.campaign_id,
        every_version.creator_id,
        every_version.attribution_model,
        every_version.rule_version,
        scorecard.creator_name,
        every_version.is_default,
        scorecard.currency_code,
        scorecard.cost_amount,
        {{ share_count('every_version.credited_order_count') }} as credited_order_count,
        {{ share_count('estimates.order_count_low') }} as credited_order_count_low,
        {{ share_count('estimates.order_count_high') }} as credited_order_count_high,
        {{ amount('every_version.net_revenue_amount') }} as net_revenue_amount,
        {{ amount('estimates.net_revenue_low') }} as net_revenue_low,
        {{ amount('estimates.net_revenue_high') }} as net_revenue_high,
        {{ ratio('every_version.net_revenue_amount', 'scorecard.cost_amount') }} as roas,
        {{ ratio('estimates.net_revenue_low', 'scorecard.cost_amount') }} as roas_low,
        {{ ratio('estimates.net_revenue_high', 'scorecard.cost_amount') }} as roas_high,
        {{ ratio('scorecard.cost_amount', 'every_version.credited_order_count') }} as cpa,
        {{ ratio('scorecard.cost_amount', 'estimates.order_count_high') }} as cpa_low,
        {{ ratio('scorecard.cost_amount', 'estimates.order_count_low') }} as cpa_high,
        case
            when estimates.solve_id is not null then null
            when every_version.rule_version <> campaigns.default_rule_version
                then 'intervals are estimated under the campaign''s own rule version'
            when every_version.attribution_model in ('markov', 'markov_converting_only')
                then 'a chain shares whole weeks, so single orders carry no interval'
            else 'no solve has run yet'
        end as unavailable_reason,
        scorecard.is_final,
        scorecard.sources_present,
        scorecard.as_of_date
    from every_version
    inner join campaigns on every_version.campaign_id = campaigns.campaign_id
    inner join scorecard
        on
            every_version.campaign_id = scorecard.campaign_id
            and every_version.creator_id = scorecard.creator_id
    left join estimates
        on
            every_version.campaign_id = estimates.campaign_id
            and every_version.creator_id = estimates.creator_id
            and every_version.attribution_model = estimates.attribution_model
            and every_version.rule_version = estimates.rule_version

)

select * from final
