"""Removal effects per campaign and week: worked by hand, served, frozen, solved again on request.

Week of 2 March: ana > bo 2 orders; ana 1 order, 3 nulls; bo 1 order, 1 null; email > ana 2 nulls.
Of 10 paths 4 convert. h(bo) = 3/4, h(ana) = 1/8 + 1/4 * 3/4 = 5/16, P = 8/10 * 5/16 + 2/10 * 3/4.
Without ana 0.15 convert, without bo 0.1, without email 0.3375: RE = 5/8, 3/4, 5/32, in all 49/32.
Week of 9 March: ana > bo 1 order, bo 1 order, no nulls: RE = 1/2 and 1.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from chain_market import ChainMarket
from in_process_dbt import run_dbt

from include import removal_effects
from include.errors import PublishRefused
from include.refits import has_waiting_refit, list_weeks, request_refit
from include.removal_effects import (
    RESTATEMENT_DAYS,
    WeekPaths,
    WeekSolution,
    solve_paths,
    solve_weeks,
)
from include.warehouse.connection import connect

FIRST = {
    "ana > bo": (2, 0, "200.00"),
    "ana": (1, 3, "50.00"),
    "bo": (1, 1, "30.00"),
    "email > ana": (0, 2, "0"),
}
SECOND = {"ana > bo": (1, 0, "100.00"), "bo": (1, 0, "10.00")}
FIRST_MONDAY = dt.date(2026, 3, 2)
# Sunday 8 March and four days of restatement.
LAST_OPEN_DAY, CLOSING_DAY = "2026-03-11", "2026-03-12"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("markov_weeks")


@pytest.fixture(scope="module")
def built(warehouse: Any, target: Path) -> Iterator[ChainMarket]:
    market = ChainMarket(warehouse, target)
    yield market
    market.close()


@pytest.fixture
def market(built: ChainMarket) -> ChainMarket:
    built.clear()
    built.paths("2026-03-02", FIRST)
    built.paths("2026-03-09", SECOND)
    return built


def solve(market: ChainMarket, day: str, status: str = "published") -> int:
    """Solve as of a day; return the number of weeks that were solved."""
    run = market.open_run(day)
    written = solve_weeks(market.dsn, run)
    market.close_run(run, status)
    return written


def served(market: ChainMarket, monday: str) -> tuple[Any, ...]:
    ((*found,),) = market.rows(
        "select solve_id, solve_reason, is_frozen, replaced_solve_id from analysis.markov_solves "
        "where week_start_date = %s order by measure_run_id desc limit 1",
        monday,
    )
    return tuple(found)


def split(market: ChainMarket, order_id: str) -> list[tuple[Any, ...]]:
    """An order under markov_path: date, channel, share to 9 digits, cents."""
    return market.rows(
        "select event_date::text, channel, round(credit_share, 9), credit_amount "
        "from intermediate.int_credits_unpivoted "
        "where attribution_model = 'markov_path' and order_id = %s "
        "order by event_date, touch_id",
        order_id,
    )


def is_waiting(market: ChainMarket) -> bool:
    with connect(market.dsn) as connection:
        return has_waiting_refit(connection)


def nine(numerator: int, denominator: int) -> Decimal:
    return (Decimal(numerator) / denominator).quantize(Decimal("1e-9"))


def test_removal_effects_are_those_worked_by_hand(market: ChainMarket) -> None:
    assert solve(market, LAST_OPEN_DAY) == 2
    effects = market.rows(
        "select week_start_date::text, channel, removal_effect, markov_share, "
        "markov_share_low <= markov_share and markov_share <= markov_share_high "
        "from analysis.markov_removal_effects inner join analysis.markov_solves using (solve_id) "
        "order by 1, 2"
    )
    first = {"ana": (5 / 8, 20 / 49), "bo": (3 / 4, 24 / 49), "email": (5 / 32, 5 / 49)}
    second = {"ana": (1 / 2, 1 / 3), "bo": (1.0, 2 / 3)}
    expected = {("2026-03-02", c): found for c, found in first.items()}
    expected |= {("2026-03-09", c): found for c, found in second.items()}
    assert {(week, c): (e, s) for week, c, e, s, _ in effects} == {
        key: (pytest.approx(e, abs=1e-12), pytest.approx(s, abs=1e-12))
        for key, (e, s) in expected.items()
    }
    assert all(row[4] for row in effects)
    solves = market.rows(
        "select attribution_model, path_count, conversion_count, null_count, net_revenue_amount, "
        "observed_rate, round(p_conversion::numeric, 12) from analysis.markov_solves order by 1"
    )
    assert solves == [
        ("markov", 4, 4, 6, Decimal("280.00"), 0.4, Decimal("0.4")),
        ("markov_converting_only", 2, 2, 0, Decimal("110.00"), 1.0, Decimal(1)),
    ]


def test_campaigns_with_the_same_paths_are_solved_once(
    market: ChainMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two campaigns of one shop and two weeks: four solves with rows of their own, two chains."""
    solved: list[int] = []

    def count(paths: WeekPaths) -> WeekSolution:
        solved.append(len(paths.rows))
        return solve_paths(paths)

    monkeypatch.setattr(removal_effects, "solve_paths", count)
    market.execute(
        "insert into intermediate.int_path_summary select 'summer', week_start_date, channel_path, "
        "conversion_count, null_count, net_revenue_amount from intermediate.int_path_summary"
    )
    assert solve(market, LAST_OPEN_DAY) == 4
    assert sorted(solved) == [2, 4]
    effects = market.rows(
        "select campaign_id, channel, removal_effect from analysis.markov_removal_effects "
        "inner join analysis.markov_solves using (solve_id) "
        "where week_start_date = '2026-03-09' order by 1, 2"
    )
    assert effects == [
        ("spring", "ana", pytest.approx(1 / 2)),
        ("spring", "bo", pytest.approx(1)),
        ("summer", "ana", pytest.approx(1 / 2)),
        ("summer", "bo", pytest.approx(1)),
    ]


