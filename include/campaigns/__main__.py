"""Command line of the campaign files.

python -m include.campaigns check FILE|FOLDER ...
python -m include.campaigns owner CODE DAY [FILE|FOLDER ...]
python -m include.campaigns schema
python -m include.campaigns shift FOLDER TARGET --days N
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from include.campaigns.editor_schema import schema_text
from include.campaigns.ownership import claims_of, code_key, owner_on
from include.campaigns.plan_set import PlanSet, read_plan_set
from include.campaigns.schedule import campaign_files, default_folder
from include.campaigns.shift import shift_folder
from include.errors import InvalidPlan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 when a file is wrong or nobody owns the code."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except InvalidPlan as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.campaigns")
    commands = parser.add_subparsers(required=True)
    check = commands.add_parser("check", help="validate campaign files, alone and together")
    check.add_argument("paths", type=Path, nargs="+", metavar="FILE|FOLDER")
    check.set_defaults(run=_check)
    owner = commands.add_parser("owner", help="say who owns a discount code on a day")
    owner.add_argument("code")
    owner.add_argument("day", type=dt.date.fromisoformat, help="YYYY-MM-DD, reporting time zone")
    owner.add_argument("paths", type=Path, nargs="*", metavar="FILE|FOLDER")
    owner.set_defaults(run=_owner)
    schema = commands.add_parser("schema", help="print the JSON Schema for editors")
    schema.set_defaults(run=_schema)
    shift = commands.add_parser("shift", help="write copies with all dates moved")
    shift.add_argument("folder", type=Path)
    shift.add_argument("target", type=Path)
    shift.add_argument("--days", type=int, required=True)
    shift.set_defaults(run=_shift)
    return parser


def _read(paths: Sequence[Path]) -> PlanSet:
    files: dict[Path, None] = {}
    for path in paths or [default_folder()]:
        files.update(dict.fromkeys(campaign_files(path) if path.is_dir() else (path,)))
    return read_plan_set(files)


def _check(options: argparse.Namespace) -> int:
    found = _read(options.paths)
    for warning in found.warnings:
        print(f"warning: {warning}")
    for file in found.files:
        campaign = file.plan.campaign
        print(
            f"{file.name}: ok, campaign {campaign.id}, {campaign.start_date} to "
            f"{campaign.end_date}, {len(file.plan.creators)} creators"
        )
    return 0


def _owner(options: argparse.Namespace) -> int:
    found, owners = _read(options.paths), 0
    for file in found.files:
        claims = claims_of(file.plan)
        for claim in owner_on(claims, "code", code_key(options.code), options.day):
            owners += 1
            print(
                f"{claim.scope}: {claim.creator_id}, campaign {claim.campaign_id}, from "
                f"{claim.span.valid_from} to {claim.span.valid_to or 'no end'} "
                f"({file.place(claim.location)})"
            )
    if not owners:
        print(f"nobody owns {options.code} on {options.day}", file=sys.stderr)
    return 0 if owners else 1


def _schema(options: argparse.Namespace) -> int:
    print(schema_text(), end="")
    return 0


def _shift(options: argparse.Namespace) -> int:
    for copy in shift_folder(options.folder, options.target, options.days):
        print(copy)
    return 0


if __name__ == "__main__":
    sys.exit(main())
