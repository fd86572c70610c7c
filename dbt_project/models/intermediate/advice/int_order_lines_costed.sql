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

unit_costs as (

    select
        sku,
        valid_from_date,
        max(unit_cost_amount) as unit_cost_amount,
        max(currency_code) as currency_code
    from {{ ref('stg_files__unit_costs') }}
    group by sku, valid_from_date

),

-- Joined by hash: a lookup per line would read the whole file for each.
file_costs as (

    select
        *,
        lead(valid_from_date) over (partition by sku order by valid_from_date) as next_from_date
    from unit_costs

),

variants as (

    select
        *,
        row_number() over (
            partition by connection_id, variant_id
            order by window_start desc
        ) as recency
    from {{ ref('stg_shopify__product_variants') }}

),

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
        coalesce(
            case
                when file_costs.sku is not null
                    then
                        {{ converted_amount(
                            'file_costs.unit_cost_amount',
                            'file_costs.currency_code',
                            'orders.currency_code',
                            'orders.order_date'
                        ) }}
            end,
            case
                when
                    coalesce(variants.unit_cost_currency_code, orders.currency_code)
                    = orders.currency_code
                    then variants.unit_cost_amount
            end
        ) as unit_cost_amount
    from orders
    inner join {{ ref('fct_order_line') }} as order_lines
        on
            orders.connection_id = order_lines.connection_id
            and orders.order_id = order_lines.order_id
    left join file_costs
        on
            order_lines.sku = file_costs.sku
            and orders.order_date >= file_costs.valid_from_date
            and (
                file_costs.next_from_date is null
                or orders.order_date < file_costs.next_from_date
            )
    left join variants
        on
            order_lines.connection_id = variants.connection_id
            and order_lines.variant_id = variants.variant_id
            and variants.recency = 1

)

select * from final
