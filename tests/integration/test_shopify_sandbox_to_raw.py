"""Shopify end to end over HTTP: a sandbox in another process, our loader, a real Postgres.

What arrives in raw is compared with the market that this process simulates a second time from the
same seed; the two share nothing but HTTP.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.errors import BadCredentials, MissingScope
from include.http.session import ApiSession
from include.ingest import StreamResult, day_window, run_stream
from include.replay import replay_window
from include.sandbox.installation import CONTROL_KEY_VARIABLE, initialise, read_installation
from include.sandbox.world import Market, MarketOrder
from include.settings import REPO_ROOT, read_settings
from include.sources._base import Child, Connection, FetchContext, Window
from include.sources.shopify import SOURCE, queries
from include.warehouse.connection import connect

LAST_DAY = dt.date(2026, 11, 15)
ZONE = "America/New_York"
CONTROL_KEY = "for-the-tests-only"
HASH_KEY = b"privacy key of the tests"


@dataclasses.dataclass
class Sandbox:
    """A sandbox process and, apart from it, the same market for comparison."""

    port: int
    fields: dict[str, Any]
    credentials: dict[str, Any]
    market: Market

    def hold(self, at: dt.datetime) -> None:
        """Set the process's clock."""
        self._control("clock", {"at": at.isoformat()})

    def connection(self, **changes: Any) -> Connection:
        fields = self.fields
        known = Connection(
            "shopify",
            host=fields["host"],
            scheme=fields["schema"],
            port=fields["port"],
            password=fields["password"],
        )
        return dataclasses.replace(known, **changes)

    def order(self, order_id: str, at: dt.datetime) -> MarketOrder:
        """Return an order of the compared market as it stands at an instant."""
        return next(o for o in self.market.orders_at(at) if str(o.order_id) == order_id)

    def _control(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_control/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Control-Key": CONTROL_KEY},
        )
        urllib.request.urlopen(request, timeout=10).close()


def start_sandbox(folder: Path, port: int, changes: dict[str, Any]) -> Iterator[Sandbox]:
    settings = dataclasses.replace(read_settings(), data_dir=folder, sandbox_port=port)
    initialise(settings, LAST_DAY)
    state = json.loads((folder / "sandbox.json").read_text())
    state["credentials"]["shopify"] |= changes
    (folder / "sandbox.json").write_text(json.dumps(state))
    command = ["-m", "include.sandbox", "serve", "--data-dir", str(folder), "--port", str(port)]
    environment = {"PATH": "", CONTROL_KEY_VARIABLE: CONTROL_KEY}
    process = subprocess.Popen([sys.executable, *command], cwd=REPO_ROOT, env=environment)
    try:
        await_health(process, port)
        yield Sandbox(
            port=port,
            fields=state["connections"]["shopify"],
            credentials=state["credentials"]["shopify"],
            market=read_installation(folder).build(),
        )
    finally:
        process.terminate()
        process.wait(timeout=10)


def await_health(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_control/health", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sandbox did not start")


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    yield from start_sandbox(tmp_path_factory.mktemp("sandbox"), find_port(), {})


