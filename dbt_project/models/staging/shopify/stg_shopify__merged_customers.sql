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
        orders.customer_id,
        existing.customer_id as kept_customer_id,
        days._captured_at as merged_at,
        days._load_id as load_id
    from orders
    inner join existing
        on
            orders.connection_id = existing.connection_id
            and orders.order_id = existing.order_id
    inner join days
        on
            existing.connection_id = days.connection_id
            and existing.created_date = days.created_date
            and orders._captured_at <= days._captured_at
    where orders.customer_id <> existing.customer_id

),

noticed as (

    -- All orders of who is gone went to one customer; the newest reading names the last one kept.
    select distinct on (connection_id, customer_id)
        connection_id,
        customer_id,
        kept_customer_id,
        merged_at,
        load_id
    from moved
    order by connection_id asc, customer_id asc, merged_at desc, kept_customer_id asc

)

select * from noticed
