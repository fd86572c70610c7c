"""The Markov part of the solve: paths of a campaign's week in, removal effects per channel out.

A week is solved by every run while it is open and its paths change; with the run in which it is
over and its restatements are, the solve is frozen. What arrives later changes the orders, not the
removal effects: a frozen week is solved again only when somebody asks for it
(`python -m include.attribution refit`), as one solve with the reason `model_refit`.

Rows are added, never changed. Those of a run that did not publish are dropped by the next run, so
what nobody has seen is neither served for long nor frozen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from include.errors import PublishRefused
from include.warehouse.connection import connect
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

SEPARATOR = " > "
# A week is closed when its last day can no longer be restated: dbt's `restatement_days`.
RESTATEMENT_DAYS = 4
WEEK_DAYS = 7
# Goes into the hash of a week's paths: another way of solving is another input.
SOLVER = "chain-1"

OPEN_WEEK, WEEK_CLOSED, MODEL_REFIT = "open_week", "week_closed", "model_refit"

Week = tuple[str, dt.date]  # campaign_id, Monday
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WeekPaths:
    """The distinct paths of a campaign's week, by path; an empty week once had some."""

    rows: Sequence[Row] = ()

    def input_key(self) -> str:
        """Return a hash that is equal for the same paths, counts and money."""
        key = hashlib.sha256(SOLVER.encode())
        for row in self.rows:
            key.update(f"\n{row['channel_path']}|{row['conversion_count']}|".encode())
            key.update(f"{row['null_count']}|{row['net_revenue_amount']:.2f}".encode())
        return key.hexdigest()

    def total(self, column: str) -> Any:
        """Sum a column over the paths."""
        return sum(row[column] for row in self.rows)


@dataclass(frozen=True, slots=True)
class WeekState:
    """A week as the newest solve left it, and what this run has to do with it."""

    week: Week
    last: Row | None
    is_closed: bool
    refit_is_wanted: bool

    def reason(self, input_key: str) -> str | None:
        """Return why to solve the week now, None when the newest solve is to stay."""
        if self.last is None or not self.last["is_frozen"]:
            if self.is_closed:
                return WEEK_CLOSED
            is_same = self.last is not None and self.last["input_key"] == input_key
            return None if is_same else OPEN_WEEK
        return MODEL_REFIT if self.refit_is_wanted else None


@dataclass(frozen=True, slots=True)
class ChannelEffect:
    """A channel's removal effect and share (0-1); the interval is None without a conversion."""

    channel: str
    removal_effect: float
    share: float
    share_low: float | None
    share_high: float | None


@dataclass(frozen=True, slots=True)
class WeekSolution:
    """What one chain says; rates are None when the week holds no path at all."""

    attribution_model: str
    observed_rate: float | None
    p_conversion: float | None
    effects: tuple[ChannelEffect, ...]


def solve_weeks(dsn: str, measure_run_id: int) -> int:
    """Solve every open week whose paths changed, freeze those that closed, do wanted refits.

    `dsn` is the transformer's. Return the number of solves written. Raise `PublishRefused` for an
    unknown run and for a chain that contradicts its own paths: then nothing is written and nothing
    is published. Raise `Unavailable` when the warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        as_of_date = _run_date(connection, measure_run_id)
        forget_unpublished(connection)
        states = _read_states(connection, as_of_date)
        paths = read_paths(connection, [state.week for state in states])
        written = 0
        # Campaigns that run at once in one shop count the same paths: solved once for all of them.
        solved: dict[str, WeekSolution] = {}
        for state in states:
            found = paths.get(state.week, WeekPaths())
            input_key = found.input_key()
            reason = state.reason(input_key)
            if reason is not None:
                if input_key not in solved:
                    solved[input_key] = _solve_week(state.week, found)
                _write(connection, measure_run_id, state, reason, found, solved[input_key])
                written += 1
    log.info("solved %s weeks for measure run %s", written, measure_run_id)
    return written


def solve_paths(paths: WeekPaths) -> WeekSolution:
    """Solve one week's chain with intervals; `ChainInconsistent` when it contradicts its paths."""
    from include.attribution.bootstrap import bootstrap_markov
    from include.attribution.markov import CONVERTING_ONLY
    from include.attribution.paths import PathSummary

    if not paths.rows:
        return WeekSolution(CONVERTING_ONLY, None, None, ())
    summary = PathSummary.of_texts(
        [row["channel_path"] for row in paths.rows],
        SEPARATOR,
        [row["conversion_count"] for row in paths.rows],
        [row["null_count"] for row in paths.rows],
    )
    found = bootstrap_markov(summary)
    solution = found.solution
    orders, ends = paths.total("conversion_count"), paths.total("null_count")
    columns = (solution.removal_effects, solution.shares, found.share_low, found.share_high)
    effects = (
        ChannelEffect(channel, float(effect), float(share), _known(low), _known(high))
        for channel, effect, share, low, high in zip(solution.channels, *columns, strict=True)
    )
    return WeekSolution(
        solution.attribution_model, orders / (orders + ends), solution.p_conversion, tuple(effects)
    )


