-- Days on which a version was read, made to spans: a version holds until another one is read.
{{ config(post_hook='analyze {{ this }}') }}

with

days as (

    select
        *,
        lag(plan_version) over (
            partition by connection_id, campaign_id order by read_date
        ) as previous_version
    from {{ ref('stg_campaign_plan__plan_days') }}

),

numbered as (

    select
        *,
        sum(case when plan_version is distinct from previous_version then 1 else 0 end) over (
            partition by connection_id, campaign_id order by read_date
        ) as span_number
    from days

),

spans as (

    select
        campaign_id,
        span_number,
        plan_version,
        min(read_date) as valid_from_date,
        max(read_date) as last_read_date,
        max(newest_read_date) as newest_read_date,
        lead(min(read_date)) over (
            partition by connection_id, campaign_id order by span_number
        ) as next_valid_from_date
    from numbered
    group by connection_id, campaign_id, span_number, plan_version

),

final as (

    select
        campaign_id,
        plan_version,
        valid_from_date,
        case
            when next_valid_from_date is not null
                then {{ days_after('next_valid_from_date', -1) }}
            when last_read_date < newest_read_date then last_read_date
        end as valid_to_date
    from spans

)

select * from final
