"""Shopify's streams beside orders end to end: customers, payments, costs, codes, what vanished."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from in_process_dbt import run_dbt
from shopify_sandbox import HASH_KEY, LAST_DAY, ZONE, Sandbox, Shop, night_after, run_sandbox

from include.http.redact import Redactor
from include.ingest import day_window
from include.sources._base import Window
from include.sources.shopify import list_queries
from include.sources.shopify.sandbox_history import ShopHistory

AT = night_after(LAST_DAY)
CHANGES = {"deleted_orders": 0.08, "merged_customers": 0.06}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("streams"), {}) as served:
        yield served


@pytest.fixture(scope="module")
def changing_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A shop where orders are deleted after 30 hours and customers merged after 40."""
    with run_sandbox(tmp_path_factory.mktemp("changing"), CHANGES) as served:
        yield served


def shop_of(sandbox: Sandbox, warehouse: Any, tmp_path: Path) -> Shop:
    return Shop(sandbox, warehouse.dsn("loader"), warehouse.admin_dsn, tmp_path / "landing")


@pytest.fixture
def shop(sandbox: Sandbox, clean_warehouse: Any, tmp_path: Path) -> Shop:
    return shop_of(sandbox, clean_warehouse, tmp_path)


def landed_texts(shop: Shop) -> str:
    files = (path for path in shop.landing.rglob("*.gz"))
    return "\n".join(gzip.decompress(path.read_bytes()).decode() for path in files)


def test_payments_say_what_was_taken_and_given_back(shop: Shop) -> None:
    shop.load("orders", LAST_DAY, AT)
    window = day_window(LAST_DAY, ZONE)
    since = window.start - dt.timedelta(hours=48)
    expected = {
        str(o.order_id): (o.total, sum((r.amount for r in o.refunds), Decimal(0)))
        for o in shop.sandbox.market.orders_at(AT)
        if o.created_at < window.end and o.updated_at >= since and o.financial_status != "PENDING"
        if o.total
    }
    found = {
        order_id: (taken, given or Decimal(0))
        for order_id, taken, given in shop.query(
            "select order_id, sum(amount) filter (where kind = 'SALE' and status = 'SUCCESS'), "
            "sum(amount) filter (where kind = 'REFUND' and parent_id is not null) "
            "from raw.shopify__order_transactions group by 1"
        )
        if taken is not None
    }
    assert found == expected
    assert sum(given for _, given in found.values()) > 100


def test_customers_arrive_hashed_and_keyed_by_their_id(shop: Shop) -> None:
    result = shop.load("customers", LAST_DAY, AT)
    start = day_window(LAST_DAY, ZONE).start - dt.timedelta(days=1)
    end = day_window(LAST_DAY, ZONE).end
    newest: dict[str, dt.datetime] = {}
    for order in shop.sandbox.market.orders_at(AT):
        if order.customer is not None:
            key = str(order.customer.customer_id)
            newest[key] = max(newest.get(key, order.updated_at), order.updated_at)
    expected = {key for key, at in newest.items() if start <= at < end}
    rows = shop.query("select customer_id, email_hash, phone_hash from raw.shopify__customers")
    assert {row[0] for row in rows} == expected
    assert result.rows_read == len(expected) > 50
    redactor = Redactor(HASH_KEY, frozenset({"email"}))
    for customer_id, email_hash, phone_hash in rows:
        assert email_hash == redactor.hash_value(f"buyer.{customer_id}@customers.example")
        phone = f"+1555{int(customer_id) % 10_000_000:07}"
        assert phone_hash in (None, redactor.hash_value(phone))
    assert any(row[2] for row in rows)
    assert "@customers.example" not in landed_texts(shop)
    assert "+1555" not in landed_texts(shop)


@pytest.mark.parametrize("level_2", ["null", "denied"])
def test_without_level_2_customers_load_without_contacts(
    clean_warehouse: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    level_2: str,
) -> None:
    with run_sandbox(tmp_path / "sandbox", {"level_2": level_2}) as served:
        shop = shop_of(served, clean_warehouse, tmp_path)
        result = shop.load("customers", LAST_DAY, AT)
    counted = "select count(*), count(email_hash), count(phone_hash), count(country_code) from "
    total, emails, phones, countries = shop.one(counted + "raw.shopify__customers")
    assert (total, emails, phones) == (result.rows_read, 0, 0)
    assert countries == total > 50
    assert ("without e-mail and phone" in caplog.text) == (level_2 == "denied")


