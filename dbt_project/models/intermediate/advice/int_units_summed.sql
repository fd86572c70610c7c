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
        campaigns.campaign_id,
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

units as (

    select
        orders.campaign_id,
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
    group by orders.campaign_id, orders.connection_id, orders.order_id, orders.order_date

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

shared as (

    select
        units.campaign_id,
        units.connection_id,
        units.order_date,
        units.unit_count,
        units.unit_count * coalesce(credited.credit_share, 0) as credited_count
    from units
    left join credited
        on
            units.campaign_id = credited.campaign_id
            and units.connection_id = credited.connection_id
            and units.order_id = credited.order_id

)

select
    campaign_id,
    connection_id,
    order_date,
    sum(unit_count) as unit_count,
    sum(unit_count * unit_count) as squared_count,
    sum(credited_count) as credited_count,
    sum(credited_count * credited_count) as squared_credited_count
from shared
group by campaign_id, connection_id, order_date
-- depends_on: {{ ref('int_orders_affected') }}
-- depends_on: {{ source('analysis', 'rebuilt_days') }} {{ source('analysis', 'day_readers') }}
