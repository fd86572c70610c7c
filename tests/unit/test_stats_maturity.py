"""How much of a piece has come by its age: known shares, and a delay found again."""

from __future__ import annotations

import numpy as np
import pytest

from include.stats.maturity import fit_mean_delay, matured_shares


def test_shares_follow_the_exponential_in_steps() -> None:
    # 1 - exp(-3/3) = 0.632 and 1 - exp(-6/3) = 0.865, up to the next fiftieth.
    found = matured_shares([-1.0, 0.0, 3.0, 6.0, 1000.0], 3.0)
    assert found == pytest.approx([0.0, 0.0, 0.64, 0.88, 1.0])


def test_without_orders_the_delay_is_the_priors() -> None:
    assert fit_mean_delay([], []) == pytest.approx(4.0, rel=0.06)


@pytest.mark.parametrize("true", [1.0, 3.0, 7.0])
def test_a_delay_is_found_again_though_late_orders_are_still_to_come(true: float) -> None:
    rng = np.random.default_rng(5)
    delays, watched = rng.exponential(true, 20_000), rng.uniform(1.0, 12.0, 20_000)
    seen = delays <= watched
    assert fit_mean_delay(delays[seen], watched[seen]) == pytest.approx(true, rel=0.08)
    # The plain mean of what was seen would be far too short.
    if true > 1:
        assert delays[seen].mean() < 0.8 * true


def test_weights_count_like_repeated_orders() -> None:
    assert fit_mean_delay([1.0, 2.0], [9.0, 9.0], [300.0, 100.0]) == fit_mean_delay(
        [1.0] * 300 + [2.0] * 100, [9.0] * 400
    )


def test_impossible_delays_are_refused() -> None:
    with pytest.raises(ValueError, match="at most as long"):
        fit_mean_delay([3.0], [2.0])
