"""Command line of attribution.

python -m include.attribution cases FILE               run cases through dbt models and solver
python -m include.attribution explain ORDER            an order's touches, weights and cents
python -m include.attribution creator CREATOR DAY      a creator's day: orders, what changed
python -m include.attribution weeks [CAMPAIGN]         the solved weeks and which have drifted
python -m include.attribution refit CAMPAIGN WEEK      solve a frozen week again in the next run
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from include.attribution.cases import InvalidCases, read_cases
from include.attribution.cases_check import check_cases, format_results
from include.attribution.cases_sql import run_sql_cases
from include.attribution.explain import format_creator_day, format_order, format_table
from include.attribution.explain_changes import format_changes, format_week_changes
from include.attribution.explain_rows import (
    DEFAULT_RULE_VERSION,
    read_creator_day,
    read_orders,
    warehouse_dsn,
)
from include.errors import GroundswellError
from include.refits import list_weeks, request_refit


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when cases disagree or nothing is found, 2 when it failed."""
    options = build_parser().parse_args(arguments)
    try:
        if options.command == "cases":
            return run_cases(options.file)
        if options.command == "explain":
            return explain_order(options.order, options.rule_version)
        if options.command == "weeks":
            return show_weeks(options.campaign)
        if options.command == "refit":
            return refit_week(options.campaign, options.week, options.reason)
        return explain_creator(options.creator, options.day, options.rule_version)
    except (InvalidCases, ValueError, GroundswellError, psycopg.Error) as error:
        print(f"{options.command} failed: {error}", file=sys.stderr)
        return 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the five commands."""
    parser = argparse.ArgumentParser(prog="python -m include.attribution")
    commands = parser.add_subparsers(dest="command", required=True)
    cases = commands.add_parser("cases", help="run attribution cases; exit 0 only if all agree")
    cases.add_argument("file", type=Path)
    order = commands.add_parser("explain", help="why an order's credit is what it is")
    order.add_argument("order", help="the shop's order id or name, such as 1001")
    creator = commands.add_parser("creator", help="which orders make up a creator's day")
    creator.add_argument("creator", help="the creator as the plan names them")
    creator.add_argument("day", type=dt.date.fromisoformat, help="business date, YYYY-MM-DD")
    order.add_argument("--rule-version", default=DEFAULT_RULE_VERSION)
    creator.add_argument("--rule-version", help="instead of each campaign's own")
    weeks = commands.add_parser("weeks", help="which weeks are solved, frozen, drifted")
    weeks.add_argument("campaign", nargs="?", help="the campaign as the plan names it")
    refit = commands.add_parser("refit", help="have a frozen week solved again, once")
    refit.add_argument("campaign", help="the campaign as the plan names it")
    refit.add_argument("week", type=dt.date.fromisoformat, help="its Monday, YYYY-MM-DD")
    refit.add_argument("--reason", default="asked for by hand", help="kept with the request")
    return parser


def run_cases(file: Path) -> int:
    """Print how each case of a file compares; return 0 when all agree, else 1."""
    found = read_cases(file)
    results = check_cases(found, run_sql_cases(found.cases))
    print(format_results(results))
    return 1 if any(result.failures for result in results) else 0


def explain_order(order: str, rule_version: str) -> int:
    """Print every order of that id or name; return 1 when there is none."""
    found = read_orders(warehouse_dsn(), order, rule_version)
    if not found:
        print(f"core.fct_order has no order with the id or name {order!r}", file=sys.stderr)
        return 1
    print("\n\n".join(format_order(rows) for rows in found))
    return 0


def explain_creator(creator_id: str, day: dt.date, rule_version: str | None) -> int:
    """Print the orders behind a creator's day and what changed; return 1 for neither."""
    found = read_creator_day(warehouse_dsn(), creator_id, day, rule_version)
    print(format_creator_day(found))
    print("\nunder the campaign's own rule version, " + format_changes(found.changes))
    if found.week_changes:
        print("\n" + format_week_changes(found.week_changes))
    return 0 if found.credit or found.changes else 1


def show_weeks(campaign_id: str | None) -> int:
    """Print the solved weeks; return 1 when there are none."""
    found = list_weeks(warehouse_dsn(), campaign_id)
    lines = [
        [
            *(week.campaign_id, str(week.week_start), week.attribution_model),
            *(str(week.conversion_count), str(week.null_count)),
            *("frozen" if week.is_frozen else "open", "drifted" if week.has_drifted else ""),
            week.solve_id,
        ]
        for week in found
    ]
    header = ["campaign", "week", "model", "orders", "nulls", "state", "paths", "solve"]
    print(format_table(header, lines))
    return 0 if found else 1


def refit_week(campaign_id: str, week: dt.date, reason: str) -> int:
    """Ask for a refit; the next measure run answers it and mart_restatements says so."""
    request_refit(warehouse_dsn(), campaign_id, week, reason)
    print(f"the next measure run solves the week of {week} of campaign {campaign_id} again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
