"""Frozen weeks: which of them have other paths by now, and asking for one to be solved again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import psycopg

from include.removal_effects import WeekPaths, read_newest, read_paths
from include.warehouse.connection import connect


@dataclass(frozen=True, slots=True)
class SolvedWeek:
    """The newest solve of a campaign's week.

    has_drifted: the week's paths are no longer those it was solved from (an open one follows with
    the next run, a frozen one waits for a refit).
    """

    campaign_id: str
    week_start: dt.date
    attribution_model: str
    conversion_count: int
    null_count: int
    is_frozen: bool
    has_drifted: bool
    solve_id: str


def list_weeks(dsn: str, campaign_id: str | None = None) -> list[SolvedWeek]:
    """Return the solved weeks of a campaign, or of all; `dsn` is the transformer's."""
    with connect(dsn) as connection:
        newest, paths = read_newest(connection), read_paths(connection)
    return [
        SolvedWeek(
            *week,
            row["attribution_model"],
            row["conversion_count"],
            row["null_count"],
            row["is_frozen"],
            paths.get(week, WeekPaths()).input_key() != row["input_key"],
            row["solve_id"],
        )
        for week, row in newest.items()
        if campaign_id in (None, week[0])
    ]


def request_refit(dsn: str, campaign_id: str, week_start: dt.date, reason: str) -> None:
    """Ask that the next measure run solves a frozen week again.

    Asking twice before that run is asking once. Raise ValueError for a week that was never solved
    and for one that is still open.
    """
    with connect(dsn) as connection:
        solves = read_newest(connection)
        found = solves.get((campaign_id, week_start))
        if found is None:
            known = ", ".join(f"{campaign} {monday}" for campaign, monday in solves)
            raise ValueError(
                f"there is no solve of campaign {campaign_id!r} for the week of {week_start}; "
                f"solved: {known or 'none'}"
            )
        if not found["is_frozen"]:
            raise ValueError(f"the week of {week_start} is open: every run solves it")
        connection.execute(
            """
            insert into analysis.markov_refits (campaign_id, week_start_date, request_reason)
            select %(campaign)s, %(week)s, %(reason)s
            where not exists (
                select from analysis.markov_refits
                where campaign_id = %(campaign)s and week_start_date = %(week)s
                    and solve_id is null
            )
            """,
            {"campaign": campaign_id, "week": week_start, "reason": reason},
        )


def has_waiting_refit(connection: psycopg.Connection) -> bool:
    """Say whether a refit waits for the next measure run."""
    row = connection.execute(
        "select exists (select from analysis.markov_refits where solve_id is null)"
    ).fetchone()
    return bool(row and row[0])
