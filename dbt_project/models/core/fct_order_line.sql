{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook='{{ forget_affected_orders() }}',
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

orders as (

    {{ orders_to_build() }}

),

returned_woocommerce_lines as (

    select
        named.connection_id,
        named.order_id,
        returned.refunded_line_id as line_id,
        sum(returned.quantity) as quantity
    from {{ ref('stg_woocommerce__order_refunds') }} as named
    inner join {{ ref('stg_woocommerce__refund_lines') }} as returned
        on
            named.connection_id = returned.connection_id
            and named.refund_id = returned.refund_id
    where returned.line_type = 'product'
    group by named.connection_id, named.order_id, returned.refunded_line_id

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

    union all

    select
        order_lines.connection_id,
        order_lines.order_id,
        order_lines.line_id,
        order_lines.product_id,
        coalesce(order_lines.variation_id, order_lines.product_id) as variant_id,
        order_lines.sku,
        cast(order_lines.quantity as bigint) as quantity,
        cast(order_lines.quantity - coalesce(returned.quantity, 0) as bigint) as current_quantity
    from {{ ref('stg_woocommerce__order_lines') }} as order_lines
    left join returned_woocommerce_lines as returned
        on
            order_lines.connection_id = returned.connection_id
            and order_lines.order_id = returned.order_id
            and order_lines.line_id = returned.line_id

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
