-- One row per source and day, from the loader's own records: what arrived, what was refused, what
-- changed its shape, and which expectations failed.
with

facts as (

    select * from {{ ref('int_measure_run_facts') }}

),

windows as (

    select * from {{ ref('int_load_windows_ranked') }}

),

loads as (

    select
        source,
        health_date,
        count(*) as load_count,
        sum(case when recency = 1 then 1 else 0 end) as window_count,
        sum(case when recency = 1 and status = 'loaded' then 1 else 0 end) as loaded_window_count,
        sum(case when recency = 1 and status = 'skipped' then 1 else 0 end) as skipped_window_count,
        sum(case when recency = 1 and status not in ('loaded', 'skipped') then 1 else 0 end)
            as failed_window_count,
        {{ sum_count('rows_read') }} as read_row_count,
        {{ sum_count('rows_merged') }} as merged_row_count,
        {{ sum_count('rows_unchanged') }} as unchanged_row_count,
        {{ sum_count('rows_deleted') }} as deleted_row_count,
        {{ sum_count('rows_rejected') }} as rejected_row_count,
        sum(case when recency = 1 then drifted_field_count else 0 end)
            as drifted_field_count,
        max(loaded_at) as last_loaded_at,
        string_agg(
            distinct case when recency = 1 and status <> 'loaded' then stream || ': ' || reason end,
            '; '
        ) as skipped_reasons
    from windows
    group by source, health_date

),

arrivals as (

    select * from {{ ref('int_source_days_arrived') }}

),

checks as (

    select
        source,
        cast(left(partition_key, 10) as date) as health_date,
        count(*) as expectation_count,
        sum(case when not success and severity = 'critical' then 1 else 0 end)
            as failed_critical_count,
        sum(case when not success and severity = 'warning' then 1 else 0 end)
            as failed_warning_count
    from {{ source('quality', 'newest_expectation_results') }}
    where source is not null and partition_key ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
    group by source, cast(left(partition_key, 10) as date)

),

final as (

    select
        loads.source,
        loads.health_date,
        arrivals.arrived_at is not null as has_arrived,
        arrivals.arrived_at,
        loads.last_loaded_at,
        loads.window_count,
        loads.loaded_window_count,
        loads.skipped_window_count,
        loads.failed_window_count,
        loads.load_count - loads.window_count as repeated_load_count,
        loads.read_row_count,
        loads.merged_row_count,
        loads.unchanged_row_count,
        loads.deleted_row_count,
        loads.rejected_row_count,
        {{ ratio('loads.rejected_row_count', 'loads.read_row_count') }} as rejected_rate,
        loads.drifted_field_count,
        coalesce(checks.expectation_count, 0) as expectation_count,
        coalesce(checks.failed_critical_count, 0) as failed_critical_count,
        coalesce(checks.failed_warning_count, 0) as failed_warning_count,
        loads.skipped_reasons,
        facts.as_of_date
    from loads
    cross join facts
    left join arrivals
        on
            loads.source = arrivals.source
            and loads.health_date = arrivals.health_date
    left join checks
        on
            loads.source = checks.source
            and loads.health_date = checks.health_date

)

select * from final
