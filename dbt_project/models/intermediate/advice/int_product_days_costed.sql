-- int_product_credits_summed as each campaign sees it: the days of its time, from the first to the
-- last plus the look-back, under its own model and rule version, with the cost of a unit.
with

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

{{ unit_cost_ctes() }},

final as (

    select
        campaigns.campaign_id,
        day_sums.connection_id,
        day_sums.order_date,
        day_sums.variant_key,
        day_sums.variant_id,
        day_sums.sku,
        day_sums.channel_type,
        day_sums.channel,
        day_sums.campaign_id as credited_campaign_id,
        day_sums.line_count,
        day_sums.returned_line_count,
        day_sums.sold_unit_count,
        day_sums.returned_unit_count,
        day_sums.gross_amount,
        day_sums.discount_amount,
        day_sums.net_revenue_amount,
        {{ unit_cost('campaigns.currency_code', 'day_sums.order_date') }} as unit_cost_amount
    from campaigns
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on campaigns.campaign_id = shops.campaign_id
    inner join {{ ref('int_product_credits_summed') }} as day_sums
        on
            shops.shop_connection_id = day_sums.connection_id
            and campaigns.default_attribution_model = day_sums.attribution_model
            and campaigns.default_rule_version = day_sums.rule_version
            and campaigns.start_date <= day_sums.order_date
            and {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
            >= day_sums.order_date
    {{ join_unit_costs('day_sums', 'day_sums.order_date') }}

)

select * from final
