with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

models as (

    {% for model in var('attribution_models') -%}
    select '{{ model.name }}' as attribution_model
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

creators as (

    select distinct
        campaign_id,
        creator_id
    from {{ ref('dim_creator') }}

),

credited as (

    select
        credits.campaign_id,
        credits.creator_id,
        models.attribution_model,
        sum(
            {{ chosen_model('models.attribution_model', 'credits', 'share') }}
            * credits.conversion_count
        ) as credited_order_count,
        sum({{ chosen_model('models.attribution_model', 'credits', 'amount') }})
            as net_revenue_amount
    from {{ ref('fct_attribution_credit') }} as credits
    inner join campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    cross join facts
    cross join models
    where credits.order_class = 'kept' and credits.event_date <= facts.last_day
    group by credits.campaign_id, credits.creator_id, models.attribution_model

),

-- Every creator under every model, also with zero sales.
compared as (

    select
        campaigns.campaign_id,
        creators.creator_id,
        models.attribution_model,
        campaigns.default_rule_version as rule_version,
        models.attribution_model = campaigns.default_attribution_model as is_default_model,
        campaigns.currency_code,
        coalesce(credited.credited_order_count, 0) as credited_order_count,
        coalesce(credited.net_revenue_amount, 0) as net_revenue_amount
    from campaigns
    inner join creators on campaigns.campaign_id = creators.campaign_id
    cross join models
    left join credited
        on
            creators.campaign_id = credited.campaign_id
            and creators.creator_id = credited.creator_id
            and models.attribution_model = credited.attribution_model

),

ranked as (

    select
        *,
        rank() over (
            partition by campaign_id, attribution_model order by net_revenue_amount desc
        ) as revenue_rank
    from compared

),

spread as (

    select
        *,
        min(net_revenue_amount) over of_creator as net_revenue_lowest_amount,
        max(net_revenue_amount) over of_creator as net_revenue_highest_amount,
        min(revenue_rank) over of_creator as revenue_rank_best,
        max(revenue_rank) over of_creator as revenue_rank_worst,
        max(case when is_default_model then revenue_rank end) over of_creator as default_rank
    from ranked
    window of_creator as (partition by campaign_id, creator_id)

),

final as (

    select
        spread.campaign_id,
        spread.creator_id,
        spread.attribution_model,
        spread.rule_version,
        spread.is_default_model,
        spread.currency_code,
        {{ share_count('spread.credited_order_count') }} as credited_order_count,
        {{ amount('spread.net_revenue_amount') }} as net_revenue_amount,
        {{ amount('spread.net_revenue_lowest_amount') }} as net_revenue_lowest_amount,
        {{ amount('spread.net_revenue_highest_amount') }} as net_revenue_highest_amount,
        spread.revenue_rank,
        spread.revenue_rank_best,
        spread.revenue_rank_worst,
        spread.revenue_rank - spread.default_rank as rank_change,
        facts.as_of_date
    from spread
    cross join facts

)

select * from final
