-- What else is other than when the publication before was built, as reasons for another path.
create temporary table changed_inputs on commit drop as
select
    this.settings_key <> before.settings_key as has_other_settings,
    this.plan_key <> before.plan_key
    or exists (
        select from quality.measure_run_loads as pinned
        inner join raw.campaign_plan__plan_versions as versions
            on pinned.load_id = versions._load_id
        where pinned.measure_run_id = %(run)s
    ) as has_other_plan,
    exists (
        select from quality.measure_run_loads as pinned
        inner join quality.load_windows as loads on pinned.load_id = loads.load_id
        where pinned.measure_run_id = %(run)s and loads.partition_key like 'erasure-%%'
    ) as has_erasure
from analysis.restated_runs as this
inner join analysis.restated_runs as before on before.measure_run_id = %(previous_run)s
where this.measure_run_id = %(run)s