def is_closed(week_start: dt.date, as_of_date: dt.date) -> bool:
    """Say whether no day of the week can be restated any more as of a date."""
    last_day = week_start + dt.timedelta(days=WEEK_DAYS - 1)
    return last_day + dt.timedelta(days=RESTATEMENT_DAYS) <= as_of_date


def read_paths(
    connection: psycopg.Connection, weeks: Sequence[Week] | None = None
) -> dict[Week, WeekPaths]:
    """Return the paths of some weeks, of all for None, in an order that only they decide."""
    query: LiteralString = """
        select
            campaign_id, week_start_date, channel_path,
            conversion_count, null_count, net_revenue_amount
        from intermediate.int_path_summary
        where
            %(campaigns)s::text[] is null
            or (campaign_id, week_start_date) in (
                select * from unnest(%(campaigns)s::text[], %(weeks)s::date[])
            )
        order by campaign_id, week_start_date, channel_path collate "C"
    """
    chosen = {
        "campaigns": None if weeks is None else [campaign for campaign, _ in weeks],
        "weeks": None if weeks is None else [monday for _, monday in weeks],
    }
    rows: dict[Week, list[Row]] = {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(query, chosen):
            rows.setdefault((row["campaign_id"], row["week_start_date"]), []).append(row)
    return {week: WeekPaths(found) for week, found in rows.items()}


def read_newest(connection: psycopg.Connection) -> dict[Week, Row]:
    """Return the newest solve per campaign and week."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select distinct on (campaign_id, week_start_date) *
            from analysis.markov_solves
            order by campaign_id, week_start_date, measure_run_id desc
            """
        ).fetchall()
    return {(row["campaign_id"], row["week_start_date"]): row for row in rows}


def forget_unpublished(connection: psycopg.Connection) -> None:
    """Drop the solves of runs that never published, this run's own first try among them."""
    connection.execute(
        """
        delete from analysis.markov_solves as solves
        using quality.measure_runs as runs
        where solves.measure_run_id = runs.measure_run_id and runs.status <> 'published'
        """
    )


def _known(value: float) -> float | None:
    number = float(value)
    return None if number != number else number


def _run_date(connection: psycopg.Connection, measure_run_id: int) -> dt.date:
    row = connection.execute(
        "select coalesce(as_of_date, day) from quality.measure_runs where measure_run_id = %s",
        [measure_run_id],
    ).fetchone()
    if row is None:
        raise PublishRefused(f"there is no measure run {measure_run_id}")
    day: dt.date = row[0]
    return day


def _read_states(connection: psycopg.Connection, as_of_date: dt.date) -> list[WeekState]:
    """Return the weeks this run may have to solve: open ones, closing ones, wanted refits."""
    newest = read_newest(connection)
    wanted = set(
        connection.execute(
            "select campaign_id, week_start_date from analysis.markov_refits where solve_id is null"
        ).fetchall()
    )
    seen = connection.execute(
        "select distinct campaign_id, week_start_date from intermediate.int_path_summary"
    ).fetchall()
    states = [
        WeekState(week, newest.get(week), is_closed(week[1], as_of_date), week in wanted)
        for week in sorted({*newest, *seen})
    ]
    return [
        state
        for state in states
        if state.last is None or not state.last["is_frozen"] or state.refit_is_wanted
    ]


def _solve_week(week: Week, paths: WeekPaths) -> WeekSolution:
    from include.attribution.chain import ChainInconsistent

    campaign_id, monday = week
    try:
        return solve_paths(paths)
    except ChainInconsistent as error:
        raise PublishRefused(
            f"campaign {campaign_id}, week of {monday}: {error}; int_path_summary holds the paths"
        ) from error


def _write(
    connection: psycopg.Connection,
    measure_run_id: int,
    state: WeekState,
    reason: str,
    paths: WeekPaths,
    solution: WeekSolution,
) -> None:
    campaign_id, monday = state.week
    solve_id = f"{campaign_id}/{monday}/run-{measure_run_id}"
    connection.execute(
        """
        insert into analysis.markov_solves values (
            %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s
        )
        """,
        [
            *(solve_id, campaign_id, monday, solution.attribution_model, len(paths.rows)),
            *(paths.total(f"{column}_count") for column in ("conversion", "null")),
            *(paths.total("net_revenue_amount"), solution.observed_rate, solution.p_conversion),
            *(paths.input_key(), reason != OPEN_WEEK, reason),
            *(state.last["solve_id"] if state.last else None, measure_run_id),
        ],
    )
    _write_effects(connection, solve_id, solution.effects)
    if reason == MODEL_REFIT:
        connection.execute(
            """
            update analysis.markov_refits set solve_id = %s
            where campaign_id = %s and week_start_date = %s and solve_id is null
            """,
            [solve_id, campaign_id, monday],
        )


def _write_effects(
    connection: psycopg.Connection, solve_id: str, effects: Sequence[ChannelEffect]
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into analysis.markov_removal_effects values (%s, %s, %s, %s, %s, %s)",
            [(solve_id, *astuple(effect)) for effect in effects],
        )
