with

campaigns as (

    select * from {{ ref('stg_campaign_plan__campaigns') }}

),

final as (

    select
        campaign_id,
        campaign_name,
        brand_name,
        shop_connection_id,
        start_date,
        end_date,
        reporting_timezone,
        currency_code,
        hashtag_key as hashtag,
        lookback_days,
        default_attribution_model,
        default_rule_version,
        fulfilment_cost_rate,
        budget_amount,
        plan_version
    from campaigns

)

select * from final
