"""What others tell late about orders that nobody reads again, and what broken-off runs had built.

Each case has orders of its own. One run follows another: the first knows the plan and the orders,
the second brings news, the third more but breaks off with its facts built, and the fourth's loads
take the third's news back. Then a rule is changed for a run that breaks off, and changed back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hand_made_market import GA4, INSTAGRAM, utc
from hand_made_woo import WOO, WooMarket
from kept_tables import BROKEN_OFF, OF_ORDERS
from random_market import RandomMarket
from test_incremental_is_full import differences

from tests.conftest import Warehouse

pytestmark = pytest.mark.long
ORDERS = """
select order_id::bigint % 9000000000, net_revenue_amount, customer_order_index, ga4_transaction_id,
    order_class
from core.fct_order
"""
AGES = """
select order_id::bigint % 9000000000, anchored_at
from core.fct_touchpoint
where rule_version = 'all' and evidence_type = 'discount_code'
"""
HALF_LIVES = "select distinct half_life_days from core.fct_touchpoint"
NAMED, SILENT = "new #spring look", "my lunch"


@dataclass(frozen=True)
class State:
    """Facts after a run: amounts, numbers, GA4's ids and classes of orders, ages of evidence."""

    amounts: dict[int, str]
    numbers: dict[int, int | None]
    transactions: dict[int, str | None]
    ages: dict[int, dt.datetime]
    classes: dict[int, str]


@dataclass(frozen=True)
class Runs:
    first: State
    second: State
    broken_off: State
    fourth: State
    half_lives: list[list[int]]
    differences: dict[str, list[str]]


def knows_the_orders(market: WooMarket) -> None:
    market.plan()
    market.shop()
    market.site()
    # 1: nobody's. 2, 3: bo's and cy's codes, of which posts tell the age.
    market.order(1, "2026-03-05 17:00", "10.00")
    market.order(2, "2026-03-14 17:00", "20.00", codes=("BO15",))
    market.order(3, "2026-03-20 17:00", "30.00", codes=("CY15",))
    caption(market, "cy", "2026-03-10", SILENT, seen="2026-03-21")
    # 11, 12: paid in euros, before and after the only rate. 13 to 15: an account's three orders.
    market.woo_order(11, "2026-02-27 17:00", "100.00", currency="EUR")
    market.woo_order(12, "2026-03-10 17:00", "100.00", currency="EUR")
    rate(market, "2026-03-02", "1.10")
    # 16, 17: paid in pounds, of which no rate is known; 17 is a present.
    market.woo_order(16, "2026-03-10 17:00", "100.00", currency="GBP", code="bo15")
    market.woo_order(17, "2026-03-10 18:00", "0.00", currency="GBP")
    account(market, 501)
    account(market, 502)
    for number in (13, 14, 15):
        at = f"2026-03-{number - 10:02} 17:00"
        market.woo_order(number, at, "10.00", customer_id=501)


def brings_news(market: WooMarket) -> None:
    caption(market, "cy", "2026-03-10", NAMED, seen="2026-03-22")
    rate(market, "2026-03-09", "1.20")
    market.add(
        "exchange_rates__rates", connection_id="exchange_rates", currency="GBP",
        rate_date=dt.date(2026, 3, 9), rate=Decimal("0.80"),
    )  # fmt: skip
    market.connection.execute(
        "update raw.woocommerce__orders set customer_id = 502, _load_id = %s where order_id = 13",
        [market.load_id],
    )


def brings_what_will_be_gone(market: WooMarket) -> None:
    market.transaction("#1", "2026-03-05", "ana")
    caption(market, "bo", "2026-03-08", NAMED, seen="2026-03-23")


def takes_it_back(market: WooMarket) -> None:
    market.connection.execute("delete from raw.ga4__transactions")
    market.connection.execute(
        "update quality.load_windows set source = %s, stream = 'transactions', rows_deleted = 1,"
        " window_start = '2026-03-05', window_end = '2026-03-06' where load_id = %s",
        [GA4, market.load_id],
    )
    caption(market, "bo", "2026-03-08", SILENT, seen="2026-03-24")
    rate(market, "2026-03-09", "1.25")
    rate(market, "2026-02-20", "1.05")


def caption(market: WooMarket, creator: str, day: str, text: str, *, seen: str) -> None:
    """A creator's only post, as it reads on a day."""
    market.add(
        "instagram__discovered_media", connection_id=INSTAGRAM, media_id=f"post_{creator}",
        username=f"{creator}.ig", caption=text, media_product_type="FEED",
        timestamp=utc(f"{day} 12:00"), like_count=100, comments_count=10, view_count=2000,
        window_start=utc(f"{seen} 05:00"), captured_at=utc(f"{seen} 09:00"),
    )  # fmt: skip


