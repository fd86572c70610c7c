with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- Kept orders of the campaign's time: from its first day to its last plus the look-back.
orders as (

    select
        campaigns.campaign_id,
        campaigns.default_attribution_model,
        campaigns.default_rule_version,
        campaigns.currency_code,
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        orders.net_revenue_amount
    from campaigns
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

variants as (

    select
        *,
        row_number() over (
            partition by connection_id, variant_id
            order by window_start desc
        ) as recency
    from {{ ref('stg_shopify__product_variants') }}

),

costed as (

    select * from {{ ref('int_order_lines_costed') }}

),

lines as (

    select
        campaign_id,
        connection_id,
        order_id,
        coalesce(variant_id, sku, '(unknown)') as variant_key,
        sold_count,
        returned_count,
        gross_amount,
        discount_amount,
        net_revenue_amount,
        unit_cost_amount
    from costed

    union all

    -- Returns of money alone name no line: a row of their own, so that the sum is the orders'.
    select
        orders.campaign_id,
        orders.connection_id,
        orders.order_id,
        '(no line)' as variant_key,
        0 as sold_count,
        0 as returned_count,
        0 as gross_amount,
        0 as discount_amount,
        orders.net_revenue_amount - coalesce(sum(costed.net_revenue_amount), 0)
            as net_revenue_amount,
        cast(null as numeric) as unit_cost_amount
    from orders
    left join costed
        on
            orders.campaign_id = costed.campaign_id
            and orders.connection_id = costed.connection_id
            and orders.order_id = costed.order_id
    group by
        orders.campaign_id, orders.connection_id, orders.order_id, orders.net_revenue_amount
    having orders.net_revenue_amount - coalesce(sum(costed.net_revenue_amount), 0) <> 0

),

shares as (

    select
        orders.campaign_id,
        orders.connection_id,
        orders.order_id,
        case
            when credits.channel_type <> 'creator' or credits.campaign_id = orders.campaign_id
                then credits.channel_type
            else 'other_campaign'
        end as channel_type,
        case
            when credits.channel_type <> 'creator' or credits.campaign_id = orders.campaign_id
                then credits.channel
            else 'other_campaign'
        end as channel,
        sum({{ chosen_model('orders.default_attribution_model', 'credits', 'share') }})
            as credit_share
    from orders
    inner join {{ ref('fct_attribution_credit') }} as credits
        on
            orders.connection_id = credits.connection_id
            and orders.order_id = credits.order_id
            and orders.default_rule_version = credits.rule_version
            and credits.conversion_count = 1
            and {{ chosen_model('orders.default_attribution_model', 'credits', 'share') }} > 0
    group by
        orders.campaign_id,
        orders.connection_id,
        orders.order_id,
        credits.channel_type,
        credits.channel,
        credits.campaign_id

),

credited as (

    select
        lines.campaign_id,
        lines.connection_id,
        lines.variant_key,
        shares.channel_type,
        shares.channel,
        count(*) as line_count,
        count(case when lines.returned_count > 0 then 1 end) as returned_line_count,
        sum(lines.sold_count * shares.credit_share) as sold_unit_count,
        sum(lines.returned_count * shares.credit_share) as returned_unit_count,
        sum(
            case when lines.unit_cost_amount is not null then lines.sold_count else 0 end
            * shares.credit_share
        ) as costed_unit_count,
        sum(lines.sold_count * lines.unit_cost_amount * shares.credit_share) as cost_amount,
        sum(lines.gross_amount * shares.credit_share) as gross_amount,
        sum(lines.discount_amount * shares.credit_share) as discount_amount,
        sum(lines.net_revenue_amount * shares.credit_share) as net_revenue_amount
    from lines
    inner join shares
        on
            lines.campaign_id = shares.campaign_id
            and lines.connection_id = shares.connection_id
            and lines.order_id = shares.order_id
    where shares.credit_share > 0
    group by
        lines.campaign_id,
        lines.connection_id,
        lines.variant_key,
        shares.channel_type,
        shares.channel

),

-- Rounded along the channels, so that they add up to the variant's total to the cent.
rounded as (

    select
        *,
        round(sum(net_revenue_amount) over along, 2)
        - round(sum(net_revenue_amount) over along - net_revenue_amount, 2) as net_amount
    from credited
    window along as (
        partition by campaign_id, connection_id, variant_key
        order by channel_type, channel
    )

),

names as (

    select
        connection_id,
        coalesce(variant_id, sku, '(unknown)') as variant_key,
        max(product_id) as product_id,
        max(sku) as sku
    from {{ ref('fct_order_line') }}
    group by connection_id, coalesce(variant_id, sku, '(unknown)')

),

final as (

    select
        rounded.campaign_id,
        rounded.connection_id,
        rounded.variant_key,
        names.product_id,
        names.sku,
        variants.product_title,
        variants.variant_title,
        rounded.channel_type,
        rounded.channel,
        campaigns.default_attribution_model as attribution_model,
        campaigns.default_rule_version as rule_version,
        campaigns.currency_code,
        rounded.line_count,
        rounded.returned_line_count,
        {{ share_count('rounded.sold_unit_count') }} as sold_unit_count,
        {{ share_count('rounded.returned_unit_count') }} as returned_unit_count,
        {{ rate_with_ends(
            'return_rate', 'rounded.returned_unit_count', 'rounded.sold_unit_count'
        ) }},
        {{ amount('rounded.gross_amount') }} as gross_amount,
        {{ amount('rounded.discount_amount') }} as discount_amount,
        {{ amount('rounded.net_amount') }} as net_revenue_amount,
        {{ share_count('rounded.costed_unit_count') }} as costed_unit_count,
        {{ ratio('rounded.costed_unit_count', 'rounded.sold_unit_count') }} as cost_coverage_rate,
        case
            when rounded.costed_unit_count = rounded.sold_unit_count
                then {{ amount('coalesce(rounded.cost_amount, 0)') }}
        end as unit_cost_amount,
        case
            when rounded.costed_unit_count = rounded.sold_unit_count
                then {{ amount('rounded.net_amount - coalesce(rounded.cost_amount, 0)') }}
        end as margin_amount,
        facts.as_of_date
    from rounded
    inner join campaigns on rounded.campaign_id = campaigns.campaign_id
    cross join facts
    left join names
        on
            rounded.connection_id = names.connection_id
            and rounded.variant_key = names.variant_key
    left join variants
        on
            rounded.connection_id = variants.connection_id
            and rounded.variant_key = variants.variant_id
            and variants.recency = 1

)

select * from final
