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
