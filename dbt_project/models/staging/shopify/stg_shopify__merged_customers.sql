with

-- All orders of who is gone went to one customer; the newest reading names the last one kept.
noticed as (

    select distinct on (connection_id, customer_id)
        connection_id,
        customer_id,
        kept_customer_id,
        merged_at,
        load_id
    from {{ ref('stg_shopify__moved_orders') }}
    order by connection_id asc, customer_id asc, merged_at desc, kept_customer_id asc

)

select * from noticed
