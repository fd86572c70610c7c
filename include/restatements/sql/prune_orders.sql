delete from analysis.restated_orders as old
using analysis.restated_runs as runs
where
    old.measure_run_id = runs.measure_run_id
    and runs.last_day < %(last_day)s::date - %(order_days)s::int
