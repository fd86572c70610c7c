"""What the tasks of a day do, one function each; the DAGs and `make demo` call the same ones.

A `read` argument turns a connection id into a `Connection`: Airflow tasks pass a reader that asks
Airflow, everything else reads the environment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from include.connections import read_connection
from include.settings import read_settings
from include.sources import discover_sources
from include.sources._base import Connection, Source, Stream

if TYPE_CHECKING:
    from include.campaigns.schedule import ScheduleFacts
    from include.ingest import StreamResult
    from include.measure import MeasureRun
    from include.quality import CheckReport
    from include.warehouse.publish import Publication

ReadConnection = Callable[[str], Connection]


def schedule_facts() -> ScheduleFacts:
    """Return which connections a day waits for and the reporting time zone (reads two keys)."""
    from include.campaigns.schedule import read_schedule_facts

    return read_schedule_facts(read_settings().campaigns_dir)


def connections_of(source: str, enabled: Sequence[str]) -> list[str]:
    """Return the enabled connection ids of a source: `<source>` or `<source>__<name>`."""
    return [conn_id for conn_id in enabled if conn_id.split("__", 1)[0] == source]


def enabled_sources(enabled: Sequence[str]) -> list[str]:
    """Return the names of the sources that have an enabled connection, sorted."""
    return sorted({conn_id.split("__", 1)[0] for conn_id in enabled})


def lookup_targets(source: Source) -> dict[str, tuple[str, ...]]:
    """Return the creators' handles the plan wants looked up on the source's platform."""
    from include.campaigns.plan_set import load_plans

    if source.platform is None:
        return {}
    handles = {
        account.handle
        for plan in load_plans(read_settings().campaigns_dir)
        for creator in plan.creators
        for account in creator.accounts
        if account.platform == source.platform and account.access_path != "own_account"
    }
    return {source.platform: tuple(sorted(handles))}


def load_streams(
    source: Source,
    streams: Sequence[Stream],
    conn_id: str,
    key: dt.date | str,
    *,
    run_id: str,
    read: ReadConnection = read_connection,
) -> list[StreamResult]:
    """Fetch, land and load the window of streams of one connection, one after the other.

    key: of a day, or of a window of a stream's own. One session of the warehouse serves them all:
    logging in and filling its caches takes longer than loading a small stream.
    """
    from include.ingest import run_stream, stream_window
    from include.warehouse.connection import connect, dsn_of

    connection = read(conn_id) if source.needs_connection else Connection(conn_id=conn_id)
    dsn, settings = dsn_of(read("warehouse_loader")), read_settings()
    timezone, targets = schedule_facts().reporting_timezone, lookup_targets(source)
    with connect(dsn, autocommit=True) as warehouse:
        return [
            run_stream(
                source,
                stream,
                connection,
                stream_window(stream, key, timezone),
                dsn=dsn,
                warehouse=warehouse,
                landing_url=settings.landing_url,
                hash_key=(read("privacy").password or "").encode(),
                run_id=run_id,
                targets=targets,
            )
            for stream in streams
        ]


def check_source_window(
    source: Source, key: dt.date | str, *, run_id: str, read: ReadConnection = read_connection
) -> CheckReport:
    """Check the rows a window's loads wrote; raise when a critical expectation fails.

    `source` holds the streams that share the window: `Source.part`.
    """
    from include.quality import check_source
    from include.warehouse.connection import dsn_of

    return check_source(dsn_of(read("warehouse_loader")), source, str(key), run_id)


def announce_source_day(
    source: Source,
    day: dt.date,
    *,
    run_id: str,
    is_part: bool = False,
    read: ReadConnection = read_connection,
) -> bool:
    """Record that a source's day has arrived; True when the day is now to be measured.

    is_part: only some of its connections were read. That is an arrival only of a day that had
    arrived before: of a new one the others are still missing.
    """
    from include.day_gate import announce_day
    from include.warehouse.connection import dsn_of

    if is_part and not has_arrived(source, day, read=read):
        return False
    enabled = enabled_sources(schedule_facts().sources)
    return announce_day(dsn_of(read("warehouse_loader")), source.name, day, enabled, run_id)


def has_arrived(source: Source, day: dt.date, *, read: ReadConnection = read_connection) -> bool:
    """Say whether a source has announced a day before."""
    from include.day_gate import arrived_sources
    from include.warehouse.connection import connect, dsn_of

    with connect(dsn_of(read("warehouse_loader"))) as connection:
        return source.name in arrived_sources(connection, day)


def run_source_day(
    name: str, day: dt.date, *, run_id: str, read: ReadConnection = read_connection
) -> bool:
    """Run a source's whole day in this process: every stream, the check, the announcement."""
    source = discover_sources()[name].part()
    for conn_id in connections_of(name, schedule_facts().sources):
        load_streams(source, source.streams, conn_id, day, run_id=run_id, read=read)
    check_source_window(source, day, run_id=run_id, read=read)
    return announce_source_day(source, day, run_id=run_id, read=read)


