-- Units of kept orders (sold less returned), summed by business date, campaign and shop, and the
-- part of them that the campaign's creators are credited with under its own model and rule version,
-- with the sums of squares. Only days with a rebuilt order are summed again.
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
        orders.order_date
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

-- An order's units are counted once, whatever campaigns run at its time.
units as {{ computed_once() }} (

    select
        orders.connection_id,
        orders.order_id,
        orders.order_date,
        sum(order_lines.sold_count - order_lines.returned_count) as unit_count
    from orders
    inner join {{ ref('fct_order_line') }} as order_lines
        on
            orders.connection_id = order_lines.connection_id
            and orders.order_id = order_lines.order_id
    {% if is_incremental() -%}
    where {{ is_of_orders('order_lines', 'orders') }}
    {% endif -%}
    group by orders.connection_id, orders.order_id, orders.order_date

),

sold_days as (

    select
        connection_id,
        order_date,
        sum(unit_count) as unit_count,
        sum(unit_count * unit_count) as squared_count
    from units
    group by connection_id, order_date

),

credited as (

    select
        campaign_id,
        connection_id,
        order_id,
        {{ share_count('sum(credit_share * conversion_count)') }} as credit_share
    from {{ ref('int_default_credits') }}
    where
        order_class = 'kept'
        {%- if is_incremental() %}
        and {{ is_of_days('order_date', 'days') }}
        {%- endif %}
    group by campaign_id, connection_id, order_id

),

credited_days as (

    select
        credited.campaign_id,
        units.connection_id,
        units.order_date,
        sum(units.unit_count * credited.credit_share) as credited_count,
        sum(units.unit_count * credited.credit_share * units.unit_count * credited.credit_share)
            as squared_credited_count
    from credited
    inner join units
        on
            credited.connection_id = units.connection_id
            and credited.order_id = units.order_id
    group by credited.campaign_id, units.connection_id, units.order_date

)

select
    campaigns.campaign_id,
    sold_days.connection_id,
    sold_days.order_date,
    sold_days.unit_count,
    sold_days.squared_count,
    coalesce(credited_days.credited_count, 0) as credited_count,
    coalesce(credited_days.squared_credited_count, 0) as squared_credited_count
from {{ ref('dim_campaign') }} as campaigns
inner join {{ ref('stg_campaign_plan__campaign_shops') }} as shops
    on campaigns.campaign_id = shops.campaign_id
inner join sold_days
    on
        shops.shop_connection_id = sold_days.connection_id
        and campaigns.start_date <= sold_days.order_date
        and {{ days_after('campaigns.end_date', 'campaigns.lookback_days') }}
        >= sold_days.order_date
left join credited_days
    on
        campaigns.campaign_id = credited_days.campaign_id
        and sold_days.connection_id = credited_days.connection_id
        and sold_days.order_date = credited_days.order_date
-- depends_on: {{ ref('int_orders_affected') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
