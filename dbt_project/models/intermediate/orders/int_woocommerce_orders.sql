-- One row per WooCommerce order, in the words the facts use for orders of any shop.
-- WooCommerce keeps no time of a cancellation: `cancelled_at` is the order's last change.
with

orders as (

    select
        orders.*,
        coalesce(shops.currency_code, orders.currency_code) as shop_currency_code
    from {{ ref('stg_woocommerce__orders') }} as orders
    left join {{ ref('int_shops') }} as shops on orders.connection_id = shops.connection_id

),

refunds as (

    select
        connection_id,
        order_id,
        sum(refunded_amount) as refunded_amount
    from {{ ref('stg_woocommerce__order_refunds') }}
    group by connection_id, order_id

),

indexed as (

    {{ customer_order_indexes('orders') | indent(4) }}

),

final as (

    select
        orders.connection_id,
        orders.order_id,
        '#' || orders.order_number as order_name,
        orders.order_number,
        orders.created_at,
        orders.updated_at,
        orders.created_at as processed_at,
        case
            when orders.order_status in ('cancelled', 'trash') then orders.updated_at
        end as cancelled_at,
        false as is_test,
        {{ woocommerce_source_name('orders.created_via') }} as source_name,
        case
            when orders.order_status in ('pending', 'on-hold') then 'PENDING'
            when orders.order_status in ('failed', 'cancelled', 'trash') then 'VOIDED'
            when orders.order_status = 'refunded' then 'REFUNDED'
            when refunds.refunded_amount > 0 then 'PARTIALLY_REFUNDED'
            else 'PAID'
        end as financial_status,
        orders.shop_currency_code as currency_code,
        orders.net_amount as subtotal_amount,
        {{ in_shop_currency('orders.discount_amount', 'orders') }} as discount_amount,
        -- Nothing is nothing in any currency: only a sale waits for its rate.
        orders.net_amount <> 0
        and {{ in_shop_currency('orders.net_amount', 'orders') }} is null as is_unpriced,
        orders.customer_id,
        indexed.customer_order_index,
        case when {{ has_woocommerce_visit('orders') }} then true end as is_journey_ready,
        cast(case when {{ has_woocommerce_visit('orders') }} then 1 end as bigint) as moment_count,
        orders.load_id
    from orders
    left join refunds
        on
            orders.connection_id = refunds.connection_id
            and orders.order_id = refunds.order_id
    left join indexed
        on
            orders.connection_id = indexed.connection_id
            and orders.order_id = indexed.order_id

)

select * from final
