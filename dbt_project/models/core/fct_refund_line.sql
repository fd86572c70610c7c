{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_affected_orders() }}'],
    post_hook='{{ analyze_when_grown() }}',
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

orders as (

    {{ orders_to_build() }}

),

wanted as (

    select
        connection_id,
        order_id,
        currency_code,
        business_timezone
    from orders

),

-- A shop's refunded lines in one shape, of the orders to build alone; another shop is one more part
-- of the union.
refund_lines as (

    select
        refund_lines.connection_id,
        refund_lines.order_id,
        refund_lines.refund_id,
        refund_lines.line_id,
        refunds.refunded_at,
        sum(refund_lines.quantity) as quantity,
        sum(refund_lines.subtotal_amount) as subtotal_amount,
        sum(refund_lines.tax_amount) as tax_amount
    from {{ ref('stg_shopify__order_refund_lines') }} as refund_lines
    inner join {{ ref('stg_shopify__order_refunds') }} as refunds
        on
            refund_lines.connection_id = refunds.connection_id
            and refund_lines.order_id = refunds.order_id
            and refund_lines.refund_id = refunds.refund_id
    inner join wanted
        on
            refund_lines.connection_id = wanted.connection_id
            and refund_lines.order_id = wanted.order_id
    group by
        refund_lines.connection_id,
        refund_lines.order_id,
        refund_lines.refund_id,
        refund_lines.line_id,
        refunds.refunded_at

    union all

    -- A refund that the order no longer names was deleted.
    select
        refunds.connection_id,
        refunds.order_id,
        refunds.refund_id,
        refund_lines.refunded_line_id as line_id,
        refunds.refunded_at,
        sum(refund_lines.quantity) as quantity,
        sum(refund_lines.subtotal_amount) as subtotal_amount,
        sum(refund_lines.tax_amount) as tax_amount
    from {{ ref('stg_woocommerce__order_refunds') }} as named
    inner join {{ ref('stg_woocommerce__refunds') }} as refunds
        on
            named.connection_id = refunds.connection_id
            and named.refund_id = refunds.refund_id
    inner join {{ ref('stg_woocommerce__refund_lines') }} as refund_lines
        on
            refunds.connection_id = refund_lines.connection_id
            and refunds.refund_id = refund_lines.refund_id
    inner join wanted
        on
            refunds.connection_id = wanted.connection_id
            and refunds.order_id = wanted.order_id
    where refund_lines.line_type = 'product' and refund_lines.refunded_line_id is not null
    group by
        refunds.connection_id,
        refunds.order_id,
        refunds.refund_id,
        refund_lines.refunded_line_id,
        refunds.refunded_at

),

final as (

    select
        refund_lines.connection_id,
        refund_lines.order_id,
        refund_lines.refund_id,
        refund_lines.line_id,
        refund_lines.refunded_at,
        {{ business_date('refund_lines.refunded_at', 'wanted.business_timezone') }} as event_date,
        cast(refund_lines.quantity as bigint) as quantity,
        wanted.currency_code,
        {{ amount('refund_lines.subtotal_amount') }} as subtotal_amount,
        {{ amount('refund_lines.tax_amount') }} as tax_amount
    from refund_lines
    inner join wanted
        on
            refund_lines.connection_id = wanted.connection_id
            and refund_lines.order_id = wanted.order_id

)

select * from final
-- depends_on: {{ ref('int_orders_affected') }}