def run_own_window(
    name: str,
    stream_name: str,
    instant: dt.datetime,
    *,
    run_id: str,
    read: ReadConnection = read_connection,
) -> str:
    """Run the newest window, at an instant, of a stream that has its own; return its key.

    Load and check, as the stream's own DAG does; no day waits for it.
    """
    from include.ingest import newest_window_key

    source = discover_sources()[name].part(stream_name)
    key = newest_window_key(source.stream(stream_name), instant)
    for conn_id in connections_of(name, schedule_facts().sources):
        load_streams(source, source.streams, conn_id, key, run_id=run_id, read=read)
    check_source_window(source, key, run_id=run_id, read=read)
    return key


def close_waiting_day(day: dt.date, *, read: ReadConnection = read_connection) -> bool:
    """True when the day waits for a source at the deadline and is to be measured without it."""
    from include.day_gate import close_day
    from include.warehouse.connection import dsn_of

    enabled = enabled_sources(schedule_facts().sources)
    return close_day(dsn_of(read("warehouse_loader")), day, enabled)


def open_run(
    day: dt.date,
    *,
    run_id: str,
    is_forced: bool = False,
    read: ReadConnection = read_connection,
) -> MeasureRun | None:
    """Open a measure run; None when nothing changed since the last publication, unless forced."""
    from include.measure import open_measure_run
    from include.warehouse.connection import dsn_of

    enabled = enabled_sources(schedule_facts().sources)
    dsn = dsn_of(read("warehouse_transformer"))
    return open_measure_run(dsn, day, enabled, run_id, is_forced=is_forced)


def build_staging(*, read: ReadConnection = read_connection) -> None:
    """Load seeds; build and test the views over raw: of enabled sources and those facts read."""
    from include.dbt_tasks import LEAN, idle_staging, run_dbt, staged_views

    idle = idle_staging(enabled_sources(schedule_facts().sources))
    exclude = ["--exclude", *idle] if idle else []
    # Cautious: a test that also looks at a fact waits until that fact is built.
    chosen = ["--select", "path:models/staging", "resource_type:seed", *staged_views()]
    selected = [*chosen, *exclude, "--indirect-selection", "cautious"]
    not_unit_tests = ["--exclude-resource-type", "unit_test"]
    run_dbt(["--quiet", *LEAN, "build", *selected, *not_unit_tests], read("warehouse_transformer"))


def solve_run(measure_run_id: int, *, read: ReadConnection = read_connection) -> None:
    """Run everything between the two dbt groups: weigh, compare, estimate, score."""
    from include.measure import solve
    from include.warehouse.connection import dsn_of

    solve(dsn_of(read("warehouse_transformer")), measure_run_id)


def check_run(
    measure_run_id: int, *, run_id: str, read: ReadConnection = read_connection
) -> CheckReport:
    """Check the new marts; raise `PublishRefused` when a critical expectation fails."""
    from include.quality import check_marts
    from include.warehouse.connection import dsn_of

    return check_marts(dsn_of(read("warehouse_transformer")), measure_run_id, run_id)


def publish_run(
    measure_run_id: int, *, is_dry_run: bool = False, read: ReadConnection = read_connection
) -> Publication | None:
    """Publish the new marts and mark the run's loads as consumed.

    is_dry_run: put the run aside instead; its loads stay pending. Then there is no publication.
    """
    from include.dbt_tasks import mart_names
    from include.measure import close_measure_run
    from include.warehouse.connection import dsn_of
    from include.warehouse.publish import publish

    dsn = dsn_of(read("warehouse_transformer"))
    if is_dry_run:
        close_measure_run(dsn, measure_run_id, "superseded")
        return None
    return publish(dsn, measure_run_id, mart_names())


def fail_run(measure_run_id: int | None, *, read: ReadConnection = read_connection) -> str:
    """Close a run as failed, if one was opened; its loads stay pending. Return what that means."""
    from include.measure import close_measure_run
    from include.warehouse.connection import dsn_of

    if measure_run_id is None:
        return "no measure run was opened: the log of open_run says why"
    close_measure_run(dsn_of(read("warehouse_transformer")), measure_run_id, "failed")
    return (
        f"measure run {measure_run_id} is closed as failed, its loads wait for the next one: the "
        "log of the task that failed first says why; clear open_run once the cause is gone"
    )


def measure_day(
    day: dt.date,
    *,
    run_id: str,
    read: ReadConnection = read_connection,
    has_staging: bool = False,
    is_tested: bool = True,
) -> Publication | None:
    """Measure and publish a day in this process, in the steps of the DAG `measure_campaigns`.

    has_staging: seeds and staging views are those of this code, so they need not be made again.
    is_tested: False leaves dbt's tests to a later run, which tests the same tables whole; the
    checks before publication are made in any case.
    """
    from include.dbt_tasks import LEAN, idle_staging, run_dbt

    run = open_run(day, run_id=run_id, read=read)
    if run is None:
        return None
    transformer = read("warehouse_transformer")
    build = ["--quiet", *LEAN, "build", "--exclude-resource-type", "unit_test"]
    build += [] if is_tested else ["--exclude-resource-type", "test"]
    idle = idle_staging(enabled_sources(schedule_facts().sources))
    staging = ["path:models/staging", "resource_type:seed"] if has_staging else idle
    exclude = ["--exclude", "path:models/marts", *staging]
    run_dbt([*build, *exclude], transformer)
    solve_run(run.measure_run_id, read=read)
    run_dbt([*build, "--select", "path:models/marts"], transformer)
    check_run(run.measure_run_id, run_id=run_id, read=read)
    return publish_run(run.measure_run_id, read=read)
