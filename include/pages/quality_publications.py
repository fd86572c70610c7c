"""Publications: what readers see, what was held back and why, and what later data restated."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from include.pages.quality_names import PROFILE, name_rows
from include.pages.quality_slices import Slice, read_slice
from include.pages.reader import Row, Snapshot

RESTATEMENTS = "marts.mart_restatements"
# Shown first where no campaign is published: its credits are the easiest to check by hand.
FIRST_MODEL = "linear"

_CURRENT = """
select
    shown.version, shown.measure_run_id, shown.marts, shown.as_of_date, shown.published_at,
    before.version as previous_version, before.marts as previous_marts,
    newest.version as newest_version, newest.is_kept as is_newest_kept,
    -- Publishing keeps one earlier version; the list of publications is longer.
    before.version is not null and to_regnamespace('marts_v' || before.version) is not null
        as has_version_before,
    runs.day, runs.run_id, runs.sources_present,
    runs.sources_missing
from quality.publications as shown
inner join quality.measure_runs as runs on shown.measure_run_id = runs.measure_run_id
cross join lateral (
    select version, to_regnamespace('marts_v' || version) is not null as is_kept
    from quality.publications
    order by version desc
    limit 1
) as newest
left join lateral (
    select version, marts from quality.publications
    where version < shown.version
    order by version desc
    limit 1
) as before on true
where shown.is_current
"""

_RUNS = """
select
    runs.measure_run_id, runs.day, runs.as_of_date, runs.run_id, runs.status,
    runs.sources_present, runs.sources_missing, runs.opened_at, runs.closed_at, runs.version,
    coalesce(shown.is_current, false) as is_current,
    (
        select count(*) from quality.measure_run_loads as pinned
        where pinned.measure_run_id = runs.measure_run_id
    ) as load_count,
    -- A measure run that is opened again by clearing keeps Airflow's run_id: what was checked while
    -- this one was open is its own.
    (
        select count(*) filter (where not checked.success and checked.severity = 'critical')
        from (
            select distinct on (table_name, expectation, column_name) success, severity
            from quality.expectation_results as results
            where
                results.suite = 'marts' and results.run_id = runs.run_id
                and results.partition_key = runs.day::text
                and results.checked_at >= runs.opened_at
                and (runs.closed_at is null or results.checked_at <= runs.closed_at)
            order by table_name, expectation, column_name, result_id desc
        ) as checked
    ) as critical_count,
    (
        select min(newer.measure_run_id) from quality.measure_runs as newer
        where
            newer.measure_run_id > runs.measure_run_id
            and (runs.closed_at is null or newer.opened_at <= runs.closed_at)
    ) as newer_run_id,
    (
        select max(earlier.as_of_date) from quality.measure_runs as earlier
        where
            earlier.measure_run_id < runs.measure_run_id
            and earlier.status = 'published' and earlier.closed_at <= runs.opened_at
    ) as published_before
from quality.measure_runs as runs
left join quality.publications as shown on runs.measure_run_id = shown.measure_run_id
where
    case %(status)s::text
        when 'published' then runs.status = 'published'
        when 'held' then runs.status in ('refused', 'failed', 'superseded')
        else true
    end
"""

# The newest run that came to an end of its own, and the run that is being built after it.
_LAST_ENDED = (
    "with ended as ("
    + _RUNS
    + """)
select
    ended.*,
    (
        select max(measure_run_id) from quality.measure_runs
        where status = 'open' and measure_run_id > ended.measure_run_id
    ) as open_run_id
from ended
where ended.status not in ('open', 'superseded')
order by ended.measure_run_id desc
limit 1
"""
)

# Loaded, yet not announced: the source's check failed, or never ran.
_HELD_DAYS = """
with loaded as (
    select source, partition_key, max(loaded_at) as loaded_at
    from quality.load_windows
    where partition_key not like '%%T%%' and partition_key >= %(since)s
    group by source, partition_key
),

failing as (
    select source, partition_key, expectation, table_name, unexpected_count, result_id
    from quality.newest_expectation_results
    where partition_key >= %(since)s and not success and severity = 'critical'
)

select
    loaded.source, loaded.partition_key, loaded.loaded_at,
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'result_id', failing.result_id, 'expectation', failing.expectation,
                'table_name', failing.table_name, 'unexpected_count', failing.unexpected_count
            )
            order by failing.result_id
        ) filter (where failing.result_id is not null), '[]'
    ) as failures
from loaded
left join quality.source_arrivals as arrivals
    on loaded.source = arrivals.source and loaded.partition_key = arrivals.day::text
left join failing
    on loaded.source = failing.source and loaded.partition_key = failing.partition_key
where arrivals.source is null
group by loaded.source, loaded.partition_key, loaded.loaded_at
order by loaded.partition_key desc, loaded.source
limit 100
"""

_WAITING_DAYS = """
select
    arrivals.day, array_agg(arrivals.source order by arrivals.source) as sources,
    (
        select max(taken_back.version) from quality.publications as taken_back
        where taken_back.as_of_date >= arrivals.day
    ) as version_taken_back
from quality.source_arrivals as arrivals
where
    arrivals.day > coalesce(
        (select as_of_date from quality.publications where is_current), '-infinity'::date
    )
