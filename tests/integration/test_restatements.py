"""What changed between two publications and why, worked by hand.

As of 4 March: order a of the 3rd (100.00, ana then bo), b of the 3rd (50.00, ana), c of the 4th
(30.00, bo), d of the 4th (20.00, nobody). The week's removal effects are 5/8 for ana and 3/4 for
bo, as in test_markov_weeks: of order a ana has 5/11, 45.45, under markov_path.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chain_market import ChainMarket
from in_process_dbt import run_dbt
from restated_shop import (
    OTHER_PATHS,
    WEEK,
    change_everything,
    measure,
    publish_fourth_of_march,
)

from include.attribution.explain import format_order
from include.attribution.explain_changes import format_changes
from include.attribution.explain_rows import read_creator_day, read_orders
from include.errors import PublishRefused
from include.refits import request_refit
from include.restatements.compare import compare_run
from include.warehouse.connection import connect


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainMarket]:
    target: Path = tmp_path_factory.mktemp("restatements")
    market = ChainMarket(warehouse, target)
    yield market
    market.close()


@pytest.fixture
def market(built: ChainMarket) -> ChainMarket:
    """The shop as published as of 4 March."""
    assert publish_fourth_of_march(built) == 0
    return built


def causes(market: ChainMarket, model: str = "linear") -> dict[tuple[str, str, str], list[str]]:
    """Old, new and difference of money, then of orders, by creator, date and cause; newest run."""
    rows = market.rows(
        "select creator_id, metric_date::text, cause, old_net_revenue_amount, "
        "new_net_revenue_amount, net_revenue_difference_amount, old_order_count, new_order_count, "
        "order_count_difference from analysis.restatements where attribution_model = %s "
        "and measure_run_id = (select max(measure_run_id) from analysis.restated_runs)",
        model,
    )
    return {row[:3]: [f"{number:.2f}" for number in row[3:]] for row in rows}  # type: ignore[misc]


LINEAR = {
    ("ana", "2026-03-03", "late_order"): ["100.00", "110.00", "10.00", "1.50", "2.50", "1.00"],
    ("ana", "2026-03-04", "refund"): ["0.00", "-20.00", "-20.00", "0.00", "0.00", "0.00"],
    ("ana", "2026-03-05", "new_day"): ["0.00", "40.00", "40.00", "0.00", "1.00", "1.00"],
    ("bo", "2026-03-04", "cancellation"): ["30.00", "20.00", "-30.00", "1.00", "1.00", "-1.00"],
    ("bo", "2026-03-04", "late_touch"): ["30.00", "20.00", "20.00", "1.00", "1.00", "1.00"],
}
# Order a: ana 45.45 becomes 66.67 (2/3), bo 54.55 becomes 33.33.
MARKOV_PATH = LINEAR | {
    ("ana", "2026-03-03", "late_order"): ["95.45", "126.67", "10.00", "1.45", "2.67", "1.00"],
    ("ana", "2026-03-03", "open_week"): ["95.45", "126.67", "21.22", "1.45", "2.67", "0.21"],
    ("bo", "2026-03-03", "open_week"): ["54.55", "33.33", "-21.22", "0.55", "0.33", "-0.21"],
}


def test_every_change_has_its_cause_and_causes_sum_to_the_change(market: ChainMarket) -> None:
    change_everything(market)
    measure(market, "2026-03-05")
    assert causes(market) == LINEAR
    assert causes(market, "markov_path") == MARKOV_PATH
    run_dbt(market.warehouse, ["run", "--select", "mart_restatements"], market.target)
    assert market.rows(
        "select metric_date::text, cause, is_restated, measured_date::text, currency_code, "
        "previous_measured_date::text, new_net_revenue_amount from marts_next.mart_restatements "
        "where creator_id = 'ana' and attribution_model = 'linear' order by 1, 2"
    ) == [
        ("2026-03-03", "late_order", True, "2026-03-05", "USD", "2026-03-04", Decimal("110.00")),
        ("2026-03-04", "refund", True, "2026-03-05", "USD", "2026-03-04", Decimal("-20.00")),
        ("2026-03-05", "new_day", False, "2026-03-05", "USD", "2026-03-04", Decimal("40.00")),
    ]


def test_a_creators_day_tells_why_it_differs(market: ChainMarket) -> None:
    change_everything(market)
    measure(market, "2026-03-05")
    found = read_creator_day(market.dsn, "ana", dt.date(2026, 3, 3))
    lines = [line.split() for line in format_changes(found.changes).splitlines()]
    assert lines[0] == ["changed", "as", "of", "2026-03-05,", "against", "2026-03-04"]
    assert lines[1][-1] == "time_decay"
    models = ("linear", "markov_path")
    linear, markov_path = (lines[1].index(model) - len(lines[1]) for model in models)
    # Order a moved under markov_path alone, e entered under every model.
    assert lines[2][:2] + lines[2][-1:] == ["a", "changed", "+21.22"]
    assert lines[3][:2] == ["e", "entered"]
    assert [lines[3][at] for at in (linear, markov_path)] == ["+10.00", "+10.00"]
    assert [lines[4][at] for at in (0, linear, markov_path)] == ["sum", "+10.00", "+31.22"]
    (order,) = read_orders(market.dsn, "a")
    assert [(row["channel"], row["markov_path_amount"]) for row in order.credit] == [
        ("ana", Decimal("66.67")),
        ("bo", Decimal("33.33")),
    ]
    assert (
        format_order(order)
        .splitlines()[-1]
        .endswith("(open, solved again while its paths change; orders only, no null paths)")
    )


def test_a_creators_day_goes_by_the_campaigns_own_rules(market: ChainMarket) -> None:
    """Another version is asked for by name. In this market's weeks only `all` is computed."""
    change_everything(market)
    measure(market, "2026-03-05")
    day = dt.date(2026, 3, 3)
    with connect(market.dsn) as connection:
        connection.execute("update core.dim_campaign set default_rule_version = 'code_first'")
    own = read_creator_day(market.dsn, "ana", day)
    with connect(market.dsn) as connection:
        connection.execute("update core.dim_campaign set default_rule_version = 'all'")
    asked = read_creator_day(market.dsn, "ana", day, "all")
    assert (own.rule_version, asked.rule_version) == ("code_first", "all")
    assert not own.credit
    assert {row["order_id"] for row in asked.credit} == {"a", "b", "e"}


