with

listed as (

    select * from {{ ref('stg_shopify__listed_orders') }}

),

missing as (

    select
        connection_id,
        order_id,
        order_name,
        created_at,
        -- The API does not tell when; this is when its day was first read without the order.
        listed_at as deleted_at,
        load_id
    from listed
    where
        not is_listed
        -- An order newer than the reading says nothing, nor one its search may not show yet.
        and created_at < listed_at - interval '1 hour'

)

select * from missing