group by arrivals.day
order by arrivals.day desc
limit 60
"""

_RESTATED = """
select
    measure_run_id, measured_date, cause, currency_code, is_restated,
    count(*) as row_count, count(distinct creator_id) as creator_count,
    min(metric_date) as first_date, max(metric_date) as last_date,
    sum(affected_order_count) as affected_order_count,
    sum(net_revenue_difference_amount) as difference_amount
from marts.mart_restatements
where attribution_model = %(model)s and (is_restated or not %(restated_only)s)
group by measure_run_id, measured_date, cause, currency_code, is_restated
"""

_RESTATED_ROWS = """
select *
from marts.mart_restatements
where
    attribution_model = %(model)s
    and (is_restated or not %(restated_only)s)
    and (%(cause)s::text is null or cause = %(cause)s)
    and (%(run)s::bigint is null or measure_run_id = %(run)s)
"""

_MODELS = "select distinct attribution_model as name from marts.mart_restatements order by 1"
_REPORTED = """
select attribution_model from marts.mart_campaign_profile
order by start_date desc, campaign_id limit 1
"""
_CAUSES = "select distinct cause as name from marts.mart_restatements order by 1"


def read_current(snapshot: Snapshot) -> Row | None:
    """Return the publication readers see with its marts' row counts; None before the first."""
    found = snapshot.rows(_CURRENT)
    return found[0] if found else None


def read_runs(snapshot: Snapshot, *, status: str | None = None, number: int = 1) -> Slice:
    """Return one page of measure runs, newest first; status: published, held or None for all."""
    found = read_slice(snapshot, _RUNS, "measure_run_id desc", {"status": status}, number)
    rows = [{**row, "explanation": explain_run(row)} for row in found.rows]
    return Slice(rows, found.number, found.pages, found.total)


def read_last_failure(snapshot: Snapshot) -> Row | None:
    """Return the newest measure run, with its explanation, if it ended without publishing.

    A run that is still being built says nothing yet: it stands in `open_run_id`.
    """
    found = snapshot.rows(_LAST_ENDED, {"status": None})
    if not found or found[0]["status"] == "published":
        return None
    return {**found[0], "explanation": explain_run(found[0])}


def explain_run(run: Row) -> str:
    """Say in one sentence what became of a measure run and, if it published nothing, why."""
    missing = ", ".join(run["sources_missing"])
    newer = run["newer_run_id"]
    match run["status"]:
        case "published":
            return f"without {missing}" if missing else "complete"
        case "open":
            return "being built; readers keep the version before"
        case "superseded":
            return f"run {newer} opened before it was done" if newer else "a newer run took over"
        case "refused":
            return _explain_refusal(run)
    if run["critical_count"]:
        return f"{_count(run['critical_count'], 'critical check')} of the new marts failed"
    return "a task failed; its log in Airflow names the message"


def read_held_days(snapshot: Snapshot, since: dt.date) -> list[Row]:
    """Return the days a source has loaded but not announced, with the critical checks it failed."""
    return snapshot.rows(_HELD_DAYS, {"since": since.isoformat()})


def read_waiting_days(snapshot: Snapshot, enabled: Sequence[str]) -> list[Row]:
    """Return the announced days after the published one, with the sources they wait for."""
    rows = snapshot.rows(_WAITING_DAYS)
    return [{**row, "missing": sorted(set(enabled) - set(row["sources"]))} for row in rows]


def read_models(snapshot: Snapshot) -> list[str]:
    """Return the attribution models with restatements, the newest campaign's own at the front."""
    if not snapshot.columns(RESTATEMENTS):
        return []
    names = [row["name"] for row in snapshot.rows(_MODELS)]
    reported = snapshot.row(_REPORTED) if snapshot.columns(PROFILE) else None
    first = reported["attribution_model"] if reported else FIRST_MODEL
    return sorted(names, key=lambda name: (name != first, name))


def read_causes(snapshot: Snapshot) -> list[str]:
    """Return the causes that occur, for the filter."""
    if not snapshot.columns(RESTATEMENTS):
        return []
    return [row["name"] for row in snapshot.rows(_CAUSES)]


def read_restated_sums(
    snapshot: Snapshot, model: str, *, restated_only: bool, number: int = 1
) -> Slice:
    """Return the changes per measure run and cause, newest run first."""
    bound = {"model": model, "restated_only": restated_only}
    order = "measure_run_id desc, is_restated desc, abs(difference_amount) desc, cause"
    return read_slice(snapshot, _RESTATED, order, bound, number)


def read_restated_rows(
    snapshot: Snapshot,
    model: str,
    *,
    restated_only: bool,
    cause: str | None = None,
    run: int | None = None,
    number: int = 1,
) -> Slice:
    """Return the changed figures of creators and days, newest run and largest change first."""
    bound = {"model": model, "restated_only": restated_only, "cause": cause, "run": run}
    order = (
        "measure_run_id desc, abs(net_revenue_difference_amount) desc, campaign_id, creator_id,"
        " metric_date, cause"
    )
    found = read_slice(snapshot, _RESTATED_ROWS, order, bound, number)
    return dataclasses.replace(found, rows=name_rows(snapshot, found.rows))


def _explain_refusal(run: Row) -> str:
    before = run["published_before"]
    if before is not None and (run["as_of_date"] is None or run["as_of_date"] < before):
        return f"it stands as of {run['as_of_date']}, readers already had {before}: never backwards"
    if run["newer_run_id"]:
        return f"run {run['newer_run_id']} had opened since: only the newest run publishes"
    return "a mart was missing or is read from outside; the log of publish_marts names it"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
