-- One row per shop connection: its zone and currency, from the shop itself, else from the plan.
with

snapshots as (

    select
        *,
        row_number() over (partition by connection_id order by window_start desc) as recency
    from {{ ref('int_shop_snapshots') }}

),

planned as (

    select
        shop_connection_id as connection_id,
        min(reporting_timezone) as timezone,
        min(currency_code) as currency_code
    from {{ ref('stg_campaign_plan__campaign_shops') }}
    group by shop_connection_id

),

shops as (

    select
        coalesce(snapshots.connection_id, planned.connection_id) as connection_id,
        snapshots.shop_name,
        coalesce(snapshots.timezone, planned.timezone) as timezone,
        coalesce(snapshots.currency_code, planned.currency_code) as currency_code
    from (
        select * from snapshots
        where recency = 1
    ) as snapshots
    full outer join planned on snapshots.connection_id = planned.connection_id

)

select * from shops
