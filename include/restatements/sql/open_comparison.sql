with previous as (
    select stored.measure_run_id, stored.last_day
    from analysis.restated_runs as stored
    order by stored.measure_run_id desc
    limit 1
)

insert into analysis.restated_runs (
    measure_run_id, last_day, as_of_date, previous_run_id, previous_last_day, settings_key, plan_key,
    attribution_models
)
select
    runs.measure_run_id,
    greatest(runs.day, runs.as_of_date),
    runs.as_of_date,
    previous.measure_run_id,
    previous.last_day,
    (
        select md5(coalesce(string_agg(setting, E'\n' order by setting), ''))
        from intermediate.int_attribution_settings
    ),
    (
        select md5(coalesce(string_agg(
            concat_ws(' ', campaign_id, plan_version, last_planned_date), E'\n'
            order by campaign_id
        ), ''))
        from core.dim_campaign
    ),
    (
        select array_agg(left(column_name, -6)::text order by ordinal_position) || 'markov_path'::text
        from information_schema.columns
        where
            table_schema = 'core' and table_name = 'fct_attribution_credit'
            and right(column_name, 6) = '_share'
    )
from quality.measure_runs as runs
left join previous on true
where runs.measure_run_id = %(run)s
returning last_day, previous_run_id, previous_last_day, cardinality(attribution_models)
