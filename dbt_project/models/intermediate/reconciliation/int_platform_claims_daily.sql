-- One row per shop and day: the orders and the revenue that ad platforms claim in the files of paid
-- ads, in the shop's currency. A line belongs to the shop whose campaign it names, else to the shop
-- of all campaigns where that is one. Organic posts claim nothing: no platform counts their orders.
with

shops as (

    select * from {{ ref('int_shops') }}

),

only_shop as (

    select min(shop_connection_id) as connection_id
    from {{ ref('stg_campaign_plan__campaigns') }}
    having count(distinct shop_connection_id) = 1

),

named as (

    select
        campaigns.utm_campaign_key as campaign_key,
        min(campaigns.shop_connection_id) as connection_id
    from {{ ref('stg_campaign_plan__campaigns') }} as campaigns
    group by campaigns.utm_campaign_key
    having count(distinct campaigns.shop_connection_id) = 1

),

placed as (

    select
        ads.*,
        coalesce(named.connection_id, only_shop.connection_id) as shop_connection_id
    from {{ ref('stg_files__paid_ads_costs') }} as ads
    left join named on {{ utm_key('ads.campaign_name') }} = named.campaign_key
    left join only_shop on named.connection_id is null

),

final as (

    select
        placed.shop_connection_id as connection_id,
        placed.cost_date as order_date,
        sum(placed.claimed_order_count) as claimed_order_count,
        {{ amount(
            'sum(' ~ converted_amount(
                'placed.claimed_revenue_amount',
                'placed.currency_code',
                'shops.currency_code',
                'placed.cost_date'
            ) ~ ')'
        ) }} as claimed_amount
    from placed
    inner join shops on placed.shop_connection_id = shops.connection_id
    group by placed.shop_connection_id, placed.cost_date

)

select * from final
