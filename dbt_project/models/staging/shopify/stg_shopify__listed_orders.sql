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

listed as (

    select
        orders.connection_id,
        orders.order_id,
        orders.name as order_name,
        orders.customer_id,
        orders.created_at,
        existing.customer_id as listed_customer_id,
        existing.order_id is not null as is_listed,
        days._captured_at as listed_at,
        days._load_id as load_id
    from orders
    inner join days
        on
            orders.connection_id = days.connection_id
            and days.created_date = cast(orders.created_at at time zone 'UTC' as date)
            and orders._captured_at <= days._captured_at
    left join existing
        on
            orders.connection_id = existing.connection_id
            and days.created_date = existing.created_date
            and orders.order_id = existing.order_id

)

select * from listed
