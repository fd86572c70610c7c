"""Bring an installation back from a backup, into a place that holds none."""

from __future__ import annotations

import shutil
from pathlib import Path

from include.backup import archives, databases
from include.backup.manifest import Backup, check_files, mark_of, read_backup
from include.backup.save import DATABASES, FILES_FILE, LANDING_FILE, Say
from include.errors import BackupRefused
from include.landing.store import open_store
from include.services.credentials import CLAIM, Secrets, are_secrets_given, read_secrets
from include.services.credentials import FILE_NAME as SECRETS_FILE
from include.settings import Settings
from include.warehouse import ddl
from include.warehouse.server import admin_dsn, embedded_cluster, is_embedded


def restore(settings: Settings, folder: Path, *, say: Say = print) -> Backup:
    """Restore databases, landing, files and secrets; verify every table against the backup.

    Everything is checked before anything is written: the backup's files against their hashes, the
    target for being empty, the secrets for being those of the backup. Raise `BackupRefused` when
    one of them is not so, or when a restored table is not what was saved.
    """
    backup = read_backup(folder)
    say("checking the backup's files")
    check_files(folder, backup)
    _require_empty_folder(settings, backup)
    secrets = _bring_secrets(settings, folder, backup)
    if is_embedded():
        say(f"Postgres: starting a new cluster on port {settings.postgres_port}")
        embedded_cluster(settings, secrets).start()
    admin = admin_dsn(settings, secrets)
    for database in DATABASES:
        databases.require_empty(admin, database)
    ddl.make_databases(admin, secrets)
    for database in DATABASES:
        say(f"{database}: restoring")
        databases.restore(databases.database_dsn(admin, database), folder / f"{database}.dump")
        compare_tables(admin, database, backup)
    # Limits and search paths of roles belong to the server and are in no dump.
    ddl.migrate(admin, secrets, is_forced=True)
    _restore_files(settings, folder, backup, say)
    return backup


def _require_empty_folder(settings: Settings, backup: Backup) -> None:
    """Raise `BackupRefused` when the data folder or landing holds what a restore would mix with."""
    if is_embedded() and (settings.data_dir / "postgres").exists():
        raise BackupRefused(
            f"{settings.data_dir} already holds a warehouse; restore into another folder "
            "(GROUNDSWELL_DATA_DIR), or move this one away: make down, then mv"
        )
    has_landing = any(file.name == LANDING_FILE for file in backup.files)
    if has_landing and next(archives.list_landing(open_store(settings.landing_url)), None):
        raise BackupRefused(
            f"{settings.landing_url} already holds landed pages; restore into another folder "
            "(GROUNDSWELL_LANDING_URL), or move them away"
        )


def _bring_secrets(settings: Settings, folder: Path, backup: Backup) -> Secrets:
    """Put the backup's secrets into place, unless there are some; return those that hold.

    Raise `BackupRefused` when the key of personal values is another one than the backup's: hashes
    would no longer match, and the erasure list would find nobody.
    """
    kept = folder / SECRETS_FILE
    target = settings.data_dir / SECRETS_FILE
    if any(file.name == SECRETS_FILE for file in backup.files) and not target.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not any(settings.data_dir.iterdir()):
            (settings.data_dir / CLAIM).touch()
        draft = target.with_name(f".{SECRETS_FILE}.restored")
        draft.touch(mode=0o600)
        shutil.copyfile(kept, draft)
        draft.replace(target)
    elif not target.exists() and not are_secrets_given():
        raise BackupRefused(
            f"the backup holds no {SECRETS_FILE}: put the one of the installation into "
            f"{settings.data_dir} (mode 600), or set its GROUNDSWELL_ variables"
        )
    secrets = read_secrets(settings.data_dir)
    if mark_of(secrets.hash_key) != backup.key_mark:
        raise BackupRefused(
            f"hash_key of {target} (or GROUNDSWELL_HASH_KEY) is not the backup's: hashed personal "
            "values would no longer match; bring the secrets of the installation it was made of"
        )
    return secrets


def compare_tables(admin: str, database: str, backup: Backup) -> None:
    """Raise `BackupRefused` naming the first table that differs from what was saved."""
    saved = backup.tables[database]
    with databases.open_snapshot(databases.database_dsn(admin, database)) as (session, _):
        found = databases.read_tables(session)
    for name in sorted(saved.keys() | found.keys()):
        if saved.get(name) != found.get(name):
            raise BackupRefused(
                f"{database}: table {name} is restored as {found.get(name)}, saved was "
                f"{saved.get(name)}"
            )


def _restore_files(settings: Settings, folder: Path, backup: Backup, say: Say) -> None:
    """Write landing and the small files; raise `BackupRefused` when one got lost on the way."""
    archives.unpack_files(folder / FILES_FILE, settings.data_dir)
    for file in backup.files:
        if file.name != LANDING_FILE:
            continue
        say(f"landing: writing {file.entries} files")
        written = archives.unpack_landing(folder / LANDING_FILE, open_store(settings.landing_url))
        if written != file.entries:
            raise BackupRefused(f"{folder / LANDING_FILE} gave {written} of {file.entries} files")
