"""WooCommerce: a cut report is asked for again; the sandbox refuses what the shop refuses."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.errors import Truncated
from include.sources.woocommerce.answers import classify_answer
from include.sources.woocommerce.sandbox_lists import Refusal, answer_list
from include.sources.woocommerce.sandbox_report import answer_report

NOW = dt.datetime(2026, 11, 4, 12, tzinfo=dt.UTC)
SHOP: Any = SimpleNamespace(daily_sales_at=lambda now: [], orders_at=lambda now: [])
REPORT = {"interval": "day", "after": "2026-11-01T00:00:00", "before": "2026-11-03T23:59:59"}


def test_a_report_without_its_days_was_cut() -> None:
    cut = SimpleNamespace(
        conn_id="woocommerce", status_code=200, document={"totals": {}}, content=b"{}"
    )
    raised = classify_answer(cut)  # type: ignore[arg-type]  # only these are looked at
    assert isinstance(raised, Truncated)
    cut.document = {"totals": {}, "intervals": []}
    assert classify_answer(cut) is None  # type: ignore[arg-type]


def test_a_report_answers_its_days() -> None:
    answered = answer_report(SHOP, REPORT, NOW)
    assert answered.headers == {"X-WP-Total": "3", "X-WP-TotalPages": "1"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("interval", "daily"),
        ("date_type", "date_modified"),
        ("orderby", "revenue"),
        ("order", "down"),
        ("per_page", "101"),
        ("page", "0"),
        ("after", "yesterday"),
        ("before", ""),
    ],
)
def test_a_report_refuses_what_it_does_not_know(name: str, value: str) -> None:
    with pytest.raises(Refusal) as caught:
        answer_report(SHOP, {**REPORT, name: value}, NOW)
    assert caught.value.body["message"] == f"Invalid parameter(s): {name}"
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [("orderby", "revenue"), ("status", "paid"), ("per_page", "0"), ("order", "up")],
)
def test_a_list_refuses_what_it_does_not_know(name: str, value: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    # What it has never heard of is ignored, as WordPress does.
    assert answer_list([], {"modified-after": "x"}, zone).body == []
    with pytest.raises(Refusal) as caught:
        answer_list([], {name: value}, zone)
    assert caught.value.body["message"] == f"Invalid parameter(s): {name}"
