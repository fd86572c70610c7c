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

missing as (

    select
        orders.connection_id,
        orders.order_id,
        orders.name as order_name,
        orders.created_at,
        -- The API does not tell when; this is when its day was first read without the order.
        days._captured_at as deleted_at,
        days._load_id as load_id
    from orders
    inner join days
        on
            orders.connection_id = days.connection_id
            and days.created_date = cast(orders.created_at at time zone 'UTC' as date)
            -- An order newer than the reading says nothing, nor one its search may not show yet.
            and orders.created_at < days._captured_at - interval '1 hour'
            and orders._captured_at <= days._captured_at
    left join existing
        on
            orders.connection_id = existing.connection_id
            and days.created_date = existing.created_date
            and orders.order_id = existing.order_id
    where existing.order_id is null

)

select * from missing
