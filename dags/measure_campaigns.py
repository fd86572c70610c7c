"""Turn a day's arrivals into published marts.

**What** dbt builds staging, intermediate and core; the solve weighs channels by the Markov chain of
each week, compares every rebuilt order with what was published and estimates each creator's
expected orders and revenue; dbt builds the marts beside the published ones; Great Expectations and
the reconciliation check them; `publish_marts` points the views of `marts` at the new version in one
transaction.

**Input** the asset `warehouse.day` (marked by the last source of a day, or by `close_day`) ·
**Output** `marts.*`; readers keep yesterday's version until the new one is published.

**Schedule** when `warehouse.day` is marked, one run at a time; a later run supersedes an open one.

**Limits** A run consumes the loads that exist when it opens. Marts are built whole each time, facts
from new loads only. A run that is open for an hour raises an alert.

**Parameters** `day`: the business date of a run by hand; `full_refresh`: rebuild every fact from
all loads; `dry_run`: build and check beside what is published, publish nothing.

**When it fails**

| message | what to do |
|---|---|
| `PublishRefused: … critical expectation fails` | its log shows the rows; mend, clear `open_run` |
| `PublishRefused: … the chain converts with …` | paths miscounted: see docs/operations.md |
| `PublishRefused: a newer measure run has opened` | nothing: the newer run publishes |
| a dbt task is red | its log holds the SQL error; mend the model, clear `open_run` |
| `record_failure` is red | by design: it closed the failed run; another task says why |
| `Unavailable: … lock` | a reader held a lock for too long; the task retries by itself |
| `open_run` skipped | nothing changed since the last publication |
"""

from __future__ import annotations

from airflow.sdk import DAG, PartitionedAssetTimetable

from include.alerts.deadline import measuring_deadline
from include.dag_assets import assets_published_by, day_asset
from include.dag_forms import measure_form
from include.dag_tasks import step
from include.dbt_tasks import dbt_group
from include.orchestration import DEFAULT_ARGS, START_DATE
from include.task_links import PublicationLink, QualityLink

RAW, MARTS = assets_published_by("publish_marts")


@step
def open_run() -> int:
    """Pin the loads this run consumes; skip when nothing changed since the last publication."""
    from include import daily, orchestration

    day, read = orchestration.partition_day(), orchestration.airflow_connection
    is_forced, run_id = bool(orchestration.form("full_refresh")), orchestration.run_id()
    run = daily.open_run(day, run_id=run_id, is_forced=is_forced, read=read)
    orchestration.skip_if(run is None, f"{day}: nothing changed since the last publication")
    return run.measure_run_id


@step
def build_staging() -> None:
    """Load the seeds and build the views over raw, in one task: there are many, all small."""
    from include import daily, orchestration

    daily.build_staging(read=orchestration.airflow_connection)


@step
def solve_estimates(measure_run_id: int) -> None:
    """Solve open weeks, say what changed since the last publication, estimate every creator."""
    from include import daily, orchestration

    daily.solve_run(measure_run_id, read=orchestration.airflow_connection)


@step(link=QualityLink())
def check_marts(measure_run_id: int) -> None:
    """Check the new marts before anybody sees them."""
    from include import daily, orchestration

    run_id, read = orchestration.run_id(), orchestration.airflow_connection
    daily.check_run(measure_run_id, run_id=run_id, read=read)


@step(inlets=RAW, outlets=MARTS, link=PublicationLink())
def publish_marts(measure_run_id: int) -> None:
    """Point the views of `marts` at the new version."""
    from include import daily, orchestration

    is_dry_run, read = bool(orchestration.form("dry_run")), orchestration.airflow_connection
    published = daily.publish_run(measure_run_id, is_dry_run=is_dry_run, read=read)
    orchestration.skip_if(published is None, "dry run: what was published stays")
    orchestration.mark(*MARTS, note={"version": published.version})


@step(trigger_rule="one_failed", retries=0)
def record_failure(measure_run_id: int) -> None:
    """Close the run as failed, and fail: by its last task Airflow judges the whole run."""
    from include import daily, orchestration

    orchestration.fail(daily.fail_run(measure_run_id, read=orchestration.airflow_connection))


with DAG(
    dag_id="measure_campaigns",
    dag_display_name="Measure campaigns",
    doc_md=__doc__,
    schedule=PartitionedAssetTimetable(assets=day_asset()),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=measure_form(),
    deadline=measuring_deadline(),
    tags=["measure"],
):
    run = open_run()
    staging = build_staging()
    before = ["path:models/marts", "path:models/staging", "resource_type:seed"]
    build_core = dbt_group("build_core", exclude=before)
    build_marts = dbt_group("build_marts", select=["path:models/marts"])
    solve, check, publish = solve_estimates(run), check_marts(run), publish_marts(run)
    run >> staging >> build_core >> solve >> build_marts >> check >> publish
    [staging, build_core, solve, build_marts, check, publish] >> record_failure(run)
