"""Make a backup of one installation while it runs."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg

from include.backup import archives, databases
from include.backup.manifest import FORMAT, Backup, BackupFile, TableState, mark_of, write_backup
from include.errors import BackupRefused
from include.landing.store import open_store
from include.services.credentials import FILE_NAME as SECRETS_FILE
from include.services.credentials import Secrets
from include.settings import Settings
from include.warehouse.ddl import AIRFLOW, WAREHOUSE
from include.warehouse.publish import read_current
from include.warehouse.server import admin_dsn

DATABASES = (WAREHOUSE, AIRFLOW)
LANDING_FILE = "landing.tar"
FILES_FILE = "files.tar"
Say = Callable[[str], None]


def save(
    settings: Settings,
    secrets: Secrets,
    folder: Path,
    *,
    has_landing: bool = True,
    has_secrets: bool = True,
    say: Say = print,
) -> Backup:
    """Write a backup into a folder that is new or empty.

    has_landing: False leaves landed pages out, for a bucket that keeps its own versions.
    has_secrets: False leaves `secrets.json` out; whoever restores must bring the same keys.
    Raise `BackupRefused` when the folder holds anything, `Unavailable` when a database cannot be
    read.
    """
    _make_folder(folder)
    admin = admin_dsn(settings, secrets)
    tables: dict[str, dict[str, TableState]] = {}
    as_of_date = version = None
    files = []
    for database in DATABASES:
        say(f"{database}: reading")
        target = folder / f"{database}.dump"
        with databases.open_snapshot(databases.database_dsn(admin, database)) as (session, name):
            databases.dump(databases.database_dsn(admin, database), target, name)
            tables[database] = databases.read_tables(session)
            if database == WAREHOUSE:
                as_of_date, version = _published(session)
            server_version = session.info.server_version
        files.append(archives.describe(target))
    files += _save_files(settings, folder, has_landing, has_secrets, say)
    backup = Backup(
        format=FORMAT,
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        server_version=server_version,
        as_of_date=as_of_date,
        published_version=version,
        key_mark=mark_of(secrets.hash_key),
        files=tuple(files),
        tables=tables,
    )
    write_backup(folder, backup)
    return backup


def _save_files(
    settings: Settings, folder: Path, has_landing: bool, has_secrets: bool, say: Say
) -> list[BackupFile]:
    """Write landing and the small files; return what was written."""
    files = []
    if has_landing:
        say(f"landing: reading {settings.landing_url}")
        target = folder / LANDING_FILE
        number = archives.pack_landing(open_store(settings.landing_url), target)
        files.append(archives.describe(target, number))
    target = folder / FILES_FILE
    files.append(archives.describe(target, archives.pack_files(settings.data_dir, target)))
    stored = settings.data_dir / SECRETS_FILE
    if has_secrets and stored.exists():
        target = folder / SECRETS_FILE
        target.touch(mode=0o600)
        shutil.copyfile(stored, target)
        files.append(archives.describe(target))
    return files


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty; name a new folder for each backup")
    folder.chmod(0o700)


def _published(session: psycopg.Connection) -> tuple[str | None, int | None]:
    """Return what readers see: its date and its version."""
    current = read_current(session)
    if current is None:
        return None, None
    return (current.as_of_date.isoformat() if current.as_of_date else None), current.version
