-- One row per snapshot of a shop of any kind: zone and currency.
with

snapshots as (

    select
        connection_id,
        window_start,
        shop_name,
        timezone,
        currency_code,
        load_id
    from {{ ref('stg_shopify__shop') }}

    union all

    select
        connection_id,
        window_start,
        shop_name,
        timezone,
        currency_code,
        load_id
    from {{ ref('stg_woocommerce__site') }}

)

select * from snapshots