def test_each_order_is_split_over_its_own_channels_to_the_cent(market: ChainMarket) -> None:
    """A refund weeks later takes the weights of the sale's week, and no conversion."""
    entries = {"2026-03-03": "100.00", "2026-03-17": "-40.00"}
    market.order("both", "2026-03-03", entries, "ana", "bo")
    market.order("repeats", "2026-03-04", {"2026-03-04": "10.01"}, "ana", "email", "ana")
    market.order("second", "2026-03-10", {"2026-03-10": "100.00"}, "bo", "ana")
    market.order("codes", "2026-03-05", {"2026-03-05": "9.99"}, "code:ana", "code:bo")
    market.order("unknown", "2026-03-05", {"2026-03-05": "9.99"}, "cy", "dee")
    market.order("before", "2026-02-28", {"2026-02-28": "0.01"}, "ana", "bo")
    market.order("nobody", "2026-03-05", {"2026-03-05": "7.00"})
    solve(market, LAST_OPEN_DAY)
    five, six = nine(5, 11), nine(6, 11)
    assert split(market, "both") == [
        ("2026-03-03", "ana", five, Decimal("45.45")),
        ("2026-03-03", "bo", six, Decimal("54.55")),
        ("2026-03-17", "ana", five, Decimal("-18.18")),
        ("2026-03-17", "bo", six, Decimal("-21.82")),
    ]
    # 10.01 * 0.4 = 4.004 twice and 2.002: the missing cent goes to the earlier of the two.
    assert split(market, "repeats") == [
        ("2026-03-04", "ana", nine(2, 5), Decimal("4.01")),
        ("2026-03-04", "email", nine(1, 5), Decimal("2.00")),
        ("2026-03-04", "ana", nine(2, 5), Decimal("4.00")),
    ]
    assert split(market, "second") == [
        ("2026-03-10", "bo", nine(2, 3), Decimal("66.67")),
        ("2026-03-10", "ana", nine(1, 3), Decimal("33.33")),
    ]
    # A code alone is no part of the chain, but shares by its removal effects.
    assert [row[2:] for row in split(market, "codes")] == [
        (five, Decimal("4.54")),
        (six, Decimal("5.45")),
    ]
    half = nine(1, 2)
    assert [row[2:] for row in split(market, "unknown")] == [
        (half, Decimal("5.00")),
        (half, Decimal("4.99")),
    ]
    assert [row[2:] for row in split(market, "before")] == [
        (half, Decimal("0.01")),
        (half, Decimal("0.00")),
    ]
    assert [row[1:] for row in split(market, "nobody")] == [
        ("unattributed", nine(1, 1), Decimal("7.00"))
    ]


