{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ forget_affected_orders() }}',
    post_hook='analyze {{ this }}',
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

orders as (

    select
        orders.*,
        affected.has_every_rule_version
    from affected
    inner join {{ ref('fct_order') }} as orders
        on
            affected.connection_id = orders.connection_id
            and affected.order_id = orders.order_id

),

-- What an order added to a business date; the first date is the sale, an order without any ledger
-- row counts on its own date.
dated_entries as (

    select
        orders.connection_id,
        orders.order_id,
        coalesce(sales.event_date, orders.order_date) as event_date,
        orders.has_every_rule_version,
        round(coalesce(sum(sales.net_revenue_amount), 0), 2) as net_amount
    from orders
    left join {{ ref('fct_order_sale') }} as sales
        on
            orders.connection_id = sales.connection_id
            and orders.order_id = sales.order_id
    group by
        orders.connection_id,
        orders.order_id,
        coalesce(sales.event_date, orders.order_date),
        orders.has_every_rule_version

),

counted_entries as (

    select
        dated_entries.*,
        case
            when
                row_number() over (
                    partition by dated_entries.connection_id, dated_entries.order_id
                    order by dated_entries.event_date
                ) = 1
                then 1
            else 0
        end as conversion_count
    from dated_entries

),

entries as (

    select * from counted_entries
    where conversion_count = 1 or net_amount <> 0

),

paths as (

    select touches.*
    from affected
    inner join {{ ref('fct_touchpoint') }} as touches
        on
            affected.connection_id = touches.connection_id
            and affected.order_id = touches.order_id

),

credits as (

    {{ attribution_credits('paths', 'entries') | indent(4) }}

),

final as (

    select
        credits.connection_id,
        credits.order_id,
        credits.event_date,
        credits.rule_version,
        credits.touch_id,
        credits.touch_number,
        credits.touch_count,
        credits.channel_type,
        credits.channel,
        credits.campaign_id,
        credits.creator_id,
        orders.ordered_at,
        orders.order_date,
        orders.order_class,
        orders.is_new_customer,
        orders.currency_code,
        credits.conversion_count,
        credits.net_amount as entry_net_amount,
    {%- for model in var('attribution_models') %}
    credits.{{ model.name }}_share,
    {{ amount('credits.' ~ model.name ~ '_amount') }} as {{ model.name }}_amount
    {{- ',' if not loop.last }}
    {%- endfor %}
    from credits
    inner join orders
        on
            credits.connection_id = orders.connection_id
            and credits.order_id = orders.order_id

)

select * from final
