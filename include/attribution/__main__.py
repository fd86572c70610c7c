"""Command line of attribution.

python -m include.attribution cases FILE    run cases through the dbt models and the solver
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from include.attribution.cases import InvalidCases, read_cases
from include.attribution.cases_check import check_cases, format_results
from include.attribution.cases_sql import run_sql_cases
from include.errors import GroundswellError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 when cases disagree, 2 when they could not be run."""
    parser = argparse.ArgumentParser(prog="python -m include.attribution")
    commands = parser.add_subparsers(dest="command", required=True)
    cases = commands.add_parser("cases", help="run attribution cases; exit 0 only if all agree")
    cases.add_argument("file", type=Path)
    options = parser.parse_args(arguments)
    try:
        return run_cases(options.file)
    except (InvalidCases, GroundswellError, psycopg.Error) as error:
        print(f"{options.command} failed: {error}", file=sys.stderr)
        return 2


def run_cases(file: Path) -> int:
    """Print how each case of a file compares; return 0 when all agree, else 1."""
    found = read_cases(file)
    results = check_cases(found, run_sql_cases(found.cases))
    print(format_results(results))
    return 1 if any(result.failures for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
