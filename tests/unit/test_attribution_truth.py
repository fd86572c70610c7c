"""Errors against a known truth, worked by hand."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from include.attribution.truth import TrueOrder, judge_model, true_orders, unseen_share

CREATORS = ["ana", "bo", "cy"]
# ana caused 60, bo 40; order 3 would have come anyway; order 4 is bo's, and nothing shows it.
ORDERS = [
    TrueOrder("1", "ana", Decimal(60)),
    TrueOrder("2", "bo", Decimal(30)),
    TrueOrder("3", None, Decimal(50)),
    TrueOrder("4", "bo", Decimal(10)),
]


def test_the_figures_of_a_model_by_hand() -> None:
    credited = {
        "1": {"ana": Decimal(45), "cy": Decimal(15)},
        "2": {"bo": Decimal(10)},
        "3": {"cy": Decimal(30)},
    }
    error = judge_model("linear", credited, ORDERS, CREATORS)
    # Shares 0.45, 0.10, 0.45 against 0.6, 0.4, 0: half of 0.15 + 0.30 + 0.45.
    assert error.total_variation == pytest.approx(0.45)
    assert error.revenue_ratio == pytest.approx(1.0)
    # Ranks 2.5, 1, 2.5 against 3, 2, 1.
    assert error.rank_correlation == pytest.approx(0.0, abs=1e-12)
    assert error.revenue_errors == {"ana": Decimal(-15), "bo": Decimal(-30), "cy": Decimal(45)}
    assert error.revenue_error == pytest.approx(0.9)
    assert error.worst_creator == "cy"
    # 30 of the 100 credited lie on the order that would have come anyway, 15 on ana's went to cy.
    assert error.anyway_share == pytest.approx(0.3)
    assert error.mistaken_share == pytest.approx(0.15)


def test_shares_without_amounts_are_compared_in_rank() -> None:
    credited = {
        "1": {"ana": Decimal(30)},
        "2": {"bo": Decimal(10)},
        "3": {"cy": Decimal(10)},
    }
    error = judge_model("linear", credited, ORDERS, CREATORS)
    assert error.total_variation == pytest.approx(0.2)
    assert error.revenue_ratio == pytest.approx(0.5)
    # Ranks 3, 1.5, 1.5 against 3, 2, 1.
    assert error.rank_correlation == pytest.approx(0.866, abs=0.001)


def test_an_order_the_market_does_not_count_would_have_come_anyway() -> None:
    error = judge_model("linear", {"9": {"ana": Decimal(5)}}, ORDERS, CREATORS)
    assert error.anyway_share == 1


def test_a_model_that_credits_nobody_has_no_shares() -> None:
    error = judge_model("linear", {}, ORDERS, CREATORS)
    assert error.revenue_ratio == 0
    assert error.revenue_error == pytest.approx(1.0)
    assert math.isnan(error.anyway_share)
    assert math.isnan(error.rank_correlation)


def test_revenue_that_nothing_leads_to_is_unseen_also_where_another_is_named() -> None:
    # Of bo's 40 the order of 30 names only ana; the order of 10 names nobody.
    evidence = {"1": ["ana", "bo"], "2": ["ana"], "3": ["cy"]}
    assert unseen_share(ORDERS, evidence) == pytest.approx(0.4)
    assert math.isnan(unseen_share([ORDERS[2]], evidence))


def test_only_kept_orders_of_a_truth_count() -> None:
    order = {"order_id": "1", "cause_creator_id": "ana", "net_revenue_amount": "7.50"}
    truth = {
        "orders": [order | {"is_kept": True}, order | {"order_id": "2", "is_kept": False}],
        "creators": [{"creator_id": "ana"}, {"creator_id": "bo"}],
    }
    assert true_orders(truth) == ([TrueOrder("1", "ana", Decimal("7.50"))], ["ana", "bo"])
