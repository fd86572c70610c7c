"""Leak scores: what is decisive, what never is, and how often clean campaigns raise an alarm."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from leaky_campaigns import DAYS, START, draw_campaign
from scipy import stats

from include.attribution.code_history import change_day
from include.attribution.leakage import CodeDay, CodeHistory, LeakScore, score_codes
from include.attribution.post_response import AGE_STEPS, age_step, split_late
from include.attribution.sibling_rates import surprise_beside_siblings, surprise_of_counts

END = START + dt.timedelta(days=DAYS - 1)
SEEDS = 200


def on(day: int) -> dt.date:
    return START + dt.timedelta(days=day)


def honest_code(name: str, *, sessionless: int = 1) -> CodeHistory:
    """Pieces on day 10 and 30, three uses on each of the four days after; half have a session."""
    days = tuple(
        CodeDay(
            on(live + age), 3, linked=3 - sessionless, seen=3, sessionless=sessionless,
            identified=2, returning=int(age == 0), located=3,
        )
        for live in (10, 30)
        for age in range(4)
    )  # fmt: skip
    return CodeHistory(name, START, END, (on(10), on(30)), days)


def campaign(*codes: CodeHistory) -> dict[str, LeakScore]:
    siblings = [honest_code(f"S{number}") for number in range(12)]
    return {score.code: score for score in score_codes([*codes, *siblings])}


def with_days(code: CodeHistory, *days: CodeDay) -> CodeHistory:
    return replace(code, days=tuple(sorted((*code.days, *days), key=lambda day: day.day)))


def test_honest_codes_are_clean() -> None:
    assert {score.leak_class for score in campaign().values()} == {"clean"}


def test_uses_before_the_first_post_are_decisive() -> None:
    early = with_days(honest_code("EARLY"), CodeDay(on(4), 2), CodeDay(on(6), 1))
    score = campaign(early)["EARLY"]
    assert (score.leak_class, score.reasons[0]) == ("leaked", "before_post")
    assert score.compromised_from == on(4)
    assert score.parts["before_post"].hits == 3


def test_a_first_post_that_nobody_saw_makes_early_uses_a_reason_to_look() -> None:
    early = with_days(honest_code("EARLY"), CodeDay(on(4), 2), CodeDay(on(6), 1))
    score = campaign(replace(early, is_first_live_assumed=True))["EARLY"]
    assert score.leak_class == "watch"


def test_one_early_use_is_no_leak() -> None:
    early = with_days(honest_code("EARLY"), CodeDay(on(4), 1))
    assert campaign(early)["EARLY"].leak_class != "leaked"


def test_strays_of_other_creators_explain_some_early_uses() -> None:
    """Fifteen in a hundred users type another creator's code: early uses are theirs, not a leak."""
    early = with_days(honest_code("EARLY"), CodeDay(on(12), 2))
    early = replace(early, live_days=(on(30),), days=tuple(d for d in early.days if d.day < on(13)))
    early = replace(early, days=(CodeDay(on(12), 2),))
    noisy = [with_days(honest_code(f"S{n}"), CodeDay(on(20), 0, stray=4)) for n in range(12)]
    found = {score.code: score for score in score_codes([early, *noisy])}["EARLY"]
    assert found.leak_class == "clean"


def test_visits_from_a_coupon_site_are_decisive() -> None:
    listed = with_days(honest_code("LISTED"), CodeDay(on(33), 6, coupon_site=6))
    score = campaign(listed)["LISTED"]
    assert (score.leak_class, score.reasons[0]) == ("leaked", "coupon_site")
    assert score.compromised_from == on(33)


@pytest.mark.parametrize("uses", [1, 10, 100])
def test_missing_sessions_alone_are_never_enough(uses: int) -> None:
    """An audience that only types codes, however large, among audiences that click."""
    podcast = honest_code("PODCAST", sessionless=3)
    days = tuple(
        replace(
            day, uses=3 * uses, seen=3 * uses, sessionless=3 * uses, linked=0,
            identified=2 * uses, returning=day.returning * uses, located=3 * uses,
        )
        for day in podcast.days
    )  # fmt: skip
    score = campaign(replace(podcast, days=days))["PODCAST"]
    assert score.leak_class == "clean"
    assert score.parts["sessionless"].score is not None


