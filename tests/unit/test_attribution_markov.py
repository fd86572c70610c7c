"""Markov: against golden values, against an exact second implementation, and its invariants."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path as File
from typing import Any

import attribution_oracle as oracle
import numpy as np
import pytest
from attribution_oracle import Path
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from include.attribution import chain
from include.attribution.chain import (
    ChainInconsistent,
    count_transitions,
    solve_chain,
    transitions_of_rows,
)
from include.attribution.markov import (
    credit_by_path,
    solve_markov,
    solve_transitions,
    weigh_touches,
)
from include.attribution.paths import PathSummary

GOLDEN = json.loads((File(__file__).parents[1] / "golden" / "attribution.json").read_text("utf-8"))
CASES = {case["id"]: case["expected"] for case in GOLDEN["cases"]}
TOLERANCE = GOLDEN["tolerance_abs"]

channels = st.sampled_from(["ana", "bo", "cy", "dee"])
path_rows = st.builds(
    Path,
    st.lists(channels, max_size=5).map(tuple),
    st.integers(0, 4),
    st.integers(0, 4),
    st.integers(-500, 9000).map(Fraction),
)
tables = st.lists(path_rows, min_size=1, max_size=7)


def summary_of(paths: list[Path]) -> PathSummary:
    return PathSummary.of(
        [path.channels for path in paths],
        [path.conversions for path in paths],
        [path.nulls for path in paths],
        [float(path.value) for path in paths],
    )


def golden_summary(expected: dict[str, Any]) -> PathSummary:
    paths = expected["paths"]
    columns = [[path[name] for path in paths] for name in ("conversions", "nulls", "value")]
    return PathSummary.of([path["path"] for path in paths], *columns)


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_golden_chain(case_id: str) -> None:
    """P(conversion), removal effects and shares are the rationals the case gives."""
    exact = CASES[case_id]["markov_exact"]
    solution = solve_markov(golden_summary(CASES[case_id]))
    assert solution.p_conversion == pytest.approx(float(Fraction(exact["p_conversion"])), abs=1e-12)
    for name, found in (
        ("removal_effect", solution.removal_effects),
        ("share", solution.shares),
    ):
        wanted = [float(Fraction(exact[name][channel])) for channel in solution.channels]
        assert found == pytest.approx(wanted, abs=TOLERANCE), name
        assert set(exact[name]) == set(solution.channels)


@pytest.mark.parametrize("case_id", sorted(set(CASES) - {"G23_refund_after_the_window"}))
def test_golden_credit_per_order(case_id: str) -> None:
    """`markov_path` credit per channel; the refund of G23 is a ledger row, not a path."""
    summary = golden_summary(CASES[case_id])
    weights = weigh_touches(summary, solve_markov(summary).removal_effects)
    for unit, column in (("conversions", summary.conversions), ("value", summary.values)):
        found = credit_by_path(summary, weights, column)
        golden = CASES[case_id]["credits"]["markov_path"]
        wanted = [golden.get(channel, {unit: 0})[unit] for channel in summary.channels]
        assert found == pytest.approx(wanted, abs=TOLERANCE), unit


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_the_oracle_itself_agrees_with_the_golden_rules(case_id: str) -> None:
    """What the other tests lean on is held to the same values."""
    expected = CASES[case_id]
    paths = [
        Path(tuple(p["path"]), int(p["conversions"]), int(p["nulls"]), Fraction(str(p["value"])))
        for p in expected["paths"]
    ]
    direct = "Direct" if case_id.startswith("G19") else "direct"
    rules = {
        "first_touch": oracle.first_touch,
        "last_touch": oracle.last_touch,
        "last_non_direct": lambda path: oracle.last_non_direct(path, direct),
        "linear": oracle.linear,
        "position_based": oracle.position_based,
    }
    for model, weigh in rules.items():
        found = oracle.credit(paths, weigh)
        for channel, wanted in expected["credits"][model].items():
            assert float(found[channel]) == pytest.approx(wanted["conversions"], abs=TOLERANCE)
    for model, by_game in (("shapley", oracle.shapley(paths)), ("markov", oracle.markov(paths))):
        for channel, wanted in expected["credits"][model].items():
            assert float(by_game[channel]) == pytest.approx(wanted["conversions"], abs=TOLERANCE)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_removal_effects_equal_removing_each_channel_and_solving_again(paths: list[Path]) -> None:
    solution = solve_markov(summary_of(paths))
    effects = oracle.removal_effects(paths)
    wanted = [float(effects[channel]) for channel in solution.channels]
    assert solution.removal_effects == pytest.approx(wanted, abs=1e-12)
    chance = oracle.conversion_chance(oracle.build_chain(paths))
    assert solution.p_conversion == pytest.approx(float(chance), abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(tables)
def test_the_chain_converts_as_often_as_its_paths(paths: list[Path]) -> None:
    walked = [path for path in paths if path.channels]
    orders = sum(path.conversions for path in walked)
    ends = orders + sum(path.nulls for path in walked)
    solution = solve_markov(summary_of(paths))
    assert solution.p_conversion == pytest.approx(orders / ends if ends else 0.0, abs=1e-12)
    assert solution.shares.sum() == pytest.approx(1.0 if orders else 0.0, abs=1e-12)
    assert solution.credited_conversions.sum() == pytest.approx(orders, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(tables)
def test_weights_of_every_path_sum_to_one_and_equal_the_oracle(paths: list[Path]) -> None:
    summary = summary_of(paths)
    weights = weigh_touches(summary, solve_markov(summary).removal_effects)
    weigh = oracle.markov_path(oracle.removal_effects(paths))
    wanted = [float(w) for path in paths if path.channels for w in weigh(path.channels)]
    assert weights == pytest.approx(wanted, abs=1e-12)
    sums = np.bincount(summary.rows, weights, len(paths))
    assert sums == pytest.approx([1.0 if path.channels else 0.0 for path in paths])


@settings(max_examples=75, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_order_of_rows_splitting_and_duplicating_change_nothing(
    paths: list[Path], shuffle: Any
) -> None:
    """Shuffled rows, each row taken apart order by order, and every row twice."""
    whole = solve_markov(summary_of(paths))
    pieces = [Path(p.channels, 1, 0) for p in paths for _ in range(p.conversions)]
    pieces += [Path(p.channels, 0, 1) for p in paths for _ in range(p.nulls)]
    pieces += [Path(p.channels) for p in paths]
    shuffle.shuffle(pieces)
    for other in (pieces, [*paths, *paths]):
        found = solve_markov(summary_of(other))
        assert found.channels == whole.channels
        assert found.removal_effects == pytest.approx(whole.removal_effects, abs=1e-12)
        assert found.attribution_model == whole.attribution_model


@settings(max_examples=50, deadline=None)
@given(tables)
def test_repeats_of_a_channel_change_no_removal_effect(paths: list[Path]) -> None:
    doubled = [p._replace(channels=tuple(c for c in p.channels for _ in "ab")) for p in paths]
    once, twice = solve_markov(summary_of(paths)), solve_markov(summary_of(doubled))
    assert twice.removal_effects == pytest.approx(once.removal_effects, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(tables)
def test_the_sparse_way_gives_the_same(paths: list[Path]) -> None:
    counts = count_transitions(summary_of(paths))
    thin = chain.TransitionCounts(
        counts.channels,
        counts.starts,
        sparse.csr_array(counts.moves),
        counts.conversions,
        counts.nulls,
    )
    found, wanted = solve_chain(thin), solve_chain(counts)
    assert found.removal_effects == pytest.approx(wanted.removal_effects, abs=1e-12)


def test_counts_of_the_warehouse_give_the_published_chain() -> None:
    """G05 as a table of steps: C1 > C2 > C3 bought, C1 and C2 > C3 did not."""
    rows = [
        ("(start)", "C1", 2),
        ("(start)", "C2", 1),
        ("C1", "C2", 1),
        ("C1", "(null)", 1),
        ("C2", "C3", 2),
        ("C3", "(conversion)", 1),
        ("C3", "(null)", 1),
    ]
    solution = solve_transitions(transitions_of_rows(*map(list, zip(*rows, strict=True))))
    assert solution.p_conversion == pytest.approx(1 / 3)
    assert solution.removal_effects == pytest.approx([1 / 2, 1, 1])
    assert solution.shares == pytest.approx([0.2, 0.4, 0.4])
    assert list(solution.split_cents(100_000)) == [20_000, 40_000, 40_000]


def test_counts_that_are_no_paths_are_refused() -> None:
    """Two steps lead into ana, five out of it: the chain converts 4 times in 5, its paths twice."""
    counts = transitions_of_rows(
        ["(start)", "ana", "ana"], ["ana", "(conversion)", "(null)"], [2, 4, 1]
    )
    with pytest.raises(ChainInconsistent, match=r"converts with 0\.8, its paths with 2 "):
        solve_chain(counts)


@pytest.mark.parametrize(
    ("origin", "target", "count", "message"),
    [
        ("(null)", "ana", 1, r"row 0 leads from '\(null\)' to 'ana'; allowed: \(start\)"),
        ("ana", "(start)", 1, "row 0 leads from 'ana'"),
        ("(start)", "(null)", 1, r"to '\(null\)'"),
        ("(start)", "ana", -1, r"row 0 counts -1.0 steps; allowed: a number >= 0"),
    ],
)
def test_impossible_steps_are_named(origin: str, target: str, count: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transitions_of_rows([origin], [target], [count])


def test_only_converting_paths_carry_another_name() -> None:
    bought = PathSummary.of([["ana"], ["bo", "ana"]], [2, 1])
    assert solve_markov(bought).attribution_model == "markov_converting_only"
    seen = PathSummary.of([["ana"], ["bo", "ana"]], [2, 1], [0, 1])
    assert solve_markov(seen).attribution_model == "markov"


def test_an_order_nobody_was_seen_to_bring_stays_outside_the_chain() -> None:
    """3 of 5 orders have a path; a null path without touches is no journey either."""
    summary = PathSummary.of([["ana"], [], []], [3, 2, 0], [1, 0, 9], [30, 45.5, 0])
    solution = solve_markov(summary)
    assert solution.p_conversion == 0.75
    assert solution.conversions == 3
    assert summary.attributed(summary.values) == 30
    assert summary.unattributed(summary.values) == 45.5
    assert not PathSummary.of([[]], [1], [5]).has_nulls


def test_a_path_of_a_creator_the_solve_did_not_know_is_shared_as_shapley_does() -> None:
    """eve and fay have no removal effect yet: half each, eve's half over her two touches."""
    summary = PathSummary.of([["eve", "fay", "eve"], ["ana", "eve"]], [1, 1])
    weights = weigh_touches(summary, np.array([0.5, 0.0, 0.0]))
    assert list(weights) == [0.25, 0.5, 0.25, 1.0, 0.0]


