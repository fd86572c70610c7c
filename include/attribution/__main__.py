"""Command line of attribution.

python -m include.attribution cases FILE               run cases through dbt models and solver
python -m include.attribution explain ORDER            an order's touches, weights and cents
python -m include.attribution creator CREATOR DAY      the orders behind a creator's day
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
from include.attribution.explain import format_creator_day, format_order
from include.attribution.explain_rows import (
    DEFAULT_RULE_VERSION,
    read_creator_day,
    read_orders,
    warehouse_dsn,
)
from include.errors import GroundswellError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when cases disagree or nothing is found, 2 when it failed."""
    options = build_parser().parse_args(arguments)
    try:
        if options.command == "cases":
            return run_cases(options.file)
        if options.command == "explain":
            return explain_order(options.order, options.rule_version)
        return explain_creator(options.creator, options.day, options.rule_version)
    except (InvalidCases, GroundswellError, psycopg.Error) as error:
        print(f"{options.command} failed: {error}", file=sys.stderr)
        return 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the three commands."""
    parser = argparse.ArgumentParser(prog="python -m include.attribution")
    commands = parser.add_subparsers(dest="command", required=True)
    cases = commands.add_parser("cases", help="run attribution cases; exit 0 only if all agree")
    cases.add_argument("file", type=Path)
    order = commands.add_parser("explain", help="why an order's credit is what it is")
    order.add_argument("order", help="the shop's order id or name, such as 1001")
    creator = commands.add_parser("creator", help="which orders make up a creator's day")
    creator.add_argument("creator", help="the creator as the plan names them")
    creator.add_argument("day", type=dt.date.fromisoformat, help="business date, YYYY-MM-DD")
    for command in (order, creator):
        command.add_argument("--rule-version", default=DEFAULT_RULE_VERSION)
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


def explain_creator(creator_id: str, day: dt.date, rule_version: str) -> int:
    """Print the orders behind a creator's day; return 1 when there are none."""
    found = read_creator_day(warehouse_dsn(), creator_id, day, rule_version)
    print(format_creator_day(found))
    return 0 if found.credit else 1


if __name__ == "__main__":
    sys.exit(main())
