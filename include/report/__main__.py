"""Print what was published: the creators' scorecard, a campaign, one day.

    python -m include.report scorecard [--model linear] [--json]
    python -m include.report campaign  [--campaign serum_launch]
    python -m include.report day       [--day 2026-11-20]

Without options: the only campaign, its own model and rule version, the newest day. Reads the marts
alone, as bi_reader, of the warehouse `make dsn` names.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
from collections.abc import Sequence

import psycopg
from rich.console import Console

from include.errors import GroundswellError
from include.report.reports import BUILDERS, Report, scope_line, to_document
from include.report.scope import Wanted
from include.report.warehouse import open_marts, reader_dsn
from include.settings import read_settings

WIDTH = 120  # where there is no terminal, in characters


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a report; return 0, or 1 after saying on stderr what is wrong and what is allowed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.day and options.report != "day":
        parser.error(f"--day belongs to the report day, {options.report} is of a whole campaign")
    wanted = Wanted(options.campaign, options.model, options.rule_version, options.day)
    try:
        with open_marts(reader_dsn(read_settings())) as marts:
            report = BUILDERS[options.report](marts, wanted)
    except (GroundswellError, psycopg.Error) as error:
        print(f"{options.report} failed: {error}", file=sys.stderr)
        return 1
    try:
        if options.json:
            print(json.dumps(to_document(report), indent=2, ensure_ascii=False))
        else:
            show(report)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough (`| head`); Python would complain again as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def show(report: Report) -> None:
    """Print a report as tables."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    console.print(scope_line(report.scope), markup=False)
    for sheet in report.sheets:
        if sheet.columns and sheet.rows:
            console.print(sheet.to_table())
        elif sheet.columns:
            console.print(f"{sheet.title}: nothing", markup=False)
        if sheet.name in report.remarks:
            console.print(report.remarks[sheet.name], markup=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m include.report",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("report", choices=BUILDERS)
    parser.add_argument("--campaign", metavar="ID", help="default: the only one that is published")
    parser.add_argument(
        "--model", metavar="NAME", help="attribution model; default: the campaign's"
    )
    parser.add_argument("--rule-version", metavar="NAME", help="default: the campaign's")
    parser.add_argument(
        "--day", type=_day, metavar="YYYY-MM-DD", help="of the report `day`; default: the newest"
    )
    parser.add_argument("--json", action="store_true", help="print an object for machines")
    return parser


def _day(value: str) -> dt.date:
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{value!r} is not a day; allowed: YYYY-MM-DD such as 2026-11-20"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
