"""What a campaign file says about evidence: public codes, look-backs by kind."""

from __future__ import annotations

import datetime as dt

import pytest
from test_plan_files import PLAN, problems_of

from include.campaigns.plan import parse_plan
from include.sources.campaign_plan import flatten

MAYA = "{code: MAYA15, discount_rate: 0.15, valid_from: 2026-03-01, valid_to: 2026-03-31"


def test_a_public_code_and_look_backs_become_columns() -> None:
    text = PLAN.replace(MAYA, f"{MAYA}, compromised_from: 2026-03-31").replace(
        "  utm_campaign: launch\n",
        "  utm_campaign: launch\n  lookback_days: 30\n"
        "  lookback_days_by_evidence: {discount_code: 365, utm_link: 30}\n",
        1,
    )
    plan = parse_plan(text, "plan.yaml").plan
    days = [row["compromised_from"] for row in flatten.codes(plan, "v")]
    assert days == [dt.date(2026, 3, 31), None]
    [campaign] = flatten.campaigns(plan, "v")
    assert campaign["lookback_days_by_evidence"] == {"discount_code": 365, "utm_link": 30}


@pytest.mark.parametrize("day", ["2026-02-28", "2026-04-01"])
def test_a_code_is_compromised_while_it_is_the_creators(day: str) -> None:
    [problem] = problems_of(PLAN.replace(MAYA, f"{MAYA}, compromised_from: {day}"))
    assert problem == (
        f"plan.yaml:24: creators[0].codes[0].compromised_from: value {day} is not allowed; "
        "allowed: a day from valid_from 2026-03-01 to valid_to 2026-03-31"
    )


JOURNEY = " days: the shop's customer journey reaches no further back"


@pytest.mark.parametrize(
    ("key", "kind", "days", "longest"),
    [
        ("lookback_days", "", 31, f"30{JOURNEY}"),
        ("lookback_days_by_evidence", "landing_page", 31, f"30{JOURNEY}"),
        ("lookback_days_by_evidence", "survey", 366, "365 days"),
    ],
)
def test_a_look_back_the_shop_cannot_answer_is_refused(
    key: str, kind: str, days: int, longest: str
) -> None:
    setting = f"{key}: {{{kind}: {days}}}" if kind else f"{key}: {days}"
    text = PLAN.replace("  utm_campaign: launch\n", f"  utm_campaign: launch\n  {setting}\n", 1)
    place = f"campaign.{key}.{kind}".rstrip(".")
    assert problems_of(text) == [
        f"plan.yaml:14: {place}: value {days} is not allowed; allowed: 1 to {longest}"
    ]
