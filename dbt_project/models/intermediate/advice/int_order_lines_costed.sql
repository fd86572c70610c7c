-- Lines of the kept orders that a campaign's creators are credited with under its own model, of its
-- time from the first day to the last plus the look-back, with the part of the order that is theirs
-- and the cost of a unit. The cost a file names from a day on goes before the one the shop shows
-- now.
with

-- Most orders are nobody's: their lines are never looked for.
credits as (

    select
        campaign_id,
        connection_id,
        order_id,
        order_date,
        {{ share_count('sum(credit_share * conversion_count)') }} as credit_share
    from {{ ref('int_default_credits') }}
    where order_class = 'kept'
    group by campaign_id, connection_id, order_id, order_date
    having {{ share_count('sum(credit_share * conversion_count)') }} > 0

),

orders as (

    select
        campaigns.campaign_id,
        campaigns.currency_code,
        credits.connection_id,
        credits.order_id,
        credits.order_date,
        credits.credit_share
    from credits
    inner join {{ ref('dim_campaign') }} as campaigns
        on
            credits.campaign_id = campaigns.campaign_id
            and credits.order_date >= campaigns.start_date
            and credits.order_date
            <= {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
    inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
        on
            credits.campaign_id = shops.campaign_id
            and credits.connection_id = shops.shop_connection_id

),

{{ unit_cost_ctes() }},

final as (

    select
        orders.campaign_id,
        order_lines.connection_id,
        order_lines.order_id,
        orders.order_date,
        orders.credit_share,
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
    where {{ is_of_orders('order_lines', 'orders') }}

)

select * from final
