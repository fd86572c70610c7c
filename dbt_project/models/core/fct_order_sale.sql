{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook=['{{ tune_transaction() }}', '{{ forget_affected_orders() }}'],
    indexes=[{'columns': ['connection_id', 'order_id']}],
) }}

with

affected as (

    select * from {{ ref('int_orders_affected') }}

),

sales as (

    select
        sales.*,
        affected.business_timezone
    from affected
    inner join {{ ref('stg_shopify__order_sales') }} as sales
        on
            affected.connection_id = sales.connection_id
            and affected.order_id = sales.order_id

),

final as (

    select
        connection_id,
        order_id,
        sale_id,
        agreement_id,
        happened_at,
        {{ business_date('happened_at', 'business_timezone') }} as event_date,
        reason,
        action_type,
        line_type,
        line_id,
        quantity,
        line_type in ('PRODUCT', 'ADJUSTMENT') as is_net_revenue,
        total_amount,
        tax_amount,
        discount_amount,
        {{ amount(
            "case when line_type in ('PRODUCT', 'ADJUSTMENT') then total_amount - tax_amount else 0 end"
        ) }} as net_revenue_amount
    from sales

)

select * from final
