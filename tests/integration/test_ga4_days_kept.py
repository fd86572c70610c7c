"""What GA4 tells late of an old order has the order's day compared again with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from hand_made_market import GA4, Market
from random_market import RandomMarket

from tests.conftest import Warehouse

GAPS, DAYS = "intermediate.int_ga4_gaps_summed", "intermediate.int_ga4_days_compared"
# What a run remembers of the one before: without it every run builds every order.
REMEMBERED = (
    "intermediate.int_attribution_settings",
    "intermediate.int_fingerprints_applied",
    "intermediate.int_posts_applied",
    "intermediate.int_order_visitors",
)
ORDER, NAME = 800, "#800"
ORDERED, WEEKS_LATER = "2026-03-03", "2026-04-17"

pytestmark = pytest.mark.long


@pytest.fixture
def market(clean_warehouse: Warehouse, tmp_path: Path) -> RandomMarket:
    """A market, and an order of 100.00 whose purchase GA4 counted on its day."""
    market = RandomMarket(clean_warehouse, tmp_path, seed=31, tables=(GAPS, DAYS, *REMEMBERED))
    market.open()
    market.write(bought)
    market.measure()
    return market


def bought(market: Market) -> None:
    market.order(ORDER, f"{ORDERED} 17:00", "100.00")
    market.transaction(NAME, ORDERED, "ana", purchase_revenue=Decimal(100))


def given_back(market: Market) -> None:
    """GA4 books what went back on the day it did, six weeks on, in another currency."""
    market.transaction(
        NAME, WEEKS_LATER, "ana", ecommerce_purchases=0, purchase_revenue=Decimal(-22),
        currency_code="EUR",
    )  # fmt: skip


def rate_known(market: Market) -> None:
    """1.10 dollars a euro."""
    for currency, rate in (("USD", "1.10"), ("EUR", "1")):
        market.connection.execute(
            "delete from raw.exchange_rates__rates where currency = %s", [currency]
        )
        market.add(
            "exchange_rates__rates", connection_id="exchange_rates",
            rate_date=dt.date.fromisoformat(WEEKS_LATER), currency=currency, rate=Decimal(rate),
        )  # fmt: skip


def taken_back(market: Market) -> None:
    """The day is read again and no longer has the row."""
    market.connection.execute(
        "delete from raw.ga4__transactions where connection_id = %s and date = %s",
        [GA4, WEEKS_LATER],
    )


def named_by_nobody(market: Market) -> None:
    """GA4 tells of a purchase and of what went back of it, and no shop knows the order."""
    market.transaction("#801", ORDERED, "ana", purchase_revenue=Decimal(70))
    market.transaction(
        "#801", WEEKS_LATER, "ana", ecommerce_purchases=0, purchase_revenue=Decimal(-7)
    )


def ordered_after_all(market: Market) -> None:
    market.order(801, f"{ORDERED} 18:00", "70.00")


def withheld(market: Market) -> None:
    """Purchases whose ids GA4 withholds, as it does on any date."""
    for day in (ORDERED, WEEKS_LATER):
        market.transaction("(not set)", day, "ana", purchase_revenue=Decimal(3))


def withheld_again(market: Market) -> None:
    market.transaction(
        "(not set)", WEEKS_LATER, "bo", purchase_revenue=Decimal(4), session_source="tiktok"
    )


def purchase_withdrawn(market: Market) -> None:
    """The day is read again and no longer has the purchase; its refund stays, weeks later."""
    market.connection.execute(
        "delete from raw.ga4__transactions where connection_id = %s and transaction_id = '#801' "
        "and date = %s",
        [GA4, ORDERED],
    )


def shown(market: RandomMarket, day: str) -> dict[str, Decimal]:
    """What GA4 shows of a day, of orders and of nobody's."""
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        rows = connection.execute(
            f"select cause, sum(gap_amount) from {GAPS} where gap_date = %s and "
            "cause in ('told', 'nameless') group by cause".encode(),
            [day],
        ).fetchall()
    return dict(rows)


