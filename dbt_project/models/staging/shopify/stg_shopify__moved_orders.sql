with

listed as (

    select * from {{ ref('stg_shopify__listed_orders') }}

),

moved as (

    select
        connection_id,
        order_id,
        customer_id,
        listed_customer_id as kept_customer_id,
        listed_at as merged_at,
        load_id
    from listed
    where customer_id <> listed_customer_id

)

select * from moved