def test_a_second_run_restates_nothing(market: ChainMarket) -> None:
    change_everything(market)
    measure(market, "2026-03-05")
    assert measure(market, "2026-03-05") == 0
    # A rebuild that gives the same figures is no restatement either.
    market.order("f", "2026-03-05", {"2026-03-05": "40.00"}, "ana")
    assert measure(market, "2026-03-05") == 0


def test_what_a_failed_run_saw_is_told_by_the_next(market: ChainMarket) -> None:
    market.order("e", "2026-03-03", {"2026-03-03": "10.00"}, "ana")
    measure(market, "2026-03-05", status="failed")
    change_everything(market)
    measure(market, "2026-03-05", status="refused")
    measure(market, "2026-03-05")
    assert causes(market) == LINEAR
    assert causes(market, "markov_path") == MARKOV_PATH
    runs = market.rows("select count(distinct measure_run_id) from analysis.restatements")
    assert runs == [(1,)]


def test_an_entry_read_before_its_day_counts_when_the_day_does(market: ChainMarket) -> None:
    """A refund of 00:30 is read in the night before: its order need not be rebuilt to count."""
    entries = {"2026-03-03": "50.00", "2026-03-05": "-5.00"}
    market.order("b", "2026-03-03", entries, "ana", customer="2")
    market.order("g", "2026-03-05", {"2026-03-05": "7.00"}, "bo")
    assert measure(market, "2026-03-04") == 0
    measure(market, "2026-03-05")
    assert causes(market) == {
        ("ana", "2026-03-05", "refund"): ["0.00", "-5.00", "-5.00", "0.00", "0.00", "0.00"],
        ("bo", "2026-03-05", "new_day"): ["0.00", "7.00", "7.00", "0.00", "1.00", "1.00"],
    }


def returned(market: ChainMarket) -> None:
    entries = {"2026-03-03": "50.00", "2026-03-04": "-50.00"}
    market.order("b", "2026-03-03", entries, "ana", order_class="cancelled_", customer="2")
    market.execute("update core.fct_order set order_class = 'cancelled' where order_id = 'b'")
    market.execute(
        "update core.fct_attribution_credit set order_class = 'cancelled' where order_id = 'b'"
    )


