"""The shop whose publications are compared: as of 4 March, and what changes afterwards.

Order a of the 3rd (100.00, ana then bo), b of the 3rd (50.00, ana), c of the 4th (30.00, bo), d of
the 4th (20.00, nobody). The week's paths are those of test_markov_weeks.
"""

from __future__ import annotations

from decimal import Decimal

from chain_market import ChainMarket

from include.removal_effects import solve_weeks
from include.restatements.compare import compare_run

WEEK = "2026-03-02"
PATHS = {
    "ana > bo": (2, 0, "200.00"),
    "ana": (1, 3, "50.00"),
    "bo": (1, 1, "30.00"),
    "email > ana": (0, 2, "0"),
}
# ana is met on the way to both orders, bo on the way to one: 1 and 1/2.
OTHER_PATHS = {"ana > bo": (1, 0, "100.00"), "ana": (1, 0, "50.00")}


def publish_fourth_of_march(built: ChainMarket) -> int:
    """Publish the shop as of 4 March; return the number of rows that differ from before."""
    built.clear()
    built.paths(WEEK, PATHS)
    built.order("a", "2026-03-03", {"2026-03-03": "100.00"}, "ana", "bo", customer="1")
    built.order("b", "2026-03-03", {"2026-03-03": "50.00"}, "ana", customer="2")
    built.order("c", "2026-03-04", {"2026-03-04": "30.00"}, "bo", customer="3")
    built.order("d", "2026-03-04", {"2026-03-04": "20.00"}, customer="4")
    return measure(built, "2026-03-04")


def measure(market: ChainMarket, day: str, status: str = "published", load: str = "") -> int:
    """Solve and compare as of a day, then end the run; return the number of rows by cause."""
    run = market.open_run(day)
    if load:
        market.pin_load(run, load)
    solve_weeks(market.dsn, run)
    written = compare_run(market.dsn, run)
    assert compare_run(market.dsn, run) == written
    check_days(market)
    market.close_run(run, status)
    return written


def check_days(market: ChainMarket) -> None:
    """What is remembered of every creator's day is what the credits add up to."""
    remembered = market.rows(
        "select distinct on (campaign_id, creator_id, attribution_model, metric_date) "
        "creator_id, attribution_model, metric_date, net_revenue_amount, "
        "round(credited_order_count, 6) from analysis.credited_days "
        "where attribution_model <> 'markov' "
        "order by campaign_id, creator_id, attribution_model, metric_date, measure_run_id desc"
    )
    credited = market.rows(
        "select creator_id, attribution_model, event_date, sum(credit_amount), "
        "round(sum(credit_share * conversion_count), 6) from intermediate.int_credits_unpivoted "
        "cross join intermediate.int_measure_run_facts where order_class = 'kept' "
        "and creator_id is not null and event_date <= last_day group by 1, 2, 3"
    )
    zero = Decimal(0)
    assert {row for row in remembered if row[3:] != (zero, zero)} == {
        row for row in credited if row[3:] != (zero, zero)
    }
    check_weeks(market)


def check_weeks(market: ChainMarket) -> None:
    """So is every creator's week under `markov`, dated by its Sunday."""
    remembered = market.rows(
        "select * from (select distinct on (creator_id, metric_date) creator_id, metric_date, "
        "net_revenue_amount, round(credited_order_count, 6) from analysis.credited_days "
        "where attribution_model = 'markov' "
        "order by creator_id, metric_date, measure_run_id desc) as newest "
        "where net_revenue_amount <> 0"
    )
    credited = market.rows(
        "select creator_id, week_start_date + 6, sum(net_revenue_amount), "
        "round(sum(credited_order_count), 6) from intermediate.int_windows_credited "
        "where creator_id is not null group by 1, 2 having sum(net_revenue_amount) <> 0"
    )
    assert sorted(remembered) == sorted(credited)


def change_everything(market: ChainMarket) -> None:
    """A late order, a new day, a refund, a cancellation, a late touch and another chain."""
    market.order("e", "2026-03-03", {"2026-03-03": "10.00"}, "ana")
    market.order("f", "2026-03-05", {"2026-03-05": "40.00"}, "ana")
    entries = {"2026-03-03": "50.00", "2026-03-04": "-20.00"}
    market.order("b", "2026-03-03", entries, "ana", customer="2")
    market.order(
        "c", "2026-03-04", {"2026-03-04": "30.00"}, "bo", order_class="cancelled", customer="3"
    )
    market.order("d", "2026-03-04", {"2026-03-04": "20.00"}, "bo", customer="4")
    market.paths(WEEK, OTHER_PATHS)
