"""Delete what is past its retention; every function may run again, and says what it did.

A `before` is the instant older things go; with `is_dry_run` nothing changes and the answer says
what would go. What something else still needs stays, however old: loads no publication has consumed
(they would never reach the marts), published runs whose loads are kept (they would be consumed
twice), landed pages of rows that wait in quarantine.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.landing.pages import MANIFEST, read_run
from include.landing.store import LocalStore, Store, open_store
from include.warehouse.connection import connect

# A run that was killed leaves pages without a manifest; no run takes a week.
UNFINISHED_AFTER = dt.timedelta(days=7)
# It may leave half a page, too; no page takes an hour to write.
PARTIAL_AFTER = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that things are kept; the defaults are those of docs/personal-data.md."""

    landing_days: int = 400
    quarantine_days: int = 90
    quality_days: int = 400
    airflow_days: int = 90
    answer_days: int = 30

    def before(self, name: str, now: dt.datetime) -> dt.datetime:
        """Return the instant before which `<name>_days` lets things go."""
        days: int = getattr(self, f"{name}_days")
        return now - dt.timedelta(days=days)


def delete_landing(
    landing_url: str, loader_dsn: str, before: dt.datetime, *, is_dry_run: bool = False
) -> dict[str, int]:
    """Delete runs landed before an instant; return runs by source.

    It is the time of landing that counts: a day of two years ago that was read last week stays.
    """
    store = open_store(landing_url)
    needed = _needed_runs(loader_dsn)
    deleted: dict[str, int] = {}
    for source, path in _runs(store, before.date()):
        if path in needed or not _is_older(store, path, before):
            continue
        deleted[source] = deleted.get(source, 0) + 1
        if not is_dry_run:
            _delete_run(store, path)
    if isinstance(store, LocalStore) and not is_dry_run:
        _tidy_folders(Path(store.url), dt.datetime.now(dt.UTC))
    return {f"landing.{source}": count for source, count in deleted.items()}


def delete_rejects(
    loader_dsn: str, before: dt.datetime, *, is_dry_run: bool = False
) -> dict[str, int]:
    """Delete rows of quarantine that were resolved before an instant; waiting ones stay."""
    return _run(loader_dsn, {"quarantine.rejects": _REJECTS}, is_dry_run, before=before)


def delete_quality(
    loader_dsn: str,
    transformer_dsn: str,
    before: dt.datetime,
    landed_before: dt.datetime,
    *,
    is_dry_run: bool = False,
) -> dict[str, int]:
    """Delete old rows of schema quality, in the order in which they lean on each other.

    Loads are kept as long as their pages: a replay asks them what is newer.
    """
    oldest = min(before, landed_before)
    deleted = _run(loader_dsn, _LOADERS, is_dry_run, before=before, oldest=oldest)
    return deleted | _run(transformer_dsn, _TRANSFORMERS, is_dry_run, before=before, oldest=oldest)


def delete_answers(
    folder: Path, before: dt.datetime, *, is_dry_run: bool = False
) -> dict[str, int]:
    """Delete answers to data requests, which hold everything about a person."""
    old = [
        path
        for path in (folder / "answers").glob("*.json")
        if path.stat().st_mtime < before.timestamp()
    ]
    for path in old if not is_dry_run else ():
        path.unlink(missing_ok=True)
    return {"answers": len(old)} if old else {}


def _run(
    dsn: str, statements: Mapping[str, str], is_dry_run: bool, **values: Any
) -> dict[str, int]:
    """Run deletions in one transaction, rolled back in a dry run; return rows by table."""
    with connect(dsn) as conn:
        counts = {
            table: conn.execute(text.encode(), values).rowcount
            for table, text in statements.items()
        }
        if is_dry_run:
            conn.rollback()
    return {table: count for table, count in counts.items() if count}


