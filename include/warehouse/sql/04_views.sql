-- What dbt builds from: the loads of the open measure run.
create or replace view quality.current_measure_run as
select
    measure_run_id,
    day,
    as_of_date,
    sources_present,
    sources_missing
from quality.measure_runs
where status = 'open'
order by measure_run_id desc
limit 1;

-- Without an open run every load counts, so that a plain `dbt build` by hand works.
create or replace view quality.pending_loads as
select pinned.load_id
from quality.measure_run_loads as pinned
inner join quality.current_measure_run as run on pinned.measure_run_id = run.measure_run_id
union all
select loaded.load_id
from quality.load_windows as loaded
where
    loaded.status = 'loaded'
    and not exists (select 1 from quality.current_measure_run);

-- What the checks say now: a check that ran again, with the same run_id or another, replaces its
-- first try; the other keys of the suite (days, windows of hours) stand for themselves.
create or replace view quality.newest_expectation_results as
select distinct on (suite, partition_key, table_name, expectation, column_name)
    result_id,
    run_id,
    partition_key,
    suite,
    source,
    table_name,
    expectation,
    column_name,
    severity,
    success,
    unexpected_count,
    checked_at
from quality.expectation_results
order by suite, partition_key, table_name, expectation, column_name, result_id desc;
