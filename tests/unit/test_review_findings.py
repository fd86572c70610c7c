"""The lines of a review, from rows written by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from include.review.findings import find_changes, find_pacing_risks, find_risks, find_winners
from include.review.proposal import AdviceLine, Proposal, build_proposal, describe_proposal
from include.review.week import week_of


def sums(orders: int, revenue: str, cost: str = "0", posts: int = 0, fell: bool = False) -> dict:
    return {
        "order_count": Decimal(orders),
        "net_revenue_amount": Decimal(revenue),
        "cost_amount": Decimal(cost),
        "post_count": posts,
        "has_fallen": fell,
    }


def line(creator: str | None, amount: str, **values: object) -> AdviceLine:
    known = {
        "creator_name": None,
        "phase": "scale",
        "action": "keep",
        "reason": "no change: nothing of its own to move",
        "pieces": 0,
        "p_best": None,
        "gain_low": None,
        "gain_mid": None,
        "gain_high": None,
    }
    return AdviceLine(creator_id=creator, amount=Decimal(amount), **{**known, **values})  # type: ignore[arg-type]


def test_the_week_is_compared_with_the_one_before() -> None:
    now = {"ana": sums(6, "300.00", "50"), "bo": sums(2, "80.50")}
    before = {"ana": sums(4, "100.00", "40"), "cy": sums(4, "90.00")}
    found = find_changes(now, before, [], "EUR")
    assert [f.message for f in found] == [
        "credited orders: 8, the week before 8 (+0 %)",
        "net revenue: 380.50 EUR, the week before 190.00 EUR (+100 %)",
        "delivered cost: 50.00 EUR, the week before 40.00 EUR (+25 %)",
        "pieces live: 0, the week before 0",
        "ana: +200.00 EUR net revenue against the week before",
        "cy: -90.00 EUR net revenue against the week before",
        "bo: +80.50 EUR net revenue against the week before",
    ]


def test_corrections_of_earlier_days_name_their_cause() -> None:
    restated = [{"cause": "late_touch", "net_revenue_amount": Decimal("-64.60")}]
    found = find_changes({}, {}, restated, "USD")[-1]
    assert found.message == "corrections of earlier days: -64.60 USD by late touch"
    assert found.value == Decimal("-64.60")


def test_winners_are_ranked_by_their_chance_and_by_return_without_one() -> None:
    best = [
        {
            "creator_id": "ana",
            "roas": Decimal("4"),
            "roas_low": Decimal(2),
            "roas_high": Decimal(7),
        },
        {"creator_id": "bo", "roas": Decimal("3"), "roas_low": None, "roas_high": None},
    ]
    chances = {"bo": Decimal("0.7"), "ana": Decimal("0.2"), "cy": Decimal("0.1"), "di": None}
    assert [f.message for f in find_winners(best, chances)] == [
        "bo: P(best next piece) 70 %; ROAS so far 3.00×",
        "ana: P(best next piece) 20 %; ROAS so far 4.00× (90 %: 2.00× to 7.00×)",
        "cy: P(best next piece) 10 %",
    ]
    assert [f.subject for f in find_winners(best, {})] == ["ana", "bo"]
    assert "P(best) not known" in find_winners(best, {})[0].message
    many = [row | {"creator_id": f"c{n}"} for n in range(9) for row in best[:1]]
    assert [f.subject for f in find_winners(many, {})] == ["c0", "c1", "c2"]


def test_every_kind_of_risk_has_its_line() -> None:
    piece = {
        "deliverable_id": "p1",
        "creator_id": "ana",
        "platform": "youtube",
        "content_format": "reel",
        "deliverable_status": "late",
        "due_date": dt.date(2026, 3, 4),
        "late_day_count": 2,
        "disclosure_status": "absent",
        "permalink": "https://x.test/p1",
    }
    missing = {**piece, "deliverable_id": "p2", "deliverable_status": "missing"}
    missing["disclosure_status"] = None
    codes = [
        {
            "code": "ANA10",
            "creator_id": "ana",
            "leak_class": "leaked",
            "reasons": "coupon sites",
            "suggested_compromised_from_date": dt.date(2026, 3, 9),
        },
        {"code": "BO10", "creator_id": "bo", "leak_class": "watch", "reasons": "abroad"},
    ]
    now = {"ana": sums(0, "0"), "cy": sums(0, "0", fell=True)}
    found = find_risks([piece, missing], codes, now)
    assert [(f.kind, f.subject) for f in found] == [
        ("piece_late", "p1"),
        ("disclosure_missing", "p1"),
        ("piece_missing", "p2"),
        ("code_leaked", "ANA10"),
        ("code_watch", "BO10"),
        ("audience", "cy"),
    ]
    assert found[0].message == "ana: YouTube Short due 2026-03-04 (p1) went live 2 days late"
    assert found[3].message.endswith("enter compromised_from: 2026-03-09 in the campaign file")


def test_only_a_goal_whose_best_case_misses_a_fifth_is_far_off() -> None:
    def goal(name: str, high: str | None) -> dict:
        return {
            "goal_id": name,
            "metric": "units_sold",
            "unit": "units",
            "target_value": Decimal(100),
            "projected_end_low": Decimal(10),
            "projected_end_value": Decimal(20),
            "projected_end_high": None if high is None else Decimal(high),
        }

    found = find_pacing_risks([goal("far", "79.9"), goal("near", "80"), goal("open", None)])
    assert [f.subject for f in found] == ["far"]
    assert found[0].message == (
        "Units sold (goal far): will end at 20 (90 %: 10 to 79.9), the target is 100"
    )


def test_a_goals_figures_are_counts_without_an_exponent() -> None:
    goal = {
        "goal_id": "clicks",
        "metric": "link_clicks",
        "unit": "clicks",
        "target_value": Decimal("15000.00"),
        "projected_end_low": Decimal("8474.4"),
        "projected_end_value": Decimal("895.04"),
        "projected_end_high": Decimal("9876.5"),
    }
    (found,) = find_pacing_risks([goal])
    assert found.message == (
        "Visits by the creators' links (goal clicks): will end at 895 (90 %: 8,474 to 9,876), "
        "the target is 15,000"
    )


def test_a_goal_that_is_a_rate_is_told_in_percent() -> None:
    goal = {
        "goal_id": "followers",
        "metric": "follower_growth",
        "unit": "rate",
        "target_value": Decimal("0.1"),
        "projected_end_low": Decimal("0.0612"),
        "projected_end_value": Decimal("0.065"),
        "projected_end_high": Decimal("0.0799"),
    }
    (found,) = find_pacing_risks([goal])
    assert found.message == (
        "Growth of the brand's followers (goal followers): will end at 6.5 % "
        "(90 %: 6.1 % to 8.0 %), the target is 10.0 %"
    )


def test_creators_are_called_by_name_once_where_a_name_is_known() -> None:
    named = {"creator_id": "ana_b", "creator_name": "Ana B"}
    now = {"ana_b": sums(1, "10") | named, "cy": sums(0, "0", fell=True)}
    moved = find_changes(now, {}, [], "EUR")[-1]
    assert (moved.subject, moved.message) == (
        "ana_b",
        "Ana B: +10.00 EUR net revenue against the week before",
    )
    best = [named | {"roas": Decimal(2), "roas_low": None, "roas_high": None}]
    chances = {"bo": Decimal("0.4"), "ana_b": Decimal("0.3")}
    lines = [found.message for found in find_winners(best, chances, {"bo": "Bo"})]
    assert [line.split(":")[0] for line in lines] == ["Bo", "Ana B"]
    leaked = {"code": "A1", "leak_class": "watch", "reasons": "abroad"} | named
    risks = [found.message for found in find_risks([], [leaked], now)]
    assert [risk.split(":")[0] for risk in risks] == ["Ana B", "cy"]


def test_a_proposal_holds_moves_of_creators_and_comes_back_from_json() -> None:
    gains = {"gain_low": Decimal(-5), "gain_mid": Decimal(40), "gain_high": Decimal(90)}
    lines = [
        line(
            "ana",
            "200",
            creator_name="Ana B",
            reason="best",
            pieces=1,
            p_best=Decimal("0.84"),
            **gains,
        ),
        line("bo", "-200", reason="returns 0.40"),
        line("cy", "0"),
        line(None, "150", action="add_creator"),
    ]
    proposal, reason = build_proposal("spring", "EUR", lines)
    assert proposal is not None
    assert reason == "asked: best"
    assert [(m.creator_id, m.amount) for m in proposal.moves] == [("ana", 200), ("bo", -200)]
    assert Proposal.from_json(proposal.to_json()) == proposal
    body = describe_proposal(proposal, "Spring *Glow*", "-fee: 1\n+fee: 2\n")
    assert body.startswith(r"**Spring \*Glow\***, phase *")
    assert "| Ana B | +200.00 EUR | 1 | best |" in body
    assert "| bo | -200.00 EUR |  | returns 0.40 |" in body, "without a name the plan's id"
    assert "the piece this buys returns most of all: 84 %" in body
    assert "+40.00 EUR (90 %: -5.00 to +90.00)" in body


def test_a_name_is_no_markdown_in_the_question() -> None:
    named = {"creator_name": "![x](http://evil.test/a.png)|<b>\nAna_B"}
    proposal, _ = build_proposal("spring", "EUR", [line("ana", "5", **named), line("bo", "-5")])
    assert proposal is not None
    (row,) = (row for row in describe_proposal(proposal, "x", "").splitlines() if "evil" in row)
    shown = r"\!\[x\]\(http://evil.test/a.png\)\|\<b\> Ana\_B"
    assert row.startswith(f"| {shown} | +5.00 EUR |")


def test_the_key_follows_the_moves_and_not_the_words() -> None:
    first, _ = build_proposal("spring", "EUR", [line("ana", "200", reason="a"), line("bo", "-200")])
    again, _ = build_proposal("spring", "EUR", [line("bo", "-200.00"), line("ana", "200.00")])
    other, _ = build_proposal("spring", "EUR", [line("ana", "201"), line("bo", "-200")])
    assert first
    assert again
    assert other
    assert first.key == again.key != other.key


def test_without_moves_nobody_is_asked_and_the_commonest_reason_is_said() -> None:
    lines = [line("ana", "0", reason="too early"), line("bo", "0", reason="too early")]
    lines += [line("cy", "0", reason="a test"), line(None, "90", action="add_creator")]
    assert build_proposal("spring", "EUR", lines) == (None, "nothing to decide: too early")


def test_a_week_begins_on_monday() -> None:
    week = week_of(dt.date(2026, 11, 15))
    assert (week.start, week.end) == (dt.date(2026, 11, 9), dt.date(2026, 11, 15))
    assert week.before.start == dt.date(2026, 11, 2)
    assert len(week.days) == 7
