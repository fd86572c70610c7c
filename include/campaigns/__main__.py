"""Command line of the campaign files.

python -m include.campaigns check FILE|FOLDER ...
python -m include.campaigns owner CODE DAY [FILE|FOLDER ...]
python -m include.campaigns pages SITE [FILE|FOLDER ...] [--shop ID] [--keep]
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
from include.campaigns.page_answers import ask_pages, keep_answers, pages_of
from include.campaigns.plan_set import PlanSet, read_plan_set
from include.campaigns.schedule import campaign_files, default_folder
from include.campaigns.shift import shift_folder
from include.errors import InvalidPlan, InvalidSettings, UnsafeAddress


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 when a file is wrong or nobody owns the code."""
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except (InvalidPlan, InvalidSettings, UnsafeAddress) as error:
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
    pages = commands.add_parser("pages", help="ask whether today's landing pages answer")
    pages.add_argument("site", metavar="SITE", help="the shop's own, such as https://shop.example")
    pages.add_argument("paths", type=Path, nargs="*", metavar="FILE|FOLDER")
    pages.add_argument("--shop", help="connection id; default: each file's main shop")
    pages.add_argument("--keep", action="store_true", help="tell mart_tracking_preflight")
    pages.set_defaults(run=_pages)
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


def _pages(options: argparse.Namespace) -> int:
    plans = _read(options.paths).plans
    now = dt.datetime.now(dt.UTC)
    wanted = pages_of(plans, options.shop, now)
    answers = ask_pages(options.site, wanted, now)
    for answer in answers:
        print(
            f"{'ok  ' if answer.is_answering else 'DEAD'}  {answer.landing_path}: {answer.answer}"
        )
    if not answers:
        print("no landing page is valid today in these files")
    if options.keep:
        # Only this needs a warehouse, and what knows where it is costs seconds to import.
        from include.attribution.explain_rows import warehouse_dsn
        from include.warehouse.connection import connect

        with connect(warehouse_dsn()) as connection:
            keep_answers(connection, answers)
    return 0 if all(answer.is_answering for answer in answers) else 1


def _schema(options: argparse.Namespace) -> int:
    print(schema_text(), end="")
    return 0


def _shift(options: argparse.Namespace) -> int:
    for copy in shift_folder(options.folder, options.target, options.days):
        print(copy)
    return 0


if __name__ == "__main__":
    sys.exit(main())
