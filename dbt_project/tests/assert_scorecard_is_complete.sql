-- Every creator with a cost is in the scorecard, also with zero sales, and no credit is lost on the way.
with

costs as (

    select distinct
        campaign_id,
        creator_id
    from {{ ref('fct_creator_cost') }}

),

credited as (

    select
        credits.campaign_id,
        sum({{ chosen_model('campaigns.default_attribution_model', 'credits', 'amount') }})
            as net_revenue_amount
    from {{ ref('fct_attribution_credit') }} as credits
    inner join {{ ref('dim_campaign') }} as campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
    where credits.order_class = 'kept'
    group by credits.campaign_id

),

shown as (

    select
        campaign_id,
        sum(net_revenue_amount) as net_revenue_amount
    from {{ ref('mart_creator_scorecard') }}
    group by campaign_id

)

select
    costs.campaign_id,
    costs.creator_id
from costs
left join {{ ref('mart_creator_scorecard') }} as scorecard
    on
        costs.campaign_id = scorecard.campaign_id
        and costs.creator_id = scorecard.creator_id
where scorecard.creator_id is null

union all

select
    credited.campaign_id,
    cast(null as text) as creator_id
from credited
left join shown on credited.campaign_id = shown.campaign_id
where credited.net_revenue_amount <> coalesce(shown.net_revenue_amount, 0)