def test_the_report_level_shares_the_whole_week(market: ChainMarket) -> None:
    """The week's dated orders brought 280.00 less a refund of 10.00; ana takes 20/49 of 270.00.

    The code alone stays with bo whatever the chain says, the order of a cancelled class counts
    nowhere.
    """
    market.order("1", "2026-03-03", {"2026-03-03": "200.00"}, "ana", "bo")
    market.order("2", "2026-03-03", {"2026-03-03": "50.00", "2026-03-09": "-10.00"}, "ana")
    market.order("3", "2026-03-08", {"2026-03-08": "30.00"}, "bo")
    market.order("4", "2026-03-05", {"2026-03-05": "5.00"}, "code:bo")
    market.order("5", "2026-03-05", {"2026-03-05": "9.00"}, "ana", order_class="cancelled")
    market.order("6", "2026-03-05", {"2026-03-05": "7.00"})
    solve(market, LAST_OPEN_DAY)
    rows = market.rows(
        "select solve_id is null, channel, campaign_id, round(credited_order_count, 9), "
        "net_revenue_amount from intermediate.int_windows_credited order by 1, 2"
    )
    # 110.2041, 132.2449 and 27.5510: the one missing cent goes to bo.
    assert rows == [
        (False, "ana", "spring", nine(60, 49), Decimal("110.20")),
        (False, "bo", "spring", nine(72, 49), Decimal("132.25")),
        (False, "email", None, nine(15, 49), Decimal("27.55")),
        (True, "bo", "spring", Decimal("1.000000000"), Decimal("5.00")),
    ]
    market.execute("insert into core.dim_creator values ('spring', 'cy')")
    run_dbt(
        market.warehouse,
        ["run", "--select", "int_credits_summed", "mart_attribution_comparison"],
        market.target,
    )
    marts = market.rows(
        "select creator_id, attribution_model, net_revenue_amount, chain_day_count, "
        "converting_only_day_count from marts_next.mart_attribution_comparison "
        "where attribution_model like 'markov%%' order by 2, 1"
    )
    # Of the 14 days with a chain, those of the second week have no null path.
    assert marts == [
        ("ana", "markov_converting_only", Decimal("110.20"), 14, 7),
        ("bo", "markov_converting_only", Decimal("137.25"), 14, 7),
        ("cy", "markov_converting_only", Decimal("0.00"), 14, 7),
        ("ana", "markov_path", Decimal("130.91"), 14, 7),
        ("bo", "markov_path", Decimal("144.09"), 14, 7),
        ("cy", "markov_path", Decimal("0.00"), 14, 7),
    ]


def test_a_second_run_changes_nothing_and_an_open_week_follows_its_paths(
    market: ChainMarket,
) -> None:
    market.order("both", "2026-03-03", {"2026-03-03": "100.00"}, "ana", "bo")
    solve(market, LAST_OPEN_DAY)
    before = market.rows("select * from analysis.markov_solves order by 1")
    assert solve(market, LAST_OPEN_DAY) == 0
    assert market.rows("select * from analysis.markov_solves order by 1") == before
    market.paths("2026-03-02", {"ana > bo": (1, 0, "1"), "ana": (1, 0, "1")})
    assert solve(market, LAST_OPEN_DAY) == 1
    # Half of the orders come through bo, all through ana: 1 to 1/2.
    assert [row[2] for row in split(market, "both")] == [nine(2, 3), nine(1, 3)]
    # A week whose paths are all gone no longer weighs anything.
    market.paths("2026-03-02", {})
    assert solve(market, LAST_OPEN_DAY) == 1
    assert [row[2] for row in split(market, "both")] == [nine(1, 2), nine(1, 2)]


