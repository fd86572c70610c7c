-- Lines of the kept orders of a campaign's time, from its first day to its last plus the look-back,
-- with the cost of a unit. The cost a file names from a day on goes before the one the shop shows
-- now.
with

orders as (

    select
        campaigns.campaign_id,
        campaigns.currency_code,
        orders.connection_id,
        orders.order_id,
        orders.order_date
    from {{ ref('dim_campaign') }} as campaigns
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on campaigns.campaign_id = shops.campaign_id
    inner join {{ ref('fct_order') }} as orders
        on
            shops.shop_connection_id = orders.connection_id
            and campaigns.start_date <= orders.order_date
            and {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
            >= orders.order_date
    where orders.order_class = 'kept'

),

{{ unit_cost_ctes() }},

final as (

    select
        orders.campaign_id,
        order_lines.connection_id,
        order_lines.order_id,
        orders.order_date,
        order_lines.variant_id,
        order_lines.sku,
        order_lines.sold_count,
        order_lines.returned_count,
        order_lines.gross_amount,
        order_lines.discount_amount,
        order_lines.net_revenue_amount,
        {{ unit_cost('orders.currency_code', 'orders.order_date') }} as unit_cost_amount
    from orders
    inner join {{ ref('fct_order_line') }} as order_lines
        on
            orders.connection_id = order_lines.connection_id
            and orders.order_id = order_lines.order_id
    {{ join_unit_costs('order_lines', 'orders.order_date') }}

)

select * from final