def rate(market: WooMarket, day: str, dollars: str) -> None:
    """Dollars for one euro, new or corrected."""
    key = {"connection_id": "exchange_rates", "rate_date": dt.date.fromisoformat(day)}
    market.connection.execute(
        "delete from raw.exchange_rates__rates where rate_date = %s and currency = 'USD'", [day]
    )
    market.add("exchange_rates__rates", **key, currency="USD", rate=Decimal(dollars))


def account(market: WooMarket, customer_id: int) -> None:
    """An account as young as its first order, so that its orders can be numbered."""
    market.add(
        "woocommerce__customers", connection_id=WOO, customer_id=customer_id,
        date_created_gmt=utc("2026-03-04 12:00"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    warehouse.reset()
    market = RandomMarket(warehouse, tmp_path_factory.mktemp("restated"), 0, OF_ORDERS)

    def run(writer: Callable[[WooMarket], None] | None, *, breaks_off: bool = False) -> State:
        if writer is not None:
            market.write(writer)
        market.measure(breaks_off=BROKEN_OFF[1] if breaks_off else None)
        return state(warehouse)

    states = [run(knows_the_orders), run(brings_news)]
    states += [run(brings_what_will_be_gone, breaks_off=True), run(takes_it_back)]
    assert market.is_stitched_in_part()
    half_lives = [found(warehouse, HALF_LIVES)[0]]
    market.settings["half_life_days"] = 3
    run(None, breaks_off=True)
    half_lives.append(found(warehouse, HALF_LIVES)[0])
    market.settings.clear()
    run(None)
    half_lives.append(found(warehouse, HALF_LIVES)[0])
    yield Runs(*states, half_lives=half_lives, differences=differences(market))
    warehouse.reset()


def state(warehouse: Warehouse) -> State:
    orders = found(warehouse, ORDERS)
    return State(
        {number: str(amount) for number, amount, _, _, _ in orders},
        {number: index for number, _, index, _, _ in orders},
        {number: name for number, _, _, name, _ in orders},
        dict(found(warehouse, AGES)),
        {number: order_class for number, _, _, _, order_class in orders},
    )


def found(warehouse: Warehouse, query: str) -> list[Any]:
    with psycopg.connect(warehouse.admin_dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_rate_that_comes_late_values_its_days(runs: Runs) -> None:
    """100.00 euros each; the first rate is that of the days before it, too."""
    amounts = [(s.amounts[11], s.amounts[12]) for s in (runs.first, runs.second, runs.fourth)]
    assert amounts == [("110.00", "110.00"), ("110.00", "120.00"), ("105.00", "125.00")]


def test_an_order_waits_for_the_first_rate_of_its_currency(runs: Runs) -> None:
    """100.00 pounds at 0.80 for a euro, 1.20 dollars, later 1.25; a present is one at once."""
    states = (runs.first, runs.second, runs.fourth)
    assert [(s.classes[16], s.amounts[16]) for s in states] == [
        ("unpriced", "0.00"),
        ("kept", "150.00"),
        ("kept", "156.25"),
    ]
    assert [s.classes[17] for s in states] == ["gifted"] * 3


def test_orders_count_anew_when_one_turns_out_to_be_somebody_elses(runs: Runs) -> None:
    numbers = [[s.numbers[order] for order in (13, 14, 15)] for s in (runs.first, runs.second)]
    assert numbers == [[1, 2, 3], [1, 1, 2]]


def test_a_caption_that_names_the_campaign_later_dates_codes(runs: Runs) -> None:
    """Until then the code is as old as its owner's right to it: since 1 February in New York."""
    owned, posted = utc("2026-02-01 05:00"), utc("2026-03-10 12:00")
    assert [runs.first.ages[3], runs.second.ages[3]] == [owned, posted]


def test_what_a_broken_off_run_built_is_undone(runs: Runs) -> None:
    owned, posted = utc("2026-02-01 05:00"), utc("2026-03-08 12:00")
    assert (runs.broken_off.transactions[1], runs.broken_off.ages[2]) == ("#1", posted)
    assert (runs.fourth.transactions[1], runs.fourth.ages[2]) == (None, owned)


def test_a_rule_of_a_broken_off_run_is_undone(runs: Runs) -> None:
    assert runs.half_lives[0] == runs.half_lives[2] != runs.half_lives[1] == (3,)


def test_all_ends_where_a_full_refresh_does(runs: Runs) -> None:
    assert runs.differences == {}
