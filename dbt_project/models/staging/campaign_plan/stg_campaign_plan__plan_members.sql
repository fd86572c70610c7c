with

days as (

    select * from {{ ref('stg_campaign_plan__plan_days') }}

),

members as (

    select
        days.connection_id,
        days.campaign_id,
        creator.creator_id,
        min(days.read_date) as first_planned_date,
        nullif(max(days.read_date), max(days.newest_read_date)) as last_planned_date
    from days
    cross join lateral jsonb_array_elements_text(days.creator_ids) as creator (creator_id)
    group by days.connection_id, days.campaign_id, creator.creator_id

)

select * from members
