{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction(joins_by_hash=true) }}', '{{ forget_affected_orders() }}'],
    post_hook="{{ analyze_when_grown([
        'connection_id', 'order_id', 'order_date', 'order_class', 'event_date', 'rule_version', 'touch_count',
        'channel_type', 'channel', 'campaign_id', 'creator_id'
    ]) }}",
    indexes=[
        {'columns': ['connection_id', 'order_id']},
        {'columns': ['order_date']},
        {'columns': ['campaign_id', 'creator_id']},
    ],
) }}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

orders as (

    select
        orders.*,
        -- Beyond all campaigns an order has other rules than the default where creators reach it.
        case
            when affected.has_every_rule_version then true
            else exists (
                select 1
                from {{ ref('fct_touchpoint') }} as touches
                where
                    affected.connection_id = touches.connection_id
                    and affected.order_id = touches.order_id
                    and touches.rule_version <> '{{ var("attribution_rule_versions")[0] }}'
            )
        end as has_every_rule_version
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
        orders.ordered_at,
        orders.order_date,
        orders.order_class,
        orders.is_new_customer,
        orders.customer_id,
        orders.currency_code,
        {{ amount('coalesce(sum(sales.net_revenue_amount), 0)') }} as net_amount
    from orders
    left join {{ ref('fct_order_sale') }} as sales
        on
            orders.connection_id = sales.connection_id
            and orders.order_id = sales.order_id
    group by
        orders.order_id,
        orders.connection_id,
        coalesce(sales.event_date, orders.order_date),
        orders.has_every_rule_version,
        orders.ordered_at,
        orders.order_date,
        orders.order_class,
        orders.is_new_customer,
        orders.customer_id,
        orders.currency_code

),

counted_entries as (

    select
        *,
        case
            when
                row_number() over (partition by order_id, connection_id order by event_date) = 1
                then 1
            else 0
        end as conversion_count
    from dated_entries

),

entries as {{ computed_once() }} (

    select
        *,
        cast(abs(net_amount) * 100 as bigint) as entry_cents,
        cast(sign(net_amount) as bigint) as entry_sign
    from counted_entries
    where conversion_count = 1 or net_amount <> 0

),

credits as (

    {{ attribution_credits(
        ref('fct_touchpoint'),
        'entries',
        carried=[
            'ordered_at', 'order_date', 'order_class', 'is_new_customer', 'customer_id',
            'currency_code',
        ]
    ) | indent(4) }}

),

final as (

    select
        connection_id,
        order_id,
        event_date,
        rule_version,
        touch_id,
        touch_number,
        touch_count,
        channel_type,
        channel,
        campaign_id,
        creator_id,
        ordered_at,
        order_date,
        order_class,
        is_new_customer,
        customer_id,
        currency_code,
        conversion_count,
        net_amount as entry_net_amount,
    {%- for model in var('attribution_models') %}
    {{ model.name }}_share,
    {{ model.name }}_amount
    {{- ',' if not loop.last }}
    {%- endfor %}
    from credits

)

select * from final
