-- One row per WooCommerce order that another load than its own changes: a refund or an account that
-- is read later, and orders of a customer whose other orders changed (they number each other).
with

changed_customers as (

    select
        connection_id,
        customer_id
    from {{ ref('stg_woocommerce__orders') }}
    where customer_id is not null and load_id in {{ pending_loads() }}

    union distinct

    select
        connection_id,
        customer_id
    from {{ ref('stg_woocommerce__customers') }}
    where load_id in {{ pending_loads() }}

),

restated as (

    select
        orders.connection_id,
        orders.order_id
    from {{ ref('stg_woocommerce__orders') }} as orders
    inner join changed_customers
        on
            orders.connection_id = changed_customers.connection_id
            and orders.customer_id = changed_customers.customer_id

    union distinct

    select
        connection_id,
        order_id
    from {{ ref('stg_woocommerce__refunds') }}
    where load_id in {{ pending_loads() }}

)

select * from restated
-- depends_on: {{ source('quality', 'pending_loads') }}
