"""Purchases per session and orders per click: whose counts, drawn to whom, solved again when."""

from __future__ import annotations

from typing import Any

import pytest
from hand_made_rates import integrate_rates

from include import rate_estimates
from include.errors import PublishRefused
from include.rate_estimates import CreatorCounts, estimate_creator_rates, estimate_rate_rows
from include.warehouse.connection import connect

# Glow: noor's link was never followed and ines has no row anywhere. Winter has ended, dawn has not
# begun.
CORE = """
create table core.dim_campaign as
select unnest(array['glow', 'winter', 'dawn']) as campaign_id;
create table core.dim_creator as
select * from (values
    ('glow', 'maya', 'instagram'), ('glow', 'maya', 'tiktok'), ('glow', 'noor', 'instagram'),
    ('glow', 'ines', 'instagram'), ('glow', 'pia', 'instagram'), ('glow', 'zoe', 'instagram'),
    ('winter', 'maya', 'instagram'), ('dawn', 'maya', 'instagram')
) as creators (campaign_id, creator_id, platform);
create table core.fct_web_session_daily as
select * from (values
    ('glow', 'maya', date '2026-03-02', 400::bigint, 18::bigint),
    ('glow', 'maya', '2026-03-03', 200, 6),
    ('glow', 'noor', '2026-03-03', 0, 0),
    ('glow', 'pia', '2026-03-03', 400, 15),
    ('glow', 'zoe', '2026-03-03', 300, 9),
    ('winter', 'maya', '2026-01-07', 90, 3),
    (null, null, '2026-03-03', 900, 40)
) as sessions (campaign_id, creator_id, session_date, session_count, purchase_count);
create table intermediate.int_creator_days_credited as
select * from (values
    ('glow', 'maya', 12.5), ('glow', 'maya', 4.0), ('glow', 'pia', 11.0), ('glow', 'zoe', 6.0),
    ('winter', 'maya', 1.0)
) as credited (campaign_id, creator_id, credited_link_order_count);
insert into quality.measure_runs (day, as_of_date, run_id)
values ('2026-03-10', '2026-03-10', 'first'), ('2026-03-11', '2026-03-11', 'second')
"""
CHANGES = {
    "nothing": ("select 1", set()),
    "a click": (
        "insert into core.fct_web_session_daily values ('winter', 'maya', '2026-03-11', 1, 0)",
        {"winter"},
    ),
    "a purchase": (
        "update core.fct_web_session_daily set purchase_count = 4 where campaign_id = 'winter'",
        {"winter"},
    ),
    "an order": (
        "insert into intermediate.int_creator_days_credited values ('glow', 'noor', 1.0)",
        {"glow"},
    ),
    "a creator": ("insert into core.dim_creator values ('dawn', 'noor', 'tiktok')", {"dawn"}),
    "clicks of nobody": (
        "insert into core.fct_web_session_daily values (null, null, '2026-03-11', 70, 3)",
        set(),
    ),
}
RATES = (
    "estimated_cvr_session", "cvr_session_low", "cvr_session_high", "estimated_orders_per_click",
    "orders_per_click_low", "orders_per_click_high",
)  # fmt: skip


def execute(warehouse: Any, statement: str) -> None:
    with connect(warehouse.dsn("transformer")) as connection:
        connection.execute(statement.encode())


def read_rates(warehouse: Any) -> dict[tuple[str, str], tuple[float | None, ...]]:
    columns = ", ".join(f"{name}::float8" for name in RATES)
    with connect(warehouse.dsn("transformer")) as connection:
        rows = connection.execute(
            f"select campaign_id, creator_id, {columns} from analysis.rate_estimates".encode()
        ).fetchall()
    return {(campaign, creator): tuple(rates) for campaign, creator, *rates in rows}


def campaigns_of(warehouse: Any, run: int) -> set[str]:
    with connect(warehouse.dsn("transformer")) as connection:
        return {
            name
            for (name,) in connection.execute(
                "select campaign_id from analysis.rate_estimates where solve_id = %s",
                [f"run-{run}"],
            )
        }


