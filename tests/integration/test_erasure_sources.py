"""Every source that names persons: what an erasure looks at, in its own pages and tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from erasure_pages import CASES, Case
from erasure_shop import AT_ONCE, files_with, tables_with

from include.privacy.erasure import Places
from include.privacy.requests import process_requests
from include.replay import replay_all
from include.sources._base import Source
from tests.conftest import Warehouse
from tests.fakes.small_shop import Loader, fetch_handed
from tests.fakes.watched_folder import HASH_KEY

CONNECTION = "small_shop"  # the loader's
# What a load makes of a row, and GA4's hash of an event, which is another one without its user.
ROW = "select to_jsonb(t) - '{{_load_id,_loaded_at,_content_hash,event_key}}'::text[] from {} t"


@dataclass
class Erased:
    """A source loaded with Ana and Bea in it, and a request of Ana's."""

    case: Case
    warehouse: Warehouse
    folder: Path

    def __post_init__(self) -> None:
        streams = tuple(replace(s, fetch=fetch_handed) for s in self.case.source.streams)
        self.source: Source = replace(self.case.source, streams=streams)
        self.landing = self.folder / "landing"
        dsn = self.warehouse.dsn("loader")
        self.loader = Loader(dsn, str(self.landing), source=self.source, hash_key=HASH_KEY)
        self.places = Places(dsn, self.warehouse.dsn("transformer"), str(self.landing), HASH_KEY)

    def load(self) -> None:
        for name, pages in self.case.pages.items():
            self.loader.run(self.source.stream(name), *pages)

    def forget(self) -> None:
        inbox = self.folder / "privacy" / "inbox" / "customers-redact"
        inbox.mkdir(parents=True)
        request = {"connection_id": CONNECTION, "customer": self.case.customer}
        (inbox / "by-hand.json").write_text(json.dumps(request))
        for _ in range(2):
            process_requests(
                self.places, self.folder / "privacy", {CONNECTION: self.source}, settle=AT_ONCE
            )

    def found(self) -> list[str]:
        tables = tables_with(self.warehouse.admin_dsn, *self.case.texts)
        return tables + files_with(self.landing, *self.case.texts)

    def rows(self) -> dict[str, list[str]]:
        found = {}
        with psycopg.connect(self.warehouse.admin_dsn) as conn:
            for name in self.case.pages:
                query = ROW.format(f"raw.{self.source.name}__{name}")
                rows = conn.execute(query.encode()).fetchall()
                found[name] = sorted(json.dumps(row, sort_keys=True) for (row,) in rows)
        return found

    def replay(self) -> None:
        for name in self.case.pages:
            with psycopg.connect(self.places.loader_dsn) as conn:
                conn.execute(f"delete from raw.{self.source.name}__{name}".encode())
                conn.execute("delete from quality.load_windows")
            replay_all(
                self.source,
                self.source.stream(name),
                CONNECTION,
                dsn=self.places.loader_dsn,
                landing_url=self.places.landing_url,
                hash_key=HASH_KEY,
            )


@pytest.mark.parametrize("build", CASES, ids=lambda build: build.__name__)
def test_a_person_leaves_every_place_and_does_not_come_back(
    build: Callable[[Path], Case], clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    case = build(tmp_path)
    erased = Erased(case, clean_warehouse, tmp_path)
    erased.load()
    tables = {f"raw.{case.source.name}__{name}" for name in case.pages}
    assert tables <= set(erased.found())  # the search finds what it is to find
    before = erased.rows()
    assert {name: len(rows) for name, rows in before.items()} == case.rows

    erased.forget()

    assert erased.found() == []
    after = erased.rows()
    # Bea's rows are what they were, Ana's are still there, under one token.
    for name, rows in after.items():
        changed = [row for row in rows if row not in before[name]]
        tokens = {word for row in changed for word in _tokens(json.loads(row))}
        assert len(tokens) == 1, changed
        assert len(rows) == case.rows[name]
        assert 1 <= len(changed) < case.rows[name]
    erased.replay()
    assert erased.rows() == after
    erased.load()
    assert erased.found() == []
    clean_warehouse.reset()


def _tokens(row: dict[str, Any]) -> list[str]:
    words = json.dumps(row).replace('"', " ").replace("/", " ").replace(",", " ").split()
    return [word.strip("@") for word in words if "erased-" in word]
