"""What the lift step makes of a campaign's days: a verdict per measure, or why there is none."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from include.lift_estimates import judge_campaign, judge_split
from include.lift_series import CampaignDays

START = dt.date(2026, 6, 1)


def campaign(before: int, during: int, lift: float) -> CampaignDays:
    """Sales follow e-mail exactly, and exceed it by the lift while the campaign runs."""
    days = np.arange(before + during)
    email = 100.0 + 20.0 * np.sin(days / 5.0)
    sales = 3.0 * email * np.where(days >= before, 1.0 + lift, 1.0)
    return CampaignDays(
        "june",
        [START + dt.timedelta(int(day) - before) for day in days],
        before,
        {"net_sales": list(sales), "orders": [math.nan] * days.size, "sessions": list(email)},
        {"email": list(email), "display": [0.0] * days.size},
        [bool(day == before + 3) for day in days],
    )


def test_a_lift_is_measured_beside_what_other_channels_let_expect() -> None:
    sales, orders, sessions = judge_campaign(campaign(120, 61, 0.25))
    assert (sales.verdict, sales.controls) == ("measured", "email")
    assert sales.lift_rate == pytest.approx(0.25, abs=1e-3)
    assert sales.actual_value is not None
    assert sales.expected_value is not None
    assert sales.actual_value / sales.expected_value == pytest.approx(1.25, abs=1e-3)
    assert (sales.before_day_count, sales.campaign_day_count, sales.event_day_count) == (120, 60, 1)
    assert (orders.verdict, orders.before_day_count) == ("cannot be told", 0)
    assert orders.smallest_detectable_rate is None
    # The control itself moved with nothing.
    assert sessions.lift_rate == pytest.approx(0.0, abs=1e-3)


def test_with_few_days_before_only_what_could_be_seen_is_told() -> None:
    sales, _, _ = judge_campaign(campaign(10, 61, 5.0))
    assert (sales.verdict, sales.lift_rate, sales.placebo_p) == ("cannot be told", None, None)
    # A day of promotion is left out of these days, too.
    assert (sales.before_day_count, sales.campaign_day_count, sales.event_day_count) == (10, 60, 1)
    assert sales.smallest_detectable_rate is not None
    share = f"{100 * sales.smallest_detectable_rate:.0f} %"
    assert sales.unavailable_reason == (
        "10 days before the campaign were read and 8 weeks are needed; "
        f"in so few a lift under {share} could not be seen"
    )


def test_regions_that_sold_nothing_are_left_out_of_a_split() -> None:
    """Treated regions grew by half, the others not at all: a lift of 50 %."""
    regions = [(100.0, 150.0 + step, True) for step in (-1, 0, 1)]
    regions += [(200.0, 200.0 + step, False) for step in (-1, 0, 1)] + [(0.0, 5.0, False)]
    row = judge_split("june", "east", (14, 14), regions)
    assert (row.verdict, row.experiment_id, row.before_day_count) == ("measured", "east", 14)
    assert row.lift_rate == pytest.approx(0.5, abs=1e-3)
    assert row.actual_value == 450.0
    assert row.expected_value == pytest.approx(300.0, abs=0.5)


def test_a_split_of_few_regions_cannot_be_told() -> None:
    row = judge_split("june", "east", (14, 14), [(1.0, 2.0, True), (1.0, 2.0, False)])
    assert (row.verdict, row.lift_rate, row.smallest_detectable_rate) == (
        "cannot be told", None, None,
    )  # fmt: skip
    assert row.unavailable_reason is not None
    assert row.unavailable_reason.startswith("1 treated and 1 control regions")
    assert judge_split("june", "east", (14, 14), []).verdict == "cannot be told"
