-- Orders a published run has seen need not be looked at again; all others are this run's.
with published as (
    delete from analysis.rebuilt_orders as orders
    where orders.seen_by_run is not null and not exists (
        select from quality.measure_runs as runs
        where runs.measure_run_id = orders.seen_by_run and runs.status <> 'published'
    )
)

update analysis.rebuilt_orders set seen_by_run = %(run)s
where seen_by_run is null or exists (
    select from quality.measure_runs as runs
    where runs.measure_run_id = seen_by_run and runs.status <> 'published'
)
