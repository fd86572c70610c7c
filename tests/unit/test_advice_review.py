"""A weekly review of campaigns whose right advice follows from how they were made."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal

import numpy as np
import pytest
from hand_made_campaign import campaign_of, day, offer

from include.advice.facts import CampaignFacts, Candidate, Goal, GoalDay
from include.advice.review import Recommendation, draw_next_pieces, review_campaign, weigh_posts

# One far better creator: 40 orders a piece at 25.00 of contribution against 6 of the others.
CLEAR = (40, 6, 6, 6, 6, 6)


def lines(facts: CampaignFacts, number: int) -> dict[str, Recommendation]:
    return {row.creator_id or row.line_type: row for row in review_campaign(facts, day(number))}


def test_identical_creators_are_left_alone() -> None:
    rows = lines(campaign_of([6] * 8), 22)
    assert {row.action for row in rows.values()} == {"keep"}
    reasons = {rows[f"c{n}"].reason for n in range(8)}
    assert len(reasons) == 1
    assert reasons.pop().startswith("no change: the best has P(best) = 0.")
    # Eight alike share the chance to be best.
    assert all(0.05 < (rows[f"c{n}"].p_best or 0) < 0.25 for n in range(8))
    assert sum(rows[f"c{n}"].p_best or 0 for n in range(8)) == pytest.approx(1.0)


def test_a_far_better_creator_gets_a_capped_part_of_the_open_money() -> None:
    rows = lines(campaign_of(CLEAR), 22)
    # Open are 6 × 3 pieces at 100.00; 15 % are 270.00, two whole pieces; a giver loses half.
    best = rows["c0"]
    assert (best.action, best.piece_count) == ("shift", 2)
    assert (best.from_amount, best.to_amount) == (300.0, 500.0)
    assert best.p_best is not None
    assert best.p_best > 0.95
    given = sorted(row.to_amount - row.from_amount for row in rows.values() if row is not best)
    assert given == [-150.0, -50.0] + [0.0] * 5
    assert sum(row.to_amount - row.from_amount for row in rows.values()) == pytest.approx(0.0)
    # 200.00 buy 10 times their price from her, 1.5 times from the others: 2,000 less 300.
    assert best.gain is not None
    assert best.gain[0] == pytest.approx(1700, rel=0.35)
    assert best.gain[1] > 0


def test_the_first_two_weeks_are_for_watching() -> None:
    rows = lines(campaign_of(CLEAR, piece_days=(1, 4, 7)), 14)
    assert {row.action for row in rows.values()} == {"keep"}
    assert {row.phase for row in rows.values()} == {"watch"}
    assert rows["c0"].reason == "no change: the first 14 days are for watching"


def test_a_price_above_what_a_piece_brings_is_renegotiated_or_paused() -> None:
    # A piece brings 20 orders of 25.00 contribution: 500.00.
    facts = campaign_of([20] * 8, piece_days=(1, 6, 11, 16, 21, 26))
    facts.offers[0] = offer("c0", 850.0)
    facts.offers[1] = offer("c1", 1600.0)
    rows = lines(facts, 36)
    assert rows["c0"].action == "renegotiate"
    assert rows["c1"].action == "pause"
    assert rows["c0"].break_even_fee is not None
    assert rows["c0"].break_even_fee[0] == pytest.approx(500, rel=0.08)
    assert rows["c0"].break_even_fee[1] < 500 < rows["c0"].break_even_fee[2]
    assert "asked are 850.00" in rows["c0"].reason
    assert rows["c0"].p_above_target is not None
    assert rows["c0"].p_above_target <= 0.05


def test_commission_comes_off_what_a_piece_brings() -> None:
    facts = campaign_of([20] * 4)
    facts.offers[0] = replace(facts.offers[0], commission_rate=0.25)
    rows = lines(facts, 22)
    # 0.5 - 0.25 of the revenue: half of the others' return.
    first, second = rows["c0"].next_piece_return, rows["c1"].next_piece_return
    assert first is not None
    assert second is not None
    assert first[0] / second[0] == pytest.approx(0.5, rel=0.1)
    assert rows["c0"].margin_rate == 0.25


def test_a_young_piece_counts_in_part() -> None:
    # One piece on day 22 at 09:00: 15 hours old. With a mean delay of days, little has come.
    facts = campaign_of([6, 6], piece_days=(1, 7, 22))
    row = lines(facts, 22)["c0"]
    assert row.post_count == 3
    assert 2.0 < row.matured_post_count < 2.8


def test_a_new_creator_is_drawn_from_the_campaign() -> None:
    facts = campaign_of([4, 5, 6, 7, 8, 9, 10, 11])
    drawn = draw_next_pieces(facts, day(22), weigh_posts(facts, day(22)))
    assert drawn is not None
    # Nobody knows them: about the campaign's mean, with more doubt than about anyone who posted.
    assert drawn.newcomer.mean() == pytest.approx(drawn.pieces.contribution.mean(), rel=0.25)
    spread = np.ptp(np.quantile(drawn.newcomer, [0.05, 0.95]))
    known = np.ptp(np.quantile(drawn.pieces.contribution, [0.05, 0.95], axis=1), axis=0)
    assert spread > known.max()


def test_a_share_of_the_free_money_tries_new_creators_at_the_median_price() -> None:
    facts = campaign_of([6] * 5)
    facts.offers[4] = offer("c4", 160.0)
    facts.campaign = replace(facts.campaign, budget_amount=5000.0, promised_amount=4500.0)
    rows = lines(facts, 22)
    # Open: 4 × 300.00 + 480.00 + 500.00 free = 2,180.00; 20 % are 436.00: four pieces of 100.00.
    new = rows["new_creator"]
    assert (new.action, new.piece_count, new.to_amount) == ("add_creator", 4, 400.0)
    assert new.reason.endswith("a piece is taken at the campaign's median price of 100.00")
    assert (rows["unspent"].from_amount, rows["unspent"].to_amount) == (500.0, 100.0)
    assert rows["unspent"].reason == "500.00 of the budget of 5,000.00 were promised to nobody"


def test_who_has_no_price_is_not_ranked_and_says_why() -> None:
    facts = campaign_of([6, 6, 6])
    facts.offers[0] = offer("c0", None)
    facts.offers[1] = replace(facts.offers[1], unavailable_reason="no longer in the plan")
    facts.offers.append(offer("quiet"))
    rows = lines(facts, 22)
    assert rows["c0"].p_best is None
    assert rows["c0"].next_piece_return is None
    # What a piece brings is known all the same: about 150.00 less 10.00 of product.
    assert rows["c0"].break_even_fee is not None
    assert rows["c0"].break_even_fee[0] == pytest.approx(140, rel=0.2)
    assert rows["c1"].p_best is None
    assert rows["quiet"].post_count == 0
    assert rows["quiet"].p_best is not None
    assert rows["c0"].reason == "a test: product only"
    assert rows["c1"].reason == "no change: no longer in the plan"
    assert rows["quiet"].reason == "a test: fewer than 2 live pieces"
    # Nor do they give or pay when prices are judged.
    assert {lines(facts, 36)[name].action for name in ("c0", "c1", "quiet")} == {"keep"}


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (0, "no change: the campaign begins on 2026-03-01"),
        (62, "no change: the campaign ended on 2026-04-30"),
    ],
)
def test_outside_of_its_days_a_campaign_gets_a_plain_reason(number: int, reason: str) -> None:
    rows = lines(campaign_of(CLEAR), number)
    assert {row.reason for key, row in rows.items() if key != "unspent"} == {reason}
    assert {row.action for row in rows.values()} == {"keep"}
    assert all(row.from_amount == row.to_amount for row in rows.values())


def test_near_the_end_only_what_can_still_be_published_is_bought() -> None:
    facts = campaign_of(CLEAR)
    facts.campaign = replace(facts.campaign, budget_amount=9000.0, promised_amount=4000.0)
    # The last day is the 61st: on day 55 a piece would be live on the 62nd.
    late = lines(facts, 55)
    reason = (
        "no change: a piece agreed on now is live on 2026-05-01 at the earliest, and the campaign"
        " ends on 2026-04-30"
    )
    assert {late[name].reason for name in ("c0", "c5", "new_creator")} == {reason}
    assert {row.action for row in late.values()} == {"keep"}
    # What is known of the next piece stays: the next campaign asks for it.
    assert (late["c0"].p_best or 0) > 0.95
    # On day 54 that very day is left: one piece, though 30 % of 6,800.00 would buy twenty.
    last = lines(facts, 54)
    assert (last["c0"].action, last["c0"].piece_count) == ("extend", 1)
    assert last["unspent"].to_amount == 4900.0
    # A new creator takes two weeks: day 47 is the last that allows one.
    assert last["new_creator"].reason.startswith("no change: a new creator's first piece")
    assert lines(facts, 48)["new_creator"].action == "keep"
    assert lines(facts, 47)["new_creator"].action == "add_creator"
    # Days 54 to 61 are eight: pieces three days apart on 54, 57 and 60.
    assert lines(facts, 47)["c0"].piece_count == 3


def test_the_plan_says_how_much_is_kept_for_new_creators() -> None:
    facts = campaign_of(CLEAR)
    facts.campaign = replace(facts.campaign, budget_amount=9000.0, promised_amount=4000.0)
    # Open are 5,000.00 and three pieces of 100.00 of each creator: 6,800.00. A piece costs 100.00.
    assert sum(one.open_amount for one in facts.offers) == 1800.0
    kept = {None: 1300.0, 0.5: 3400.0, 0.0: 0.0}
    for rate, amount in kept.items():
        facts.campaign = replace(facts.campaign, exploration_rate=rate)
        line = lines(facts, 36)["new_creator"]
        assert (line.to_amount, line.piece_count) == (amount, amount / 100), rate
    assert line.reason.startswith("no change: 0.00 are kept for new creators")


def test_a_new_creator_is_priced_by_candidates_who_could_be_asked() -> None:
    facts = campaign_of(CLEAR)
    facts.campaign = replace(facts.campaign, budget_amount=9000.0, promised_amount=4000.0)
    asked = {"dew": 60.0, "fern": 80.0, "moss": 90.0, "reed": 200.0}
    facts.candidates = [Candidate("instagram", *one) for one in reversed(asked.items())]
    # Of 6,800.00 of open money 1,360.00 are kept; (80 + 90) / 2 = 85.00 a piece: sixteen.
    line = lines(facts, 36)["new_creator"]
    assert (line.quoted_price, line.piece_count, line.to_amount) == (85.0, 16, 1360.0)
    assert line.reason.endswith(
        "a piece is taken at 85.00, the median asked by candidates who meet every criterion: "
        "dew (instagram, 60.00), fern (instagram, 80.00), moss (instagram, 90.00), 1 more"
    )
    # Three are all named; (60 + 80 + 90) has its median at 80.00.
    facts.candidates = [one for one in facts.candidates if one.handle != "reed"]
    line = lines(facts, 36)["new_creator"]
    assert line.quoted_price == 80.0
    assert line.reason.endswith("fern (instagram, 80.00), moss (instagram, 90.00)")
    facts.candidates.append(Candidate("instagram", "reed", 200.0))
    # Creators with a fee get product for 10.00 a piece as well, and so would a new one.
    facts.offers = [replace(one, product_amount=10.0) for one in facts.offers]
    line = lines(facts, 36)["new_creator"]
    assert line.quoted_price == 95.0
    assert "taken at 95.00, the median asked by" in line.reason
    assert "every criterion and 10.00 of product: dew" in line.reason


def test_the_plans_goal_asks_so_many_orders_of_a_piece() -> None:
    facts = campaign_of(CLEAR)
    # 1,000.00 for 100 units are 10.00 a unit; 210 orders had 420 units: a piece of 100.00 must
    # bring 10 units, 5 orders. c0's bring 40, the others' 6.
    assert len(facts.orders) == 210
    facts.campaign = replace(facts.campaign, budget_amount=1000.0)
    days = tuple(GoalDay(day(n), 30.0, 10.0, 60.0, True) for n in range(1, 22))
    facts.goals.append(Goal(days, "sales", "units_sold", "all", Decimal(100), None))
    facts.offers[1] = offer("c1", 300.0)
    facts.offers[2] = offer("c2", None)
    rows = lines(facts, 22)
    assert rows["c0"].goal_orders == pytest.approx(5.0)
    assert rows["c1"].goal_orders == pytest.approx(15.0)
    assert rows["c0"].p_above_goal == 1.0
    # Three pieces of 6 orders: 5 are likely, three times as many are not.
    assert 0.5 < (rows["c3"].p_above_goal or 0) < 0.95
    assert rows["c1"].p_above_goal is not None
    assert rows["c1"].p_above_goal < 0.05
    assert rows["c2"].goal_orders is rows["c2"].p_above_goal is None
    facts.goals.clear()
    assert lines(facts, 22)["c0"].p_above_goal is None


def test_no_data_is_a_reason_and_no_crash() -> None:
    nothing = CampaignFacts(campaign_of([]).campaign)
    assert [row.line_type for row in review_campaign(nothing, day(20))] == [
        "new_creator", "unspent",
    ]  # fmt: skip
    nothing.offers.append(offer("c0"))
    assert lines(nothing, 20)["c0"].reason == "no change: no piece is live yet"
    one = campaign_of([1], piece_days=(1,))
    assert lines(one, 20)["c0"].reason.startswith("no change: fewer than two credited orders")
    assert lines(one, 20)["c0"].order_count == 1.0
    same = one.orders[0]._replace(ordered_at=one.orders[0].ordered_at)
    one.orders.append(same)
    assert lines(one, 20)["c0"].reason.startswith("no change: one customer alone")


def test_the_same_facts_give_the_same_lines_in_another_year() -> None:
    first = review_campaign(campaign_of(CLEAR), day(22))
    later = review_campaign(campaign_of(CLEAR, shifted_days=400), day(422))
    assert [asdict(row) for row in first] == [asdict(row) for row in later]
    other_day = review_campaign(campaign_of(CLEAR), day(23))
    assert first[0].p_top3 == other_day[0].p_top3 == 1.0
    assert first[1].next_piece_return != other_day[1].next_piece_return