_REJECTS = "delete from quarantine.rejects where resolved_at < %(before)s"
_LOADERS = {
    "quality.expectation_results": (
        "delete from quality.expectation_results where checked_at < %(before)s"
    ),
    "quality.load_windows": """
        delete from quality.load_windows as old
        where old.loaded_at < %(oldest)s
            and exists (
                select from quality.load_windows as newer
                where newer.source = old.source and newer.stream = old.stream
                    and newer.connection_id = old.connection_id and newer.load_id > old.load_id
            )
            and (
                old.status = 'skipped'
                or exists (
                    select from quality.measure_run_loads as pinned
                    inner join quality.measure_runs as run
                        on pinned.measure_run_id = run.measure_run_id
                    where pinned.load_id = old.load_id and run.status = 'published'
                )
            )
    """,
    "quality.source_arrivals": """
        delete from quality.source_arrivals as old
        where old.arrived_at < %(before)s
            and exists (
                select from quality.source_arrivals as newer
                where newer.source = old.source and newer.day > old.day
            )
    """,
}
_TRANSFORMERS = {
    "quality.publications": """
        delete from quality.publications as old
        where old.published_at < %(before)s and not old.is_current
            and to_regnamespace('marts_v' || old.version) is null
            and old.version < (select max(version) from quality.publications)
    """,
    "quality.measure_runs": """
        delete from quality.measure_runs as old
        where old.opened_at < %(before)s and old.status <> 'open'
            and not exists (
                select from quality.publications as p
                where p.measure_run_id = old.measure_run_id
            )
            and (
                old.status <> 'published'
                or not exists (
                    select from quality.measure_run_loads as pinned
                    where pinned.measure_run_id = old.measure_run_id
                )
            )
    """,
}


def _needed_runs(loader_dsn: str) -> set[str]:
    with connect(loader_dsn) as conn:
        rows = conn.execute(
            "select distinct landing_path from quarantine.rejects"
            " where resolved_at is null and landing_path is not null"
        ).fetchall()
    return {path for (path,) in rows}


def _runs(store: Store, before: dt.date) -> Iterator[tuple[str, str]]:
    """Yield (source, path) of the runs whose window may have been landed before a date."""
    for source in store.list_names(""):
        for connection_id in store.list_names(source):
            for stream in store.list_names(f"{source}/{connection_id}"):
                folder = f"{source}/{connection_id}/{stream}"
                for key in store.list_names(folder):
                    if _may_be_older(key, before):
                        for run in store.list_names(f"{folder}/{key}"):
                            yield source, f"{folder}/{key}/{run}"


def _may_be_older(key: str, before: dt.date) -> bool:
    """A day is never landed before it is over; what is no day is looked at."""
    try:
        return dt.date.fromisoformat(key[:10]) < before
    except ValueError:
        return True


def _is_older(store: Store, path: str, before: dt.datetime) -> bool:
    run = read_run(store, path)
    # Whose pages are unfinished may still be written; `_tidy_folders` knows their age.
    return run is not None and run.header.landed_at < before


def _delete_run(store: Store, path: str) -> None:
    """Delete a run, its manifest first: what is left half way is no run."""
    store.clear_partials(path)
    for name in sorted(store.list_names(path), key=lambda name: name != MANIFEST):
        store.delete(f"{path}/{name}")


def _tidy_folders(root: Path, now: dt.datetime) -> None:
    """Delete what killed runs left behind, and folders that have been empty for long."""
    before = now - UNFINISHED_AFTER
    folders = sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True)
    # Taken beforehand: deleting a folder makes the one above look new.
    changed_at = {folder: folder.stat().st_mtime for folder in folders}
    for folder in folders:
        files = list(folder.iterdir())
        is_run = any(file.is_file() for file in files)
        _delete_old([f for f in files if f.name.startswith(".")], now - PARTIAL_AFTER)
        if is_run and not (folder / MANIFEST).exists():
            _delete_old(files, before)
        elif not files and changed_at[folder] < before.timestamp():
            folder.rmdir()


def _delete_old(files: list[Path], before: dt.datetime) -> None:
    for file in files:
        try:
            if file.is_file() and file.stat().st_mtime < before.timestamp():
                file.unlink()
        except FileNotFoundError:
            continue  # Somebody else was faster.
