-- Lines of kept orders and what their orders are credited to, summed by business date, variant and
-- channel, under each model and rule version that is a campaign's own: a line counts for each
-- channel of its order with the channel's share. Returns of money alone name no line: rows of their
-- own, so that the sum is the orders'.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ join_whole_tables() }}', '{{ open_rebuilt_days() }}', '{{ forget_rebuilt_days() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_date']}],
) }}

with

{% if is_incremental() -%}
days as (

    {{ days_to_rebuild() | indent(4) }}

),

{% endif -%}
orders as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        orders.net_revenue_amount
    from {{ ref('fct_order') }} as orders
    {% if is_incremental() -%}
    inner join days
        on
            orders.connection_id = days.connection_id
            and orders.order_date = days.order_date
    {% endif -%}
    where
        orders.order_class = 'kept'
        {%- if is_incremental() %}
        and {{ is_of_days('orders.order_date', 'days') }}
        {%- endif %}

),

sold as (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        order_lines.product_id,
        order_lines.variant_id,
        order_lines.sku,
        order_lines.sold_count,
        order_lines.returned_count,
        order_lines.gross_amount,
        order_lines.discount_amount,
        order_lines.net_revenue_amount
    from orders
    inner join {{ ref('fct_order_line') }} as order_lines
        on
            orders.connection_id = order_lines.connection_id
            and orders.order_id = order_lines.order_id
    {% if is_incremental() -%}
    where {{ is_of_orders('order_lines', 'orders') }}
    {% endif %}

),

lines as (

    select
        connection_id,
        order_id,
        order_date,
        coalesce(variant_id, sku, '(unknown)') as variant_key,
        product_id,
        variant_id,
        sku,
        1 as line_count,
        sold_count,
        returned_count,
        gross_amount,
        discount_amount,
        net_revenue_amount
    from sold

    union all

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        '(no line)' as variant_key,
        cast(null as text) as product_id,
        cast(null as text) as variant_id,
        cast(null as text) as sku,
        0 as line_count,
        0 as sold_count,
        0 as returned_count,
        0 as gross_amount,
        0 as discount_amount,
        orders.net_revenue_amount - coalesce(sum(sold.net_revenue_amount), 0)
            as net_revenue_amount
    from orders
    left join sold
        on
            orders.connection_id = sold.connection_id
            and orders.order_id = sold.order_id
    group by
        orders.connection_id, orders.order_id, orders.order_date, orders.net_revenue_amount
    having orders.net_revenue_amount - coalesce(sum(sold.net_revenue_amount), 0) <> 0

),

wanted as (

    select distinct
        default_attribution_model as attribution_model,
        default_rule_version as rule_version
    from {{ ref('dim_campaign') }}

),

shares as (

    select
        wanted.attribution_model,
        wanted.rule_version,
        orders.connection_id,
        orders.order_id,
        credits.channel_type,
        credits.channel,
        credits.campaign_id,
        sum({{ chosen_model('wanted.attribution_model', 'credits', 'share') }}) as credit_share
    from orders
    inner join {{ ref('fct_attribution_credit') }} as credits
        on
            orders.connection_id = credits.connection_id
            and orders.order_id = credits.order_id
            and credits.conversion_count = 1
    inner join wanted
        on
            credits.rule_version = wanted.rule_version
            and {{ chosen_model('wanted.attribution_model', 'credits', 'share') }} > 0
    {% if is_incremental() -%}
    where {{ is_of_days('credits.order_date', 'days') }}
    {% endif -%}
    group by
        wanted.attribution_model,
        wanted.rule_version,
        orders.connection_id,
        orders.order_id,
        credits.channel_type,
        credits.channel,
        credits.campaign_id

)

select
    lines.connection_id,
    lines.order_date,
    shares.attribution_model,
    shares.rule_version,
    lines.variant_key,
    lines.variant_id,
    lines.sku,
    shares.channel_type,
    shares.channel,
    shares.campaign_id,
    max(lines.product_id) as product_id,
    sum(lines.line_count) as line_count,
    count(case when lines.returned_count > 0 then 1 end) as returned_line_count,
    sum(lines.sold_count * shares.credit_share) as sold_unit_count,
    sum(lines.returned_count * shares.credit_share) as returned_unit_count,
    sum(lines.gross_amount * shares.credit_share) as gross_amount,
    sum(lines.discount_amount * shares.credit_share) as discount_amount,
    sum(lines.net_revenue_amount * shares.credit_share) as net_revenue_amount
from lines
inner join shares
    on
        lines.connection_id = shares.connection_id
        and lines.order_id = shares.order_id
group by
    lines.connection_id,
    lines.order_date,
    shares.attribution_model,
    shares.rule_version,
    lines.variant_key,
    lines.variant_id,
    lines.sku,
    shares.channel_type,
    shares.channel,
    shares.campaign_id
-- depends_on: {{ ref('int_orders_affected') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
