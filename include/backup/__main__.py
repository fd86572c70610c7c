"""`python -m include.backup save DIR | check DIR | restore DIR`; see docs/runbook.md.

save     write a backup into a new folder, while everything runs
check    compare the files of a backup with what was written
restore  bring it back into an empty place, and verify every table
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg

from include.backup.manifest import Backup, check_files, read_backup
from include.backup.restore import restore
from include.backup.save import save
from include.errors import BackupRefused, GroundswellError
from include.services.credentials import read_secrets
from include.settings import Settings, read_settings
from include.warehouse.server import is_embedded


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 1 after saying on stderr what is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m include.backup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["save", "check", "restore"])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--without-landing", action="store_true", help="save: leave landed pages out"
    )
    parser.add_argument(
        "--without-secrets", action="store_true", help="save: leave secrets.json out"
    )
    options = parser.parse_args(arguments)
    try:
        print(_run(options))
    except (GroundswellError, psycopg.Error, OSError) as error:
        print(f"{options.command} failed: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> str:
    """Do what was asked; return the sentence that ends it."""
    settings, folder = read_settings(), options.folder.resolve()
    if options.command == "check":
        backup = read_backup(folder)
        check_files(folder, backup)
        return f"{folder} is whole: {_describe(backup)}"
    if options.command == "restore":
        backup = restore(settings, folder, say=_say)
        return f"restored and verified: {_describe(backup)}; start with: make ui"
    _require_warehouse(settings)
    backup = save(
        settings,
        read_secrets(settings.data_dir),
        folder,
        has_landing=not options.without_landing,
        has_secrets=not options.without_secrets,
        say=_say,
    )
    return f"saved to {folder}: {_describe(backup)}"


def _require_warehouse(settings: Settings) -> None:
    """Raise `BackupRefused` where there is nothing to save; reading secrets would make some."""
    if is_embedded() and not (settings.data_dir / "postgres").exists():
        raise BackupRefused(f"there is no warehouse in {settings.data_dir}")


def _describe(backup: Backup) -> str:
    tables = [state for found in backup.tables.values() for state in found.values()]
    size = sum(file.byte_count for file in backup.files) / 1e6
    pages = next((f.entries for f in backup.files if f.name == "landing.tar"), None)
    landed = "no landing" if pages is None else f"{pages:,} landed files"
    return (
        f"made {backup.made_at}, as of {backup.as_of_date or 'no publication'}, {len(tables)} "
        f"tables with {sum(state.row_count for state in tables):,} rows, {landed}, {size:,.0f} MB"
    )


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