def gap(market: RandomMarket) -> list[tuple[str, Decimal]]:
    """What the order's day says of the day six weeks on."""
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        return connection.execute(
            f"select cause, gap_amount from {GAPS} "
            "where order_date = %s and gap_date = %s and cause = 'refund_timing'".encode(),
            [ORDERED, WEEKS_LATER],
        ).fetchall()


def measure(market: RandomMarket, *writers: Callable[[Market], None]) -> None:
    for writer in writers:
        market.write(writer)
        with psycopg.connect(market.warehouse.admin_dsn) as connection:
            source, stream, day = LOADS[writer]
            market.load_id += 1
            Market(connection, market.load_id).record_load(
                source,
                stream,
                dt.date.fromisoformat(day),
                deleted=int(writer in (taken_back, purchase_withdrawn)),
            )
    market.measure()
    assert market.count("intermediate.int_orders_affected where order_id = '9000000800'") == 0


LOADS = {
    given_back: ("ga4", "transactions", WEEKS_LATER),
    taken_back: ("ga4", "transactions", WEEKS_LATER),
    named_by_nobody: ("ga4", "transactions", WEEKS_LATER),
    purchase_withdrawn: ("ga4", "transactions", ORDERED),
    withheld: ("ga4", "transactions", WEEKS_LATER),
    withheld_again: ("ga4", "transactions", WEEKS_LATER),
    rate_known: ("exchange_rates", "rates", WEEKS_LATER),
    ordered_after_all: ("shopify", "orders", ORDERED),
}


def test_a_row_weeks_later_comes_gets_its_rate_and_goes(market: RandomMarket) -> None:
    """-22.00 euros are -24.20 dollars: what the shop shows and GA4 lacks, with its sign turned."""
    assert gap(market) == []
    measure(market, rate_known, given_back)
    assert gap(market) == [("refund_timing", Decimal("24.20"))]
    measure(market, taken_back)
    assert gap(market) == []
    assert_kept_as_a_full_refresh_has_it(market)


def test_a_rate_that_comes_after_its_row(market: RandomMarket) -> None:
    measure(market, given_back)
    assert gap(market) == []
    measure(market, rate_known)
    assert gap(market) == [("refund_timing", Decimal("24.20"))]


def test_one_date_decides_whether_rows_of_another_have_an_order(market: RandomMarket) -> None:
    """The purchase of 70.00 finds its order late, loses it again, and its refund with it.

    The refund's own date, six weeks on, tells the same all the while.
    """
    before = shown(market, ORDERED)["told"]
    measure(market, named_by_nobody)
    assert shown(market, ORDERED) == {"told": before, "nameless": Decimal(70)}
    assert shown(market, WEEKS_LATER) == {"nameless": Decimal(-7)}
    measure(market, ordered_after_all)
    assert shown(market, ORDERED) == {"told": before + 70}
    assert shown(market, WEEKS_LATER) == {"told": Decimal(-7)}
    assert_kept_as_a_full_refresh_has_it(market)
    measure(market, purchase_withdrawn)
    assert shown(market, ORDERED) == {"told": before}
    assert shown(market, WEEKS_LATER) == {"nameless": Decimal(-7)}
    assert_kept_as_a_full_refresh_has_it(market)


def assert_kept_as_a_full_refresh_has_it(market: RandomMarket) -> None:
    kept = market.contents((GAPS, DAYS))
    market.dbt("--full-refresh")
    assert market.contents((GAPS, DAYS)) == kept


def test_ids_that_ga4_withholds_name_no_date_to_read_again(market: RandomMarket) -> None:
    """They stand on every date: a run that read all of them again would read all history."""
    measure(market, withheld)
    first = written(market)
    measure(market, withheld_again)
    assert shown(market, WEEKS_LATER) == {"nameless": Decimal(7)}
    second = written(market)
    assert second[ORDERED] == first[ORDERED]
    assert second[WEEKS_LATER] != first[WEEKS_LATER]


def written(market: RandomMarket) -> dict[str, str]:
    """The transaction that wrote each date's purchases without an order."""
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        rows = connection.execute(
            f"select order_date::text, xmin::text from {GAPS} where cause = 'nameless'".encode()
        ).fetchall()
    return dict(rows)
