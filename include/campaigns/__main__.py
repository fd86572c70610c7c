"""Command line of the campaign files.

python -m include.campaigns check FILE|FOLDER
python -m include.campaigns shift FOLDER TARGET --days N
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from include.campaigns.plan import load_plans, read_plan_file
from include.campaigns.schedule import campaign_files, read_schedule_facts
from include.campaigns.shift import shift_folder
from include.errors import InvalidPlan


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 1 when a file is wrong."""
    parser = argparse.ArgumentParser(prog="python -m include.campaigns")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="validate a campaign file or a folder of them")
    check.add_argument("path", type=Path)
    shift = commands.add_parser("shift", help="write copies with all dates moved")
    shift.add_argument("folder", type=Path)
    shift.add_argument("target", type=Path)
    shift.add_argument("--days", type=int, required=True)
    options = parser.parse_args(arguments)
    try:
        if options.command == "check":
            _check(options.path)
        else:
            for copy in shift_folder(options.folder, options.target, options.days):
                print(copy)
    except InvalidPlan as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _check(path: Path) -> None:
    files = campaign_files(path) if path.is_dir() else (path,)
    if path.is_dir():
        load_plans(path)
        read_schedule_facts(path)
    for file in files:
        found = read_plan_file(file)
        for warning in found.warnings:
            print(f"warning: {warning}")
        campaign = found.plan.campaign
        print(
            f"{file}: ok, campaign {campaign.id}, {campaign.start_date} to {campaign.end_date}, "
            f"{len(found.plan.creators)} creators"
        )


if __name__ == "__main__":
    sys.exit(main())