@pytest.fixture(scope="module")
def poor_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A shop whose bucket holds one page and whose app may not read reports."""
    folder = tmp_path_factory.mktemp("poor_sandbox")
    changes = {"bucket": 700.0, "scopes": ["read_orders", "read_all_orders"]}
    yield from start_sandbox(folder, find_port(), changes)


class Shop:
    """Loads windows of one shop into a clean warehouse and reads raw back."""

    def __init__(self, sandbox: Sandbox, dsn: str, admin_dsn: str, landing: Path) -> None:
        self.sandbox, self.dsn, self.admin_dsn, self.landing = sandbox, dsn, admin_dsn, landing
        self.runs = 0

    def load(
        self, stream: str, day: dt.date, at: dt.datetime, connection: Connection | None = None
    ) -> StreamResult:
        """Run a day's window when the sandbox's clock stands at an instant."""
        self.sandbox.hold(at)
        self.runs += 1
        return run_stream(
            SOURCE,
            SOURCE.stream(stream),
            connection or self.sandbox.connection(),
            day_window(day, ZONE),
            dsn=self.dsn,
            landing_url=str(self.landing),
            hash_key=HASH_KEY,
            run_id=f"run-{self.runs}",
        )

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.admin_dsn) as conn:
            return conn.execute(statement, values).fetchall()  # type: ignore[call-overload]

    def rows_by_order(self, connection_id: str = "shopify") -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table of the orders, by order, without what a load adds."""
        stream = SOURCE.stream("orders")
        found: dict[str, list[tuple[Any, ...]]] = {}
        for table in (stream.name, *_names(stream.children)):
            statement = (
                "select order_id, (to_jsonb(t) - 'connection_id' - '_load_id' - '_loaded_at')::text"
                f" from raw.shopify__{table} t where connection_id = %s order by 1, 2"
            )
            for order_id, row in self.query(statement, connection_id):
                found.setdefault(order_id, []).append((table, row))
        return found

    def empty_orders(self) -> None:
        """Empty every table of the orders."""
        stream = SOURCE.stream("orders")
        tables = [f"raw.shopify__{name}" for name in (stream.name, *_names(stream.children))]
        with connect(self.admin_dsn) as conn:
            conn.execute("truncate " + ", ".join(tables))  # type: ignore[call-overload]

    def one(self, statement: str, *values: Any) -> tuple[Any, ...]:
        (row,) = self.query(statement, *values)
        return row


def _names(children: tuple[Child, ...]) -> list[str]:
    return [child.name for child in children]


@pytest.fixture
def shop(sandbox: Sandbox, clean_warehouse: Any, tmp_path: Path) -> Shop:
    return Shop(
        sandbox, clean_warehouse.dsn("loader"), clean_warehouse.admin_dsn, tmp_path / "landing"
    )


def night_after(day: dt.date) -> dt.datetime:
    """03:00 on the next day in the shop's zone, when a day's run fires."""
    return day_window(day, ZONE).end + dt.timedelta(hours=3)


DAYS = [LAST_DAY - dt.timedelta(days=n) for n in (3, 2, 1, 0)]

NET_SALES_BY_DAY = """
select (s.happened_at at time zone 'America/New_York')::date, sum(s.total_amount - s.total_tax)
from raw.shopify__order_sales s
join raw.shopify__orders o using (connection_id, order_id)
where not o.test and s.line_type in ('PRODUCT', 'ADJUSTMENT')
group by 1
"""


def test_the_ledger_of_the_orders_is_the_shops_own_report_to_the_cent(shop: Shop) -> None:
    for day in DAYS:
        shop.load("orders", day, night_after(day))
        shop.load("daily_sales", day, night_after(day))
    ledger = dict(shop.query(NET_SALES_BY_DAY))
    report = dict(shop.query("select day, net_sales from raw.shopify__daily_sales"))
    truth = {
        row.day: row.net_sales for row in shop.sandbox.market.daily_sales_at(night_after(LAST_DAY))
    }
    for day in DAYS:
        assert ledger[day] == report[day] == truth[day] > Decimal(1000)


