-- One row per shop: the country most of its orders come from; of two alike the first by code.
-- A table: whether redemptions can be kept is asked three times, each of all orders.
{{ config(materialized='table', post_hook='analyze {{ this }}') }}

with

counted as (

    select
        connection_id,
        country_code,
        row_number() over (
            partition by connection_id
            order by count(*) desc, country_code asc
        ) as place
    from {{ ref('int_order_places') }}
    group by connection_id, country_code

),

final as (

    select
        connection_id,
        country_code
    from counted
    where place = 1

)

select * from final
