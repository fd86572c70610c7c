-- Costs, orders and goals of a campaign share one currency; all campaigns share one time zone.
select campaigns.campaign_id
from {{ ref('dim_campaign') }} as campaigns
left join {{ ref('stg_campaign_plan__contracts') }} as contracts
    on campaigns.campaign_id = contracts.campaign_id
left join {{ ref('stg_campaign_plan__campaign_shops') }} as campaign_shops
    on campaigns.campaign_id = campaign_shops.campaign_id
left join {{ ref('int_shops') }} as shops
    on campaign_shops.shop_connection_id = shops.connection_id
where
    contracts.currency_code <> campaigns.currency_code
    or shops.currency_code <> campaigns.currency_code
    or campaigns.reporting_timezone <> {{ reporting_timezone() }}