def test_a_flood_far_from_the_posts_is_a_leak_and_dated() -> None:
    flood = tuple(
        CodeDay(on(day), 4, seen=3, sessionless=3, identified=3, returning=3, located=4, abroad=2)
        for day in range(42, 60)
    )
    score = campaign(with_days(honest_code("FLOOD"), *flood))["FLOOD"]
    assert score.leak_class == "leaked"
    assert {"off_post", "returning", "abroad"} <= set(score.reasons)
    assert score.compromised_from == on(42)


def test_two_leaks_do_not_hide_behind_each_other() -> None:
    flood = tuple(CodeDay(on(day), 4, identified=4, returning=4) for day in range(42, 60))
    leaks = [with_days(honest_code(name), *flood) for name in ("ONE", "TWO", "THREE")]
    found = campaign(*leaks)
    assert {found[name].leak_class for name in ("ONE", "TWO", "THREE")} == {"leaked"}
    assert {score.leak_class for name, score in found.items() if name[0] == "S"} == {"clean"}


def test_codes_without_posts_or_uses_are_judged_by_what_is_there() -> None:
    unused = CodeHistory("UNUSED", START, END, (on(10),), ())
    unknown = CodeHistory("UNKNOWN", START, END, (), (CodeDay(on(3), 2),))
    found = campaign(unused, unknown)
    assert found["UNUSED"].leak_class == found["UNKNOWN"].leak_class == "clean"
    assert found["UNKNOWN"].parts["before_post"].score is None
    assert score_codes([]) == []


def test_the_order_of_codes_changes_nothing() -> None:
    codes = draw_campaign(3, leaking=3).codes
    forward = {score.code: score for score in score_codes(codes)}
    backward = {score.code: score for score in score_codes(codes[::-1])}
    for code, score in forward.items():
        assert backward[code].leak_class == score.leak_class
        assert backward[code].score == pytest.approx(score.score, abs=1e-9)


def test_counts_are_surprising_as_a_negative_binomial_says() -> None:
    hits, expected, shape = np.array([0, 1, 4]), np.array([0.5, 0.2, 1.5]), 2.0
    success = shape / (shape + expected)
    assert surprise_of_counts(hits, expected, shape) == pytest.approx(
        stats.nbinom.sf(hits - 1, shape, success)
    )


def test_shares_are_surprising_as_a_known_population_says() -> None:
    """1,500 siblings tell their population's mean and spread; its tail is drawn by brute force."""
    rng = np.random.default_rng(5)
    logits = rng.normal(-1.0, 0.6, 1501)
    trials = np.full(1501, 40)
    hits = rng.binomial(trials, 1 / (1 + np.exp(-logits)))
    hits[0] = 22
    found = surprise_beside_siblings(hits, trials, np.ones(1501, dtype=bool))[0]
    drawn = rng.binomial(40, 1 / (1 + np.exp(-rng.normal(-1.0, 0.6, 400_000))))
    assert found == pytest.approx((drawn >= 22).mean(), rel=0.25)
    with pytest.raises(ValueError, match="0 <= hits <= trials"):
        surprise_beside_siblings([3], [2], [True])


def test_late_uses_are_split_where_a_quarter_is_expected() -> None:
    """Ten days a step, curve 12:5:3: 40 % are expected from step 1, 15 % from step 2."""
    days = np.full((1, AGE_STEPS.size), 10.0)
    curves = np.array([[0.6, 0.25, 0.15, 0.0, 0.0, 0.0]])
    uses = np.array([[5.0, 4.0, 2.0, 1.0, 0.0, 0.0]])
    late, counted, share = split_late(uses, days, curves)
    assert (late[0], counted[0], share[0]) == (3, 12, pytest.approx(0.15))
    assert age_step([0, 1, 2, 6, 7, 100]).tolist() == [0, 0, 1, 2, 3, 5]


