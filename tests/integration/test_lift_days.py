"""The days a lift is estimated from, as they are read from a warehouse."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import psycopg
from hand_made_build import Build
from hand_made_market import Market

from include.lift_series import read_days

LAST_DAY = dt.date(2026, 3, 6)
READ = (
    "dim_campaign", "fct_order", "fct_web_session_daily", "int_reported_sales", "int_shops",
    "stg_campaign_plan__events", "stg_ga4__session_totals",
)  # fmt: skip


def sold(market: Market) -> None:
    """The report knows five orders of the 2nd; it gives no number for the 3rd, and has no 4th."""
    market.order(1, "2026-03-02 17:00", "10.00")
    market.order(2, "2026-03-03 17:00", "10.00")
    market.order(3, "2026-03-03 18:00", "10.00")
    market.order(4, "2026-03-04 17:00", "10.00")
    market.order(5, "2026-03-04 18:00", "10.00", test=True)
    market.daily_sales("2026-03-02", "50.00", 5)
    market.daily_sales("2026-03-03", "20.00")
    market.daily_sales("2026-03-05", "0.00", 0)


def test_orders_are_counted_where_no_report_tells_them(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    """Before the first day that was read, the 2nd, nobody knows; on the 6th nothing was sold."""
    build = Build(clean_warehouse, tmp_path)
    build.load(1, dt.date(2026, 3, 2), Market.plan, Market.shop, sold)
    build.dbt("seed")
    build.dbt("run", "--select", *(f"+{name}" for name in READ))
    with psycopg.connect(build.warehouse.dsn("transformer")) as connection:
        (campaign,) = read_days(connection, LAST_DAY)
    figures = dict(zip(campaign.days, campaign.measures["orders"], strict=True))
    known = {day.day: count for day, count in figures.items() if not math.isnan(count)}
    assert known == {2: 5, 3: 2, 4: 1, 5: 0, 6: 0}
    assert campaign.days[0] == dt.date(2026, 3, 1)
