-- The days that metrics are joined to where a day has no row of its own.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

first_days as (

    select min(start_date - default_lookback_days) as first_day
    from (
        select
            start_date,
            {{ var('default_lookback_days') }} as default_lookback_days
        from {{ ref('dim_campaign') }}
    ) as campaigns

),

days as (

    select cast(series.day_at as date) as date_day
    from first_days
    cross join facts
    cross join
        lateral generate_series(
            cast(first_days.first_day as timestamp),
            cast(facts.last_day as timestamp),
            interval '1 day'
        ) as series (day_at)

)

select * from days