def test_the_change_day_is_where_uses_leave_the_curve() -> None:
    curve = np.array([3.0, 0.3, 0.1, 0.01, 0.01, 0.01])
    flood = tuple(CodeDay(on(day), 2) for day in range(40, 61))
    assert change_day(with_days(honest_code("X"), *flood), curve) == on(40)


def _clean_alarms(mean_uses: float, code_only: int) -> tuple[float, float]:
    """Return watched and leaked codes per clean campaign in the mean over all seeds."""
    classes: Counter[str] = Counter()
    for seed in range(SEEDS):
        scores = score_codes(draw_campaign(seed, mean_uses=mean_uses, code_only=code_only).codes)
        classes.update(score.leak_class for score in scores)
    return classes["watch"] / SEEDS, classes["leaked"] / SEEDS


@pytest.mark.long
@pytest.mark.parametrize(("mean_uses", "code_only"), [(10.0, 3), (40.0, 3), (40.0, 12), (150.0, 3)])
def test_clean_campaigns_raise_at_most_one_alarm(
    mean_uses: float, code_only: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 clean campaigns of 25 creators, some of whose audiences only use codes."""
    watched, leaked = _clean_alarms(mean_uses, code_only)
    with capsys.disabled():
        print(f"\nclean, {mean_uses:.0f} uses, {code_only} code-only: {watched=} {leaked=}")
    assert watched + leaked <= 1.0
    assert leaked <= 0.2


@pytest.mark.long
@pytest.mark.parametrize("mean_uses", [10.0, 40.0, 150.0])
def test_leaks_are_found(mean_uses: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Three of 25 codes leak: precision and recall by kind and size, printed for the docs."""
    seen: Counter[tuple[str, str]] = Counter()
    days_off: list[int] = []
    for seed in range(SEEDS):
        drawn = draw_campaign(10_000 + seed, leaking=3, mean_uses=mean_uses)
        for score in score_codes(drawn.codes):
            leak = drawn.leaks.get(score.code)
            seen["leak" if leak else "clean", score.leak_class] += 1
            if leak:
                size = "under 10" if leak.uses < 10 else "10-29" if leak.uses < 30 else "30 or more"
                for key in (leak.kind, size):
                    seen[key, score.leak_class] += 1
                if score.compromised_from:
                    days_off.append(abs((score.compromised_from - on(leak.day)).days))
    table = [_precision_and_recall(seen, key) for key in
             ("leak", "coupon", "early", "hidden", "under 10", "10-29", "30 or more")]  # fmt: skip
    with capsys.disabled():
        print(f"\nleaking, {mean_uses:.0f} uses", *table, sep="\n")
        print(
            f"days off: median {int(np.median(days_off))}, 90 %: {np.quantile(days_off, 0.9):.0f}"
        )
    precision = seen["leak", "leaked"] / (seen["leak", "leaked"] + seen["clean", "leaked"])
    assert precision >= 0.9
    assert seen["30 or more", "clean"] <= 0.15 * sum(
        seen["30 or more", name] for name in ("clean", "watch", "leaked")
    )


def _precision_and_recall(seen: Counter[tuple[str, str]], key: str) -> str:
    total = sum(seen[key, name] for name in ("clean", "watch", "leaked"))
    leaked, either = seen[key, "leaked"], seen[key, "leaked"] + seen[key, "watch"]
    if key != "leak":
        return (
            f"{key}: n={total} recall leaked {leaked / total:.2f}, with watch {either / total:.2f}"
        )
    wrong, wrong_either = seen["clean", "leaked"], seen["clean", "leaked"] + seen["clean", "watch"]
    return (
        f"all: n={total} recall leaked {leaked / total:.2f}, with watch {either / total:.2f}; "
        f"precision leaked {leaked / (leaked + wrong):.2f}, "
        f"with watch {either / (either + wrong_either):.2f}"
    )
