"""Rotated tokens: refreshed by one task at a time, sealed in the table."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet

from include.errors import BadCredentials, InvalidSettings, Unavailable
from include.ingest import run_stream
from include.sources._base import Connection, FetchContext, Page, TokenGrant
from include.warehouse.tokens import current_token, forget_token
from tests.conftest import Warehouse
from tests.fakes.small_shop import DAY, ORDERS, SHOP, order, page

HOUR = dt.timedelta(hours=1)
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def dsn(clean_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", OLD)
    return clean_warehouse.dsn("loader")


class Endpoint:
    """A token endpoint that voids a refresh token when it is used."""

    def __init__(self, lifetime: dt.timedelta = HOUR) -> None:
        self.lifetime = lifetime
        self.calls: list[str | None] = []
        self.valid = "seed"

    def refresh(self, last: TokenGrant | None) -> TokenGrant:
        used = last.refresh_token if last else "seed"
        self.calls.append(last.refresh_token if last else None)
        if used != self.valid:
            raise BadCredentials("that refresh token was used before")
        number = len(self.calls)
        self.valid = f"refresh-{number}"
        expires_at = dt.datetime.now(dt.UTC) + self.lifetime
        return TokenGrant(f"access-{number}", expires_at, self.valid)


def stored(dsn: str) -> list[tuple]:
    with psycopg.connect(dsn) as conn:
        return conn.execute("select * from secrets.oauth_token").fetchall()


def test_a_token_is_kept_until_it_is_about_to_expire(dsn: str) -> None:
    endpoint = Endpoint()
    assert current_token(dsn, "tiktok", endpoint.refresh) == "access-1"
    assert current_token(dsn, "tiktok", endpoint.refresh) == "access-1"
    with psycopg.connect(dsn) as conn:
        conn.execute("update secrets.oauth_token set expires_at = now()")
    # What is sealed counts, not the column beside it.
    assert current_token(dsn, "tiktok", endpoint.refresh) == "access-1"
    assert endpoint.calls == [None]

    short = Endpoint(lifetime=dt.timedelta(minutes=4))
    assert current_token(dsn, "other", short.refresh) == "access-1"
    assert current_token(dsn, "other", short.refresh) == "access-2"
    assert short.calls == [None, "refresh-1"]
    # A minute more than the leeway, and a token without an end.
    good, lasting = Endpoint(lifetime=dt.timedelta(minutes=6)), Endpoint()
    for _ in range(2):
        assert current_token(dsn, "good", good.refresh) == "access-1"
        without_end = current_token(
            dsn, "lasting", lambda last: replace(lasting.refresh(last), expires_at=None)
        )
        assert without_end == "access-1"


@pytest.mark.parametrize("has_token", [False, True])
def test_two_tasks_at_once_refresh_once(dsn: str, has_token: bool) -> None:
    """The second waits on the row; were it not locked, its refresh token would be void."""
    endpoint = Endpoint()
    if has_token:
        endpoint.lifetime = dt.timedelta(0)
        current_token(dsn, "tiktok", endpoint.refresh)
        endpoint.lifetime = HOUR
    before = len(endpoint.calls)
    entered, go_on = threading.Event(), threading.Event()

    def slow(last: TokenGrant | None) -> TokenGrant:
        entered.set()
        assert go_on.wait(20)
        return endpoint.refresh(last)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(current_token, dsn, "tiktok", slow)
        assert entered.wait(20)
        second = pool.submit(current_token, dsn, "tiktok", slow)
        wait_until_blocked(dsn)
        go_on.set()
        token = f"access-{before + 1}"
        assert (first.result(20), second.result(20)) == (token, token)
    assert len(endpoint.calls) == before + 1


def wait_until_blocked(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        for _ in range(2000):
            [(count,)] = conn.execute(
                "select count(*) from pg_stat_activity"
                " where wait_event_type = 'Lock' and usename = 'loader'"
            ).fetchall()
            if count:
                return
            conn.execute("select pg_sleep(0.01)")
    raise AssertionError("the second task never waited")


def test_a_refused_token_is_replaced_once(dsn: str) -> None:
    endpoint = Endpoint()
    token = current_token(dsn, "tiktok", endpoint.refresh)
    assert current_token(dsn, "tiktok", endpoint.refresh, rejected=token) == "access-2"
    # Another task was refused the same old token: the new one is there already.
    assert current_token(dsn, "tiktok", endpoint.refresh, rejected=token) == "access-2"
    assert endpoint.calls == [None, "refresh-1"]


def test_the_table_is_not_readable_without_the_key(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint = Endpoint()
    current_token(dsn, "tiktok", endpoint.refresh)
    [row] = stored(dsn)
    assert "access-1" not in repr(row)
    assert "refresh-1" not in repr(row)
    assert b"access" not in bytes(row[1])

    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", NEW)
    with pytest.raises(InvalidSettings, match="sealed with another key"):
        current_token(dsn, "tiktok", endpoint.refresh)
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", f"{NEW},{OLD}")
    token = current_token(dsn, "tiktok", endpoint.refresh)
    assert current_token(dsn, "tiktok", endpoint.refresh, rejected=token) == "access-2"
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", NEW)
    assert current_token(dsn, "tiktok", endpoint.refresh) == "access-2"


def test_airflows_own_key_serves_when_there_is_no_other(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROUNDSWELL_TOKEN_KEY")
    with pytest.raises(InvalidSettings, match="AIRFLOW__CORE__FERNET_KEY"):
        current_token(dsn, "tiktok", Endpoint().refresh)
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", OLD)
    assert current_token(dsn, "tiktok", Endpoint().refresh) == "access-1"


def test_a_row_moved_to_another_connection_does_not_open(dsn: str) -> None:
    current_token(dsn, "tiktok", Endpoint().refresh)
    with psycopg.connect(dsn) as conn:
        conn.execute("update secrets.oauth_token set connection_id = 'tiktok__two'")
    with pytest.raises(InvalidSettings, match="another connection's"):
        current_token(dsn, "tiktok__two", Endpoint().refresh)


def test_a_failed_refresh_leaves_the_stored_token(dsn: str) -> None:
    endpoint = Endpoint(lifetime=dt.timedelta(0))
    current_token(dsn, "tiktok", endpoint.refresh)
    before = stored(dsn)
    asked: list[str | None] = []

    def down(last: TokenGrant | None) -> TokenGrant:
        asked.append(last.refresh_token if last else None)
        raise Unavailable("the endpoint is down")

    with pytest.raises(Unavailable):
        current_token(dsn, "tiktok", down)
    assert stored(dsn) == before
    # Whether the grant is good is not known: the connection's own fields are left alone.
    assert asked == ["refresh-1"]


def test_a_person_renews_the_connection_after_a_revocation(dsn: str) -> None:
    endpoint = Endpoint(lifetime=dt.timedelta(0))
    current_token(dsn, "tiktok", endpoint.refresh)
    endpoint.valid = "seed"  # the account was connected anew
    assert current_token(dsn, "tiktok", endpoint.refresh) == "access-3"
    assert endpoint.calls == [None, "refresh-1", None]


def test_an_endpoint_that_does_not_rotate_keeps_its_refresh_token(dsn: str) -> None:
    given: list[str | None] = []

    def refresh(last: TokenGrant | None) -> TokenGrant:
        given.append(last.refresh_token if last else None)
        now = dt.datetime.now(dt.UTC)
        return TokenGrant("access", now, "lasting" if last is None else None)

    for _ in range(3):
        current_token(dsn, "youtube", refresh)
    assert given == [None, "lasting", "lasting"]


def test_the_end_of_a_refresh_token_is_kept_until_there_is_another(dsn: str) -> None:
    """Dates alone are readable: alerts are made from them, without the key."""
    year, day = dt.datetime(2027, 11, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    grants = iter(
        (
            TokenGrant("access-1", day, "first", year),
            TokenGrant("access-2", day),  # says nothing: the same refresh token, the same end
            TokenGrant("access-3", day, "first"),
            TokenGrant("access-4", day, "first", year + HOUR),
            TokenGrant("access-5", day, "second"),  # another one, whose end nobody knows
        )
    )
    ends = []
    for _ in range(5):
        current_token(dsn, "tiktok", lambda last: next(grants))
        with psycopg.connect(dsn) as conn:
            found = conn.execute("select refresh_expires_at from secrets.oauth_token").fetchone()
        ends.append(found[0] if found else None)
    assert ends == [year, year, year, year + HOUR, None]


def test_a_forgotten_token_starts_anew(dsn: str) -> None:
    endpoint = Endpoint()
    current_token(dsn, "tiktok", endpoint.refresh)
    forget_token(dsn, "tiktok")
    endpoint.valid = "seed"
    assert current_token(dsn, "tiktok", endpoint.refresh) == "access-2"


def test_a_connector_gets_its_token_from_the_context(dsn: str, tmp_path: Path) -> None:
    endpoint = Endpoint()
    seen: list[str] = []

    def fetch(ctx: FetchContext) -> Iterator[Page]:
        assert ctx.token is not None
        seen.append(ctx.token(endpoint.refresh))
        yield page([order("7")])

    stream = replace(ORDERS, fetch=fetch)
    for run_id in ("a", "b"):
        run_stream(
            replace(SHOP, streams=(stream,)),
            stream,
            Connection("small_shop"),
            DAY,
            dsn=dsn,
            landing_url=str(tmp_path),
            hash_key=b"key",
            run_id=run_id,
        )
    assert seen == ["access-1", "access-1"]
    assert [row[0] for row in stored(dsn)] == ["small_shop"]