def test_texts_and_lists_make_the_same_summary() -> None:
    texts = PathSummary.of_texts(["bo > ana", "", "cy"], " > ", [1, 2, 3], [0, 0, 4])
    lists = PathSummary.of([["bo", "ana"], [], ["cy"]], [1, 2, 3], [0, 0, 4])
    assert texts.channels == lists.channels == ("ana", "bo", "cy")
    assert list(texts.steps) == list(lists.steps) == [1, 0, 2]
    assert list(texts.offsets) == list(lists.offsets) == [0, 2, 2, 3]


def test_an_empty_channel_name_is_refused() -> None:
    for made in (
        lambda: PathSummary.of_texts(["ana", "", "bo >  > ana"], " > ", [1, 1, 1]),
        lambda: PathSummary.of([["ana"], [], ["bo", ""]], [1, 1, 1]),
    ):
        with pytest.raises(ValueError, match="the path of row 2 holds an empty channel name"):
            made()
    with pytest.raises(ValueError, match="the separator of paths is empty"):
        PathSummary.of_texts(["ana"], "", [1])
    assert PathSummary.of_texts([], " > ", []).channels == ()
    assert PathSummary.of_texts(["", ""], " > ", [1, 2]).channels == ()


def test_one_row_per_path_whatever_the_order_of_rows() -> None:
    summary = PathSummary.of(
        [["bo", "ana"], [], ["ana"], ["bo", "ana"], []], [1, 2, 3, 4, 5], values=[1, 2, 3, 4, 5]
    )
    found = summary.distinct()
    assert [list(found.steps), list(found.offsets)] == [[0, 1, 0], [0, 0, 1, 3]]
    assert list(found.conversions) == [7, 3, 5]
    assert list(found.values) == [7, 3, 5]


@pytest.mark.parametrize(
    ("conversions", "message"),
    [
        ([1, -1], "conversions of row 1 is -1.0; allowed: a finite number >= 0"),
        ([float("nan"), 1], "conversions of row 0 is nan"),
        ([1], r"conversions has shape \(1,\); allowed: one number per path, \(2,\)"),
    ],
)
def test_a_wrong_column_is_named(conversions: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PathSummary.of([["ana"], ["bo"]], conversions)
