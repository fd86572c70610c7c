-- One row per GA4 property and the shop whose purchases it counts: that of most of the orders its
-- transaction ids name; without any, the campaigns' shop where they have one. A table: one row per
-- property that compares every transaction id with every order, read three times.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with recursive

-- Purchases are many and their properties few, by which their key is sorted: each next property is
-- looked up there.
selling_properties as (

    (
        select
            connection_id,
            property_id
        from {{ ref('stg_ga4__transactions') }}
        order by connection_id, property_id
        limit 1
    )

    union all

    select
        next_properties.connection_id,
        next_properties.property_id
    from selling_properties
    cross join lateral (
        select
            loaded.connection_id,
            loaded.property_id
        from {{ ref('stg_ga4__transactions') }} as loaded
        where
            (loaded.connection_id, loaded.property_id)
            > (selling_properties.connection_id, selling_properties.property_id)
        order by loaded.connection_id, loaded.property_id
        limit 1
    ) as next_properties

),

properties as (

    select
        connection_id as ga4_connection_id,
        property_id
    from {{ ref('stg_ga4__session_totals') }}

    union distinct

    select
        connection_id as ga4_connection_id,
        property_id
    from selling_properties

),

counted as (

    select
        ga4_connection_id,
        property_id,
        connection_id,
        row_number() over (
            partition by ga4_connection_id, property_id
            order by count(*) desc, connection_id asc
        ) as shop_number
    from {{ ref('int_ga4_transactions_joined') }}
    group by ga4_connection_id, property_id, connection_id

),

only_shop as (

    select min(shop_connection_id) as connection_id
    from {{ ref('stg_campaign_plan__campaigns') }}
    having count(distinct shop_connection_id) = 1

),

final as (

    select
        properties.ga4_connection_id,
        properties.property_id,
        coalesce(counted.connection_id, only_shop.connection_id) as connection_id
    from properties
    left join counted
        on
            properties.ga4_connection_id = counted.ga4_connection_id
            and properties.property_id = counted.property_id
            and counted.shop_number = 1
    left join only_shop on counted.connection_id is null

)

select * from final
where connection_id is not null
