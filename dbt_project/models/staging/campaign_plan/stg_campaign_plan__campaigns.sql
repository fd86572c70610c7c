with

source as (

    select * from {{ source('campaign_plan', 'campaigns') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        plan_version,
        campaign_name,
        brand_name,
        brand_handles,
        brand_category,
        shop_connection_id,
        start_date,
        end_date,
        reporting_timezone,
        currency_code,
        lower(replace(trim(hashtag), '#', '')) as hashtag_key,
        {{ utm_key('utm_campaign') }} as utm_campaign_key,
        lookback_days,
        default_attribution_model,
        default_rule_version,
        fulfilment_cost_rate,
        exploration_rate,
        budget_amount,
        expected_order_value_amount,
        _load_id as load_id
    from source

)

select * from renamed