def test_unit_costs_are_those_of_their_day_and_no_other(shop: Shop) -> None:
    result = shop.load("product_variants", LAST_DAY, AT)
    rows = shop.query(
        "select sku, price, unit_cost, unit_cost_currency_code, is_gift_card "
        "from raw.shopify__product_variants order by sku"
    )
    assert result.rows_read == len(rows) == 7
    by_sku = {row[0]: row[1:] for row in rows}
    # 24 % of 38.00; a gift card costs the shop nothing to make.
    assert by_sku["SERUM-30"] == (Decimal("38.00"), Decimal("9.12"), "USD", False)
    assert by_sku["GIFT-50"] == (Decimal("50.00"), None, None, True)
    # The lines of orders are joined by the same id.
    shop.load("orders", LAST_DAY, AT)
    unmatched = (
        "select count(*) from raw.shopify__order_lines l where not exists (select from "
        "raw.shopify__product_variants v where v.variant_id = l.variant_id)"
    )
    assert shop.one(unmatched) == (0,)
    late = shop.load("product_variants", LAST_DAY - dt.timedelta(days=3), AT)
    assert late.status == "skipped"
    assert "cannot be captured any more" in str(late.reason)


def test_every_code_of_the_plan_is_found_with_the_state_of_its_discount(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.load("discount_codes", LAST_DAY, AT)
    query = "select code, discount_type, discount_status from raw.shopify__discount_codes"
    found = {code: (kind, status) for code, kind, status in shop.query(query)}
    plan = shop.sandbox.market.plan
    expected = {code.code for creator in plan.creators for code in creator.codes}
    assert found.keys() == expected | {"WELCOME10", "FREESHIP"}
    assert found["FREESHIP"] == ("DiscountCodeFreeShipping", "ACTIVE")
    assert {status for _, status in found.values()} <= {"ACTIVE", "EXPIRED", "SCHEDULED"}
    # The same when the codes of a discount do not fit into its page.
    monkeypatch.setattr(list_queries, "CODES_WITH_DISCOUNT", 1)
    before = shop.query(query + " order by 1")
    shop.load("discount_codes", LAST_DAY, AT + dt.timedelta(hours=1))
    assert shop.query(query + " order by 1") == before


DELETED = "select order_id, deleted_at from staging.stg_shopify__deleted_orders"
MERGED = "select customer_id, kept_customer_id from staging.stg_shopify__merged_customers"


def test_deleted_orders_and_merged_customers_are_noticed(
    changing_sandbox: Sandbox, clean_warehouse: Any, tmp_path: Path
) -> None:
    shop = shop_of(changing_sandbox, clean_warehouse, tmp_path)
    history = ShopHistory(shop.sandbox.market, CHANGES)
    for days in (3, 2, 1, 0):
        day = LAST_DAY - dt.timedelta(days=days)
        shop.load("orders", day, night_after(day))
    read = set(shop.query("select order_id, customer_id from raw.shopify__orders"))

    def gone_by(at: dt.datetime) -> set[str]:
        """Orders we have read that the shop has not any more, as far as a reading looks back."""
        first = (at - dt.timedelta(days=8)).date()
        return {
            str(order.order_id)
            for order in shop.sandbox.market.orders_at(at)
            if str(order.order_id) in {order_id for order_id, _ in read}
            and order.created_at.date() >= first
            and history.is_deleted(order, at)
        }

    shop.load("order_days", LAST_DAY, AT)
    names = ("listed_orders", "deleted_orders", "moved_orders", "merged_customers")
    views = [f"stg_shopify__{name}" for name in names]
    run_dbt(clean_warehouse, ["run", "--select", *views], tmp_path / "target")
    before = dict(shop.query(DELETED))
    assert before == dict.fromkeys(gone_by(AT), AT)
    later = night_after(LAST_DAY + dt.timedelta(days=2))
    shop.load("order_days", LAST_DAY + dt.timedelta(days=2), later)
    after = dict(shop.query(DELETED))
    assert after.keys() == gone_by(later) | before.keys()
    new = after.keys() - before.keys()
    assert len(before) > 3
    assert len(new) > 1
    assert {after[order_id] for order_id in new} == {later}
    # They stay in raw: nothing is deleted silently.
    assert set(shop.query("select order_id, customer_id from raw.shopify__orders")) == read
    merges = {str(old): str(merge.kept_id) for old, merge in history.merges_at(later).items()}
    noticed = dict(shop.query(MERGED))
    assert len(noticed) > 3
    assert noticed.items() <= merges.items()
    # Whoever is missing has no order left that the readings show.
    shown = set(shop.query("select order_id from raw.shopify__order_ids"))
    unnoticed = merges.keys() - noticed.keys()
    assert not [
        1 for order_id, customer_id in read if customer_id in unnoticed and (order_id,) in shown
    ]


def test_a_reading_of_what_exists_is_repeated_without_effect(shop: Shop) -> None:
    first = shop.load("order_days", LAST_DAY, AT)
    again = shop.load("order_days", LAST_DAY, AT)
    assert (first.rows_read, again.rows_merged) == (9, 0)
    wrong = (
        "select count(*) from raw.shopify__order_days d where order_count <> (select count(*) "
        "from raw.shopify__order_ids i where i.created_date = d.created_date)"
    )
    assert shop.one(wrong) == (0,)
    total = sum(
        order.created_at.date() >= LAST_DAY - dt.timedelta(days=7)
        for order in shop.sandbox.market.orders_at(AT)
    )
    assert shop.one("select sum(order_count) from raw.shopify__order_days") == (total,)


def test_days_an_app_may_not_see_are_not_taken_for_empty(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    with run_sandbox(tmp_path / "sandbox", {"scopes": ["read_orders"]}) as served:
        shop = shop_of(served, clean_warehouse, tmp_path)
        shop.load("order_days", LAST_DAY - dt.timedelta(days=55), AT)
        assert shop.one("select min(created_date) from raw.shopify__order_days") == (
            (AT - dt.timedelta(days=59)).date(),
        )
        assert shop.one("select min(order_count) > 0 from raw.shopify__order_days") == (True,)
        shop.load("order_days", LAST_DAY - dt.timedelta(days=80), AT)
        oldest = Window(AT - dt.timedelta(days=81), AT - dt.timedelta(days=80), "2026-08-27")
        assert shop.load("order_days", LAST_DAY, AT, window=oldest).pages_read == 0


def test_every_journey_is_read_by_the_nights_after_it(shop: Shop) -> None:
    for days in range(3):
        shop.load(
            "orders",
            LAST_DAY + dt.timedelta(days=days),
            night_after(LAST_DAY) + dt.timedelta(days=days),
        )
    window = day_window(LAST_DAY, ZONE)
    expected = {
        str(o.order_id): len(o.journey.moments)
        for o in shop.sandbox.market.orders_at(AT)
        if window.start <= o.created_at < window.end and o.journey is not None
    }
    late = [
        o
        for o in shop.sandbox.market.orders_at(AT)
        if str(o.order_id) in expected and o.journey and o.journey.ready_at > AT
    ]
    assert late  # some are not ready in the first night
    found = shop.query(
        "select order_id, journey_moments_count from raw.shopify__orders "
        "where journey_ready and created_at >= %s and created_at < %s",
        window.start,
        window.end,
    )
    assert dict(found) == expected


def test_streams_without_their_scope_are_skipped_with_the_reason(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    with run_sandbox(tmp_path / "sandbox", {"scopes": ["read_orders"]}) as served:
        shop = shop_of(served, clean_warehouse, tmp_path)
        reasons = {
            stream: str(shop.load(stream, LAST_DAY, AT).reason)
            for stream in ("customers", "product_variants", "discount_codes")
        }
    assert "read_customers" in reasons["customers"]
    assert "read_products" in reasons["product_variants"]
    assert "read_discounts" in reasons["discount_codes"]