def test_rates_are_the_posteriors_of_each_campaign(clean_warehouse: Any) -> None:
    execute(clean_warehouse, CORE)
    assert estimate_creator_rates(clean_warehouse.dsn("transformer"), 1) == 7
    found = read_rates(clean_warehouse)
    # Maya's are of two days: 18 + 6 purchases in 400 + 200 sessions, 12.5 + 4 orders.
    creators = ("ines", "maya", "noor", "pia", "zoe")
    clicks = (0, 600, 0, 400, 300)
    bought = integrate_rates((0, 24, 0, 15, 9), clicks)
    ordered = integrate_rates((0, 16.5, 0, 11, 6), clicks)
    for creator, *by_hand in zip(creators, bought, ordered, strict=True):
        wanted = [value for rate in by_hand for value in rate]
        assert found["glow", creator] == pytest.approx(wanted, rel=0.03), creator
    # Without a click: the campaign's, and not the other campaign's.
    assert found["glow", "ines"] == found["glow", "noor"]
    assert found["winter", "maya"][0] != found["glow", "maya"][0]
    assert found["dawn", "maya"] == (None,) * 6


@pytest.mark.parametrize("change", CHANGES)
def test_only_campaigns_whose_counts_changed_are_solved_again(
    clean_warehouse: Any, change: str
) -> None:
    statement, wanted = CHANGES[change]
    dsn = clean_warehouse.dsn("transformer")
    execute(clean_warehouse, CORE)
    estimate_creator_rates(dsn, 1)
    execute(clean_warehouse, statement)
    estimate_creator_rates(dsn, 2)
    assert campaigns_of(clean_warehouse, 2) == wanted
    assert campaigns_of(clean_warehouse, 1) == {"glow", "winter", "dawn"} - wanted
    kept = read_rates(clean_warehouse)
    # A fresh solve says the same of every campaign, solved anew or kept.
    execute(clean_warehouse, "delete from analysis.rate_estimates")
    estimate_creator_rates(dsn, 2)
    assert read_rates(clean_warehouse) == kept


def test_other_code_solves_anew_and_a_campaign_that_is_gone_leaves_nothing(
    clean_warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = clean_warehouse.dsn("transformer")
    execute(clean_warehouse, CORE)
    assert estimate_creator_rates(dsn, 1) == 7
    monkeypatch.setattr(rate_estimates, "code_version", lambda files: "another")
    execute(clean_warehouse, "delete from core.dim_campaign where campaign_id = 'winter'")
    assert estimate_creator_rates(dsn, 2) == 6
    assert campaigns_of(clean_warehouse, 1) == set()
    assert campaigns_of(clean_warehouse, 2) == {"glow", "dawn"}
    with pytest.raises(PublishRefused, match="no measure run 99"):
        estimate_creator_rates(dsn, 99)


def test_a_lucky_click_is_drawn_to_the_campaign_and_many_speak_for_themselves() -> None:
    creators = [
        CreatorCounts("lucky", 2, 1, 1),
        CreatorCounts("large", 10_000, 300, 300),
        *(CreatorCounts(f"c{number}", 1000, 20, 20) for number in range(8)),
    ]
    lucky, large, *_ = estimate_rate_rows(creators)
    assert lucky.cvr_session == lucky.orders_per_click
    mean, _, high = lucky.cvr_session
    assert mean is not None
    assert high is not None
    assert mean < 0.06
    assert high < 0.5
    assert large.cvr_session[0] == pytest.approx(0.03, rel=0.05)


def test_no_more_purchases_and_orders_count_than_there_are_clicks() -> None:
    """Of two purchases in one session one counts; who refuses tracking orders without a click."""
    others = [CreatorCounts("ines", 0, 2, 1), CreatorCounts("maya", 200, 8, 5.5)]
    clipped = [CreatorCounts("ines", 0, 0, 0), CreatorCounts("maya", 200, 8, 5.5)]
    found = estimate_rate_rows([*others, CreatorCounts("pia", 3, 5, 4.5)])
    assert found == estimate_rate_rows([*clipped, CreatorCounts("pia", 3, 3, 3)])
