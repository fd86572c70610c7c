{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ forget_affected_orders() }}',
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

-- The first build takes every order, whatever the run's loads touched.
orders as (

    select * from {{ ref('fct_order') }}
    {% if is_incremental() -%}
    where
        (connection_id, order_id) in (
            select
                affected.connection_id,
                affected.order_id
            from {{ ref('int_orders_affected') }} as affected
        )
    {%- endif %}

),

-- A shop's lines in one shape; another shop is one more part of the union.
lines as (

    select
        connection_id,
        order_id,
        line_id,
        product_id,
        variant_id,
        sku,
        quantity,
        current_quantity
    from {{ ref('stg_shopify__order_lines') }}

),

ledger as (

    select
        sales.connection_id,
        sales.order_id,
        sales.line_id,
        sum(case when sales.reason = 'ORDER' then sales.quantity else 0 end) as sold_count,
        -sum(case when sales.reason <> 'ORDER' then sales.quantity else 0 end) as returned_count,
        sum(case when sales.reason = 'ORDER' then sales.discount_amount else 0 end)
            as discount_amount,
        sum(case when sales.reason = 'ORDER' then sales.net_revenue_amount else 0 end)
            as sale_amount,
        sum(sales.net_revenue_amount) as net_revenue_amount
    from {{ ref('fct_order_sale') }} as sales
    inner join orders
        on
            sales.connection_id = orders.connection_id
            and sales.order_id = orders.order_id
    where sales.is_net_revenue and sales.line_id is not null
    group by sales.connection_id, sales.order_id, sales.line_id

),

final as (

    select
        lines.connection_id,
        lines.order_id,
        lines.line_id,
        orders.order_date,
        orders.order_class,
        lines.product_id,
        lines.variant_id,
        lines.sku,
        lines.quantity,
        lines.current_quantity,
        {{ whole_count('ledger.sold_count') }} as sold_count,
        {{ whole_count('ledger.returned_count') }} as returned_count,
        orders.currency_code,
        {{ amount('coalesce(ledger.sale_amount + ledger.discount_amount, 0)') }} as gross_amount,
        {{ amount('coalesce(ledger.discount_amount, 0)') }} as discount_amount,
        {{ amount('coalesce(ledger.sale_amount, 0)') }} as sale_amount,
        {{ amount('coalesce(ledger.net_revenue_amount - ledger.sale_amount, 0)') }}
            as restated_amount,
        {{ amount('coalesce(ledger.net_revenue_amount, 0)') }} as net_revenue_amount
    from lines
    inner join orders
        on
            lines.connection_id = orders.connection_id
            and lines.order_id = orders.order_id
    left join ledger
        on
            lines.connection_id = ledger.connection_id
            and lines.order_id = ledger.order_id
            and lines.line_id = ledger.line_id

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }}
