"""Keys made of a person's values: where another source's persons stand in a shop's tables.

Who answers a survey is known to the shop's built tables by the answer's address, who visits the
site by the visitor; both were another connection's to forget. And what the planner remembers of a
table's frequent values is a copy of them, too.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import Market

from include.http.redact import Redactor
from include.privacy.erasure import Person, Places, apply_erasure
from include.sources import discover_sources
from tests.conftest import Warehouse

KEY = b"the key of connection privacy"
MAIL, OTHERS = "ana@example.com", "bea@example.com"
VISITOR = "1234567890.1690000000"


def hashed(value: str) -> str:
    return Redactor(KEY, frozenset()).hash_value(value)


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


# As macros/identity.sql spells them.
BY_ANSWER = md5(f"shopify email {hashed(MAIL)}")
BY_VISIT = md5(f"shopify person {md5(f'ga4_export {hashed(VISITOR)}')}")
BY_OTHERS = md5(f"shopify email {hashed(OTHERS)}")


class Installation:
    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.places = Places(
            warehouse.dsn("loader"), warehouse.dsn("transformer"), str(folder / "landing"), KEY
        )
        with psycopg.connect(warehouse.admin_dsn) as connection:
            market = Market(connection, 1)
            market.record_load("shopify", "orders", dt.date(2026, 3, 14))
            # The load written by hand has a number of its own.
            connection.execute("alter sequence quality.load_windows_load_id_seq restart with 100")
            for line, mail in enumerate((MAIL, MAIL, OTHERS), start=2):
                market.add(
                    "files__post_purchase_survey", connection_id="files", file_name="s.csv",
                    line_number=line, response_id=str(line), customer_email=hashed(mail),
                )  # fmt: skip
            market.add(
                "ga4_export__events", connection_id="ga4_export", event_key="1",
                event_date=dt.date(2026, 3, 12), user_pseudo_id=hashed(VISITOR),
            )  # fmt: skip
        with psycopg.connect(warehouse.dsn("transformer")) as connection:
            connection.execute("create schema if not exists core")
            connection.execute("create table core.people (connection_id text, customer_id text)")
            connection.execute("create unique index on core.people (customer_id, connection_id)")
            rows = [(BY_ANSWER,), (BY_VISIT,), (BY_OTHERS,)]
            connection.cursor().executemany("insert into core.people values ('shopify', %s)", rows)
        for table in ("core.people", "raw.files__post_purchase_survey"):
            self.rows(f"analyze {table}")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.admin_dsn, autocommit=True) as connection:
            found = connection.execute(query.encode())
            return found.fetchall() if found.description else []

    def people(self) -> set[str]:
        return {key for (key,) in self.rows("select customer_id from core.people")}

    def statistics_with(self, value: str) -> list[tuple[Any, ...]]:
        return self.rows(
            "select starelid::regclass::text from pg_statistic as s"
            f" where strpos(s::text, '{value}') > 0"
        )

    def erase(self, connection_id: str, *values: str) -> None:
        [(request_id,)] = self.rows(
            "insert into secrets.privacy_requests (request_key, connection_id, topic, origin,"
            f" requested_at, due_at) values ('k{hash(values)}', '{connection_id}',"
            " 'customers/redact', 'file', now(), now()) returning request_id"
        )
        source = discover_sources()[connection_id]
        apply_erasure(self.places, source, connection_id, [Person(request_id, set(values))])


@pytest.fixture
def installation(clean_warehouse: Warehouse, tmp_path: Path) -> Installation:
    return Installation(clean_warehouse, tmp_path)


def test_an_answers_address_leaves_the_shops_tables(installation: Installation) -> None:
    assert installation.people() == {BY_ANSWER, BY_VISIT, BY_OTHERS}
    installation.erase("files", MAIL)
    [token] = installation.people() - {BY_VISIT, BY_OTHERS}
    assert token.startswith("erased-")


def test_an_address_the_shop_knows_is_the_shops_to_forget(installation: Installation) -> None:
    with psycopg.connect(installation.warehouse.admin_dsn) as connection:
        Market(connection, 2).add(
            "shopify__customers", connection_id="shopify", customer_id="7", email_hash=hashed(MAIL)
        )
    installation.erase("files", MAIL)
    assert BY_ANSWER in installation.people()


def test_a_visitor_leaves_the_shops_tables(installation: Installation) -> None:
    installation.erase("ga4_export", VISITOR)
    [token] = installation.people() - {BY_ANSWER, BY_OTHERS}
    assert token.startswith("erased-")


def test_a_forgotten_export_leaves_no_visitor_in_the_shops_tables(
    installation: Installation,
) -> None:
    installation.rows(
        "insert into secrets.privacy_requests (request_id, request_key, connection_id, topic,"
        " origin, requested_at, due_at) overriding system value"
        " values (99, 'all', 'ga4_export', 'shop/redact', 'file', now(), now());"
        "insert into secrets.erased_subjects (connection_id, identity, token, request_id)"
        " values ('ga4_export', '*', 'salt', 99)"
    )
    apply_erasure(installation.places, discover_sources()["ga4_export"], "ga4_export", [])
    [token] = installation.people() - {BY_ANSWER, BY_OTHERS}
    assert token.startswith("erased-")


def test_two_keys_of_one_person_that_become_one_are_one_row(installation: Installation) -> None:
    """An index that takes a value once is no reason to keep a person."""
    installation.rows("create table raw.sightings (connection_id text, who text unique)")
    installation.rows("grant all on raw.sightings to loader")
    installation.rows(
        f"insert into raw.sightings values ('files', '{hashed(MAIL)}'), ('files', '{MAIL}')"
    )
    installation.erase("files", MAIL)
    [(who,)] = installation.rows("select who from raw.sightings")
    assert who.startswith("erased-")


def test_the_planner_forgets_too(installation: Installation) -> None:
    assert installation.statistics_with(hashed(MAIL)) == [("raw.files__post_purchase_survey",)]
    assert installation.statistics_with(BY_ANSWER) == [("core.people",)]
    installation.erase("files", MAIL)
    assert installation.statistics_with(hashed(MAIL)) == []
    assert installation.statistics_with(BY_ANSWER) == []
