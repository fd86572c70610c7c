"""Delay and kinds of pieces, told by daily counts: found again where known, believed where not."""

from __future__ import annotations

import numpy as np
import pytest

from include.stats.pacing import BELIEVED_DELAY, fit_daily, project_end, weigh_kinds


def drawn(
    delay: float, brings: tuple[float, float], pieces: int, days: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Daily counts of pieces of two kinds in turn, the one that brings more first."""
    rng = np.random.default_rng(seed)
    live = np.sort(rng.integers(0, days, pieces)).astype(float)
    kinds = (np.arange(pieces) >= pieces / 2).astype(int)
    kinds[::5] = 1 - kinds[::5]
    luck = rng.gamma(4.0, 0.25, pieces)
    ages = np.maximum(np.arange(-1, days)[None, :] - live[:, None] + 0.5, 0.0)
    fresh = np.diff(1 - np.exp(-ages / delay), axis=1)
    expected = (np.array(brings)[kinds] * luck) @ fresh
    return rng.poisson(expected).astype(float), live, kinds


@pytest.mark.parametrize("delay", [1.0, 4.0])
def test_a_delay_and_kinds_are_found_again(delay: float) -> None:
    found = [fit_daily(*drawn(delay, (40.0, 10.0), 100, 60, seed)) for seed in range(20)]
    assert np.median([one.delay for one in found]) == pytest.approx(delay, rel=0.3)
    # A reel brings four times what a story does; the prior draws them together a little.
    ratio = np.median([one.weights[0] / one.weights[1] for one in found])
    assert 2.5 < ratio < 4.5


def test_alike_kinds_look_alike() -> None:
    found = [fit_daily(*drawn(3.0, (20.0, 20.0), 100, 60, seed)) for seed in range(20)]
    ratio = np.median([one.weights[0] / one.weights[1] for one in found])
    assert ratio == pytest.approx(1, abs=0.15)


def test_one_kind_weighs_one_and_an_unseen_kind_is_as_good_as_the_others() -> None:
    # Day by day two pieces bring 6 and 2: a third kind is not among them.
    weights = weigh_kinds([6.0, 2.0], [[1.0, 1.0], [0.0, 0.0]])
    assert weights == pytest.approx([1.0, 1.0])


def test_two_clean_days_by_hand() -> None:
    # A kind a day, 6 and 2. Two pieces tell as much as 2 / 0.49 counts: 3.06 and 1.02 around 2.04,
    # to which the prior adds 2 counts in 2 / 2.04 pieces: 5.06 and 3.02 in 1.98.
    scaled = np.array([6.0, 2.0]) * (2 / 0.49) / 8
    mean = scaled.sum() / 2
    expected = (2 + scaled) / (2 / mean + 1) / mean
    assert weigh_kinds([6.0, 2.0], [[1.0, 0.0], [0.0, 1.0]]) == pytest.approx(expected)


def test_without_counts_the_believed_delay_stays() -> None:
    fit = fit_daily([0.0, 0.0], [0.0, 5.0], [0, 1])
    assert fit.delay == BELIEVED_DELAY
    assert fit.weights == pytest.approx([1.0, 1.0])
    assert fit_daily([3.0], [4.0], [0]).delay == BELIEVED_DELAY


def test_days_nobody_read_tell_nothing() -> None:
    """A piece of 80 on day 0 and one of another kind on day 10; nobody reads days 10 to 12."""
    ages = np.maximum(np.arange(-1, 30)[None, :] - np.array([[0.0], [10.0]]) + 0.5, 0.0)
    counts = 80 * np.diff(1 - np.exp(-ages / 3.0), axis=1).sum(axis=0)
    known = fit_daily(counts, [0.0, 10.0], [0, 1], 60)
    counts[10:13] = np.nan
    unread = fit_daily(counts, [0.0, 10.0], [0, 1], 60)
    assert unread.delay == pytest.approx(known.delay, rel=0.2)
    assert unread.weights == pytest.approx(known.weights, abs=0.1)
    empty = fit_daily(np.nan_to_num(counts), [0.0, 10.0], [0, 1], 60)
    assert empty.weights[1] < 0.8, "read as nothing, the second kind would look weak"


def test_a_kind_that_nobody_has_seen_is_the_largest_doubt() -> None:
    counts = [9.0, 5.0, 3.0, 2.0, 1.0] + [0.0] * 25
    known = fit_daily(counts, [0.0, 1.0, 45.0], [0, 0, 0], 60)
    unknown = fit_daily(counts, [0.0, 1.0, 45.0], [0, 0, 1], 60)
    # The trend is in both: 0.3 of the campaign's span, which lies nearly whole between them.
    assert known.doubt == pytest.approx(0.3**2 * (44.5 / 45) ** 2, rel=0.05)
    # A piece of a new kind is known up to a factor of exp(0.7): 1 ÷ 2 beside the trend, and the
    # other kind's own doubt, 1 ÷ (2 + 4 pieces' worth): two pieces of spread 0.7 tell 4.
    assert unknown.doubt - known.doubt == pytest.approx(1 / 2 + 1 / (2 + 3.4), rel=0.1)
    # Nothing left to come: nothing to doubt.
    assert fit_daily(counts, [0.0, 1.0], [0, 0], 29).doubt < 0.01


@pytest.mark.parametrize(("actual", "left"), [(0.0, 1.0), (0.0, 0.001), (40.0, 0.001)])
def test_the_middle_never_leaves_its_ends(actual: float, left: float) -> None:
    """Nothing yet, or next to nothing to come: the gamma's ends lie to one side of it."""
    found = project_end(actual, [1.0, 1.0 - left], [1.0, 1.0], doubt=1.0)
    assert found.low is not None
    assert found.mid is not None
    assert found.high is not None
    assert found.low <= found.mid <= found.high


def test_doubt_widens_what_is_to_come_alone() -> None:
    plain = project_end(30.0, [1.0, 0.0], [1.0, 1.0])
    doubted = project_end(30.0, [1.0, 0.0], [1.0, 1.0], doubt=0.5)
    assert doubted.mid == plain.mid
    assert doubted.low is not None
    assert plain.low is not None
    assert 30.0 < doubted.low < plain.low
    assert (doubted.high or 0) > (plain.high or 0)
    assert project_end(30.0, [1.0], [1.0], doubt=0.5).high == 30.0


def test_a_heavier_piece_counts_for_more() -> None:
    # A reel that weighs 2 brought 30; a story of weight 1 is still to come: 15 more.
    found = project_end(30.0, [1.0, 0.0], [1.0, 1.0], target=90.0, weights=[2.0, 1.0])
    assert found.mid == pytest.approx(45.0)
    assert found.target_to_date == pytest.approx(60.0)