def gifted(market: ChainMarket) -> None:
    market.order("b", "2026-03-03", {"2026-03-03": "50.00"}, "ana", order_class="gifted")


def edited(market: ChainMarket) -> None:
    entries = {"2026-03-03": "50.00", "2026-03-04": "8.00"}
    market.order("b", "2026-03-03", entries, "ana", customer="2")


def deleted(market: ChainMarket) -> None:
    market.forget("b")


def touched(market: ChainMarket) -> None:
    market.order("b", "2026-03-03", {"2026-03-03": "50.00"}, "ana", "bo", customer="2")


def merged(market: ChainMarket) -> None:
    market.order("b", "2026-03-03", {"2026-03-03": "50.00"}, "ana", "bo", customer="9")


def renamed(market: ChainMarket) -> None:
    market.execute("update core.dim_campaign set plan_version = '2'")
    touched(market)


def ruled(market: ChainMarket) -> None:
    market.execute("update intermediate.int_attribution_settings set setting = 'half_life_days 1'")
    touched(market)


@pytest.mark.parametrize(
    ("change", "cause", "load", "amount"),
    [
        (returned, "refund", "", "-50.00"),
        (gifted, "order_class", "", "-50.00"),
        (deleted, "deleted_order", "", "-50.00"),
        (edited, "order_edit", "", "8.00"),
        (touched, "late_touch", "", "-25.00"),
        (merged, "identity_merge", "", "-25.00"),
        (merged, "erasure", "erasure-2026-03-05", "-25.00"),
        (renamed, "plan_change", "", "-25.00"),
        (ruled, "rule_change", "", "-25.00"),
    ],
)
def test_each_cause(
    market: ChainMarket,
    change: Callable[[ChainMarket], None],
    cause: str,
    load: str,
    amount: str,
) -> None:
    change(market)
    measure(market, "2026-03-04", load=load)
    found = {key: row[2] for key, row in causes(market).items() if key[0] == "ana"}
    assert [(key[2], difference) for key, difference in found.items()] == [(cause, amount)]


def test_a_refit_is_the_one_cause_of_what_it_moves(market: ChainMarket) -> None:
    measure(market, "2026-03-12")
    market.paths(WEEK, OTHER_PATHS)
    assert measure(market, "2026-03-13") == 0
    request_refit(market.dsn, "spring", dt.date(2026, 3, 2), "GA4 sent the week again")
    # Two creators' day under `markov_path`, and their week under `markov`.
    assert measure(market, "2026-03-13") == 4
    assert causes(market) == {}
    assert {key: row[:3] for key, row in causes(market, "markov_path").items()} == {
        ("ana", "2026-03-03", "model_refit"): ["95.45", "116.67", "21.22"],
        ("bo", "2026-03-03", "model_refit"): ["54.55", "33.33", "-21.22"],
    }


def test_states_are_kept_once_and_old_explanations_go(market: ChainMarket) -> None:
    for day, amount in ((5, "51.00"), (6, "52.00"), (7, "53.00")):
        market.order("b", "2026-03-03", {"2026-03-03": amount}, "ana", customer="2")
        measure(market, f"2026-03-{day:02}")
    # The state that was published last, and the one that is about to be.
    assert market.rows("select count(*) from analysis.order_states where order_id = 'b'") == [(2,)]
    assert market.rows("select count(distinct measure_run_id) from analysis.restated_orders") == [
        (3,)
    ]
    market.order("b", "2026-03-03", {"2026-03-03": "60.00"}, "ana", customer="2")
    measure(market, "2026-03-21")
    assert market.rows(
        "select distinct last_day::text from analysis.restated_orders "
        "inner join analysis.restated_runs using (measure_run_id) order by 1"
    ) == [("2026-03-07",), ("2026-03-21",)]
    assert market.rows("select count(distinct measure_run_id) from analysis.restatements") == [(4,)]


def test_an_unknown_run_is_refused(market: ChainMarket) -> None:
    with pytest.raises(PublishRefused, match="there is no measure run 99"):
        compare_run(market.dsn, 99)
    with connect(market.dsn) as connection:
        assert connection.execute("select count(*) from analysis.restated_runs").fetchone() == (1,)