def test_a_closed_week_stays_until_a_refit_is_asked_for(market: ChainMarket) -> None:
    market.order("both", "2026-03-03", {"2026-03-03": "100.00"}, "ana", "bo")
    solve(market, LAST_OPEN_DAY)
    assert solve(market, CLOSING_DAY) == 1
    frozen = served(market, "2026-03-02")
    assert frozen[1:3] == ("week_closed", True)
    changed = {"ana > bo": (1, 0, "1"), "ana": (1, 0, "1")}
    market.paths("2026-03-02", changed)
    weeks = [(week.is_frozen, week.has_drifted) for week in list_weeks(market.dsn, "spring")]
    assert weeks == [(True, True), (False, False)]
    assert list_weeks(market.dsn, "autumn") == []
    assert solve(market, "2026-03-20") == 1  # the second week closes
    assert served(market, "2026-03-02") == frozen
    assert [row[2] for row in split(market, "both")] == [nine(5, 11), nine(6, 11)]
    request_refit(market.dsn, "spring", FIRST_MONDAY, "GA4 sent a week again")
    assert is_waiting(market)
    # A run that does not publish leaves the request open and the old solve in force.
    assert solve(market, "2026-03-20", "failed") == 1
    assert solve(market, "2026-03-20") == 1
    assert not is_waiting(market)
    _, reason, is_frozen, replaced = served(market, "2026-03-02")
    assert (reason, is_frozen, replaced) == ("model_refit", True, frozen[0])
    assert [row[2] for row in split(market, "both")] == [nine(2, 3), nine(1, 3)]
    assert solve(market, "2026-03-21") == 0
    refits = market.rows(
        "select count(*) from analysis.markov_solves where solve_reason = 'model_refit'"
    )
    assert refits == [(1,)]


def test_what_a_failed_run_froze_is_solved_again(market: ChainMarket) -> None:
    solve(market, CLOSING_DAY, "failed")
    market.paths("2026-03-02", {"ana": (1, 0, "1")})
    solve(market, CLOSING_DAY)
    assert market.rows(
        "select channel, removal_effect from analysis.markov_removal_effects "
        "inner join analysis.markov_solves using (solve_id) where week_start_date = '2026-03-02'"
    ) == [("ana", 1.0)]


def test_only_a_frozen_week_can_be_refitted(market: ChainMarket) -> None:
    solve(market, LAST_OPEN_DAY)
    with pytest.raises(ValueError, match="week of 2026-03-02 is open: every run solves it"):
        request_refit(market.dsn, "spring", FIRST_MONDAY, "why not")
    with pytest.raises(ValueError, match=r"no solve of campaign 'autumn'.*2026-03-02"):
        request_refit(market.dsn, "autumn", FIRST_MONDAY, "why not")


def test_a_chain_that_contradicts_its_paths_publishes_nothing(
    market: ChainMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve(market, LAST_OPEN_DAY)
    before = market.rows("select * from analysis.markov_solves order by 1")
    market.paths("2026-03-02", {"ana": (1, 1, "1")})
    # One part in a thousand is missing from the chain's own rate.
    from include.attribution import chain

    exact = chain.solve_dense
    monkeypatch.setattr(
        chain, "solve_dense", lambda *counts: (exact(*counts)[0] * 0.999, exact(*counts)[1])
    )
    with pytest.raises(PublishRefused, match="campaign spring, week of 2026-03-02: the chain"):
        solve_weeks(market.dsn, market.open_run(LAST_OPEN_DAY))
    assert market.rows("select * from analysis.markov_solves order by 1") == before
    with pytest.raises(PublishRefused, match="there is no measure run 99"):
        solve_weeks(market.dsn, 99)


def test_a_week_closes_when_dbt_calls_its_days_final() -> None:
    import yaml

    from include.settings import DBT_PROJECT_DIR

    project = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text("utf-8"))
    assert project["vars"]["restatement_days"] == RESTATEMENT_DAYS
