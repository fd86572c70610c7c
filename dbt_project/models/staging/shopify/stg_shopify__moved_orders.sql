with

orders as (

    select * from {{ source('shopify', 'orders') }}

),

days as (

    select * from {{ source('shopify', 'order_days') }}

),

existing as (

    select * from {{ source('shopify', 'order_ids') }}

),

moved as (

    select
        orders.connection_id,
        orders.order_id,
        orders.customer_id,
        existing.customer_id as kept_customer_id,
        days._captured_at as merged_at,
        days._load_id as load_id
    from orders
    inner join existing
        on
            orders.connection_id = existing.connection_id
            and orders.order_id = existing.order_id
            and existing.created_date = cast(orders.created_at at time zone 'UTC' as date)
    inner join days
        on
            existing.connection_id = days.connection_id
            and existing.created_date = days.created_date
            and orders._captured_at <= days._captured_at
    where orders.customer_id <> existing.customer_id

)

select * from moved
