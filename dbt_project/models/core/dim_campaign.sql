{{ config(post_hook='analyze {{ this }}') }}

with

campaigns as (

    select * from {{ ref('stg_campaign_plan__campaigns') }}

),

members as (

    select
        connection_id,
        campaign_id,
        case when count(*) = count(last_planned_date) then max(last_planned_date) end
            as last_planned_date
    from {{ ref('stg_campaign_plan__plan_members') }}
    group by connection_id, campaign_id

),

shops as (

    select
        campaign_id,
        string_agg(
            shop_connection_id,
            ',' order by is_main_shop desc, shop_connection_id asc
        ) as shop_connection_ids
    from {{ ref('stg_campaign_plan__campaign_shops') }}
    group by campaign_id

),

final as (

    select
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.brand_name,
        campaigns.brand_category,
        campaigns.shop_connection_id,
        shops.shop_connection_ids,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.reporting_timezone,
        campaigns.currency_code,
        campaigns.hashtag_key as hashtag,
        campaigns.lookback_days,
        campaigns.default_attribution_model,
        campaigns.default_rule_version,
        campaigns.fulfilment_cost_rate,
        campaigns.exploration_rate,
        campaigns.budget_amount,
        campaigns.plan_version,
        members.last_planned_date
    from campaigns
    left join members
        on
            campaigns.connection_id = members.connection_id
            and campaigns.campaign_id = members.campaign_id
    left join shops on campaigns.campaign_id = shops.campaign_id

)

select * from final