def test_every_order_arrives_as_the_market_knows_it(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    result = shop.load("orders", LAST_DAY, at)
    window = day_window(LAST_DAY, ZONE)
    expected = {
        str(o.order_id): (
            o.name,
            o.total,
            sum((r.amount for r in o.refunds), Decimal(0)),
            len(o.lines),
            len(o.codes),
            len(o.ledger),
            len(o.journey.moments) if o.journey and o.journey.ready_at <= at else 0,
            bool(o.journey and o.journey.ready_at <= at),
        )
        for o in shop.sandbox.market.orders_at(at)
        if o.created_at < window.end and o.updated_at >= window.start - dt.timedelta(hours=48)
    }
    counts = ", ".join(
        f"(select count(*) from raw.shopify__{child} c where c.order_id = o.order_id)"
        for child in ("order_lines", "order_discount_codes", "order_sales", "order_moments")
    )
    found = shop.query(
        f"select order_id, name, total_price, total_refunded, {counts}, "
        "coalesce(journey_ready, false) from raw.shopify__orders o"
    )
    arrived = {row[0]: row[1:] for row in found}
    assert arrived == expected
    assert (result.rows_read, result.rows_rejected) == (len(expected), 0)
    assert len(expected) > 100
    assert result.drifted_fields == ()


def test_a_window_read_twice_changes_nothing(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    first = shop.load("orders", LAST_DAY, at)
    again = shop.load("orders", LAST_DAY, at)
    assert (again.rows_merged, again.rows_unchanged) == (0, first.rows_read)
    report = shop.load("daily_sales", LAST_DAY, at)
    again = shop.load("daily_sales", LAST_DAY, at)
    assert (report.rows_read, report.rows_merged, again.rows_merged) == (5, 5, 0)


def test_a_journey_that_became_ready_is_read_though_the_order_did_not_change(shop: Shop) -> None:
    early = day_window(LAST_DAY, ZONE).end
    late = early + dt.timedelta(hours=30)
    order_id = next(
        str(o.order_id)
        for o in shop.sandbox.market.orders_at(early)
        if o.journey is not None
        and early < o.journey.ready_at <= late
        and o.updated_at == shop.sandbox.order(str(o.order_id), late).updated_at
    )
    state = (
        "select updated_at, journey_ready, journey_moments_count, (select count(*) "
        "from raw.shopify__order_moments m where m.order_id = o.order_id) "
        "from raw.shopify__orders o where order_id = %s"
    )
    shop.load("orders", LAST_DAY, early)
    updated_at, *before = shop.one(state, order_id)
    shop.load("orders", LAST_DAY, late)
    same_update, *after = shop.one(state, order_id)
    moments = len(shop.sandbox.order(order_id, late).journey.moments)  # type: ignore[union-attr]
    assert updated_at == same_update
    assert before == [False, None, 0]
    assert after == [True, moments, moments]


def test_a_late_refund_changes_only_its_order(shop: Shop) -> None:
    market = shop.sandbox.market
    end = day_window(LAST_DAY, ZONE).end
    refund_at, order_id = min(
        (refund.created_at, str(o.order_id))
        for o in market.orders_at(end + dt.timedelta(days=3))
        for refund in o.refunds
        if refund.created_at > end + dt.timedelta(hours=1)
        and o.created_at < end - dt.timedelta(days=10)
    )
    just_before = refund_at - dt.timedelta(seconds=1)
    shop.load("orders", LAST_DAY, just_before)
    assert shop.query("select 1 from raw.shopify__orders where order_id = %s", order_id) == []
    # An earlier day's run had loaded the order as it was before the refund.
    sale_day = shop.sandbox.order(order_id, end).created_at.date()
    shop.load("orders", sale_day, just_before)
    ledger = "select sum(total_amount) from raw.shopify__order_sales where order_id = %s"
    before, paid = shop.rows_by_order(), shop.one(ledger, order_id)[0]
    result = shop.load("orders", LAST_DAY, refund_at + dt.timedelta(seconds=1))
    after = shop.rows_by_order()
    assert {key for key in after if after[key] != before.get(key)} == {order_id}
    assert result.rows_merged == 1
    refunded = shop.sandbox.order(order_id, refund_at)
    given_back = sum((r.amount for r in refunded.refunds), Decimal(0))
    assert shop.one(ledger, order_id)[0] == paid - given_back
    assert given_back > 0


def test_orders_too_long_for_their_page_arrive_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = night_after(LAST_DAY)
    whole = shop.load("orders", LAST_DAY, at)
    monkeypatch.setattr(queries, "PAGE_SIZES", dict.fromkeys(queries.PAGE_SIZES, 1))
    narrow = shop.sandbox.connection(conn_id="shopify__narrow")
    alone = shop.load("orders", LAST_DAY, at, narrow)
    assert alone.pages_read > whole.pages_read + 50  # many were asked for on their own
    assert alone.rows_read == whole.rows_read
    assert shop.rows_by_order("shopify__narrow") == shop.rows_by_order()
    # Landing alone gives the same rows again: every page is verbatim and tells what it lacks.
    shop.empty_orders()
    stream, key = SOURCE.stream("orders"), LAST_DAY.isoformat()
    for conn_id in ("shopify", "shopify__narrow"):
        replay_window(SOURCE, stream, conn_id, key, dsn=shop.dsn, landing_url=str(shop.landing))
    assert len(shop.rows_by_order()) == whole.rows_read
    assert shop.rows_by_order("shopify__narrow") == shop.rows_by_order()


def test_the_shop_is_captured_at_the_apis_own_time(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    assert shop.load("shop", LAST_DAY, at).rows_merged == 1
    facts = shop.sandbox.market.shop
    assert shop.one(
        "select shop_id, name, currency_code, iana_timezone, captured_at, captured_at_source "
        "from raw.shopify__shop"
    ) == (f"gid://shopify/Shop/{facts.shop_id}", facts.name, "USD", ZONE, at, "api")


def test_a_wrong_token_fails_at_once_and_names_the_connection(shop: Shop) -> None:
    wrong = shop.sandbox.connection(conn_id="shopify__eu", password="shpat_wrong_wrong")
    began = time.monotonic()
    with pytest.raises(BadCredentials, match="'shopify__eu'"):
        shop.load("orders", LAST_DAY, night_after(LAST_DAY), wrong)
    assert time.monotonic() - began < 1.0  # the first retry would wait longer
    assert shop.query("select 1 from raw.shopify__orders") == []


def test_an_apps_client_credentials_work_as_well(shop: Shop) -> None:
    known = shop.sandbox.credentials
    pair = {name: known[name] for name in ("client_id", "client_secret")}
    app = shop.sandbox.connection(password=None, extra=pair)
    assert shop.load("shop", LAST_DAY, night_after(LAST_DAY), app).rows_merged == 1
    wrong = shop.sandbox.connection(password=None, extra={**pair, "client_secret": "no-secret"})
    with pytest.raises(BadCredentials, match="client_secret"):
        shop.load("shop", LAST_DAY, night_after(LAST_DAY), wrong)


def test_without_its_scope_the_sales_report_is_skipped_with_the_reason(
    poor_sandbox: Sandbox, shop: Shop
) -> None:
    poor = Shop(poor_sandbox, shop.dsn, shop.admin_dsn, shop.landing)
    result = poor.load("daily_sales", LAST_DAY, night_after(LAST_DAY))
    assert result.status == "skipped"
    assert "read_reports" in str(result.reason)
    with pytest.raises(MissingScope, match="read_reports"):
        list(SOURCE.stream("daily_sales").fetch(context(poor_sandbox, "daily_sales")))


def context(sandbox: Sandbox, stream: str) -> FetchContext:
    connection = sandbox.connection()
    keys = SOURCE.stream(stream).personal_keys
    session = ApiSession(connection, hash_key=HASH_KEY, personal_keys=keys)
    window = day_window(LAST_DAY, ZONE)
    wide = Window(start=window.start - dt.timedelta(days=5), end=window.end, key=window.key)
    return FetchContext(connection=connection, session=session, window=wide)


def test_jobs_that_share_a_bucket_wait_and_read_everything(
    poor_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    poor_sandbox.hold(night_after(LAST_DAY))
    read: list[set[str]] = [set(), set()]

    def job(found: set[str]) -> None:
        stream = SOURCE.stream("orders")
        for page in stream.fetch(context(poor_sandbox, "orders")):
            found.update(str(order["id"]) for order in stream.parse(page.document, page))

    jobs = [threading.Thread(target=job, args=(found,)) for found in read]
    with caplog.at_level(logging.WARNING):
        for thread in jobs:
            thread.start()
        for thread in jobs:
            thread.join(timeout=60)
    window = context(poor_sandbox, "orders").window
    expected = {
        f"gid://shopify/Order/{o.order_id}"
        for o in poor_sandbox.market.orders_at(night_after(LAST_DAY))
        if o.created_at < window.end and o.updated_at >= window.start
    }
    assert read == [expected, expected]
    assert "the bucket of query points is empty" in caplog.text
