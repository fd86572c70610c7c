"""Signs of a bought audience: parts worked by hand, unknown parts, and honest small numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta
from scipy.stats import t as student_t

from include.stats.audience import compare_engagement, score_audiences

NAN = float("nan")


def test_parts_are_combined_as_a_noisy_or() -> None:
    found = score_audiences([0.065, 0.2, NAN], [0.45, 0.9, NAN], [0, 0, 0], [0] * 3, [0] * 3)
    assert found.spike[:2] == pytest.approx([0.5, 1.0])
    assert found.engagement[:2] == pytest.approx([0.5, 0.0])
    assert np.isnan(found.generic).all()
    assert found.score[:2] == pytest.approx([1 - 0.7 * 0.7, 0.6])
    assert np.isnan(found.score[2])
    assert found.is_alert.tolist() == [True, True, False]


def test_comments_count_with_their_lower_end() -> None:
    found = score_audiences([NAN], [NAN], [100], [60], [20])
    generic = (beta.ppf(0.05, 60.5, 40.5) - 0.4) / 0.3
    assert found.generic[0] == pytest.approx(generic)
    assert found.duplicate[0] == 0.0  # the lower end of 20 in 100 is 14 %
    assert found.score[0] == pytest.approx(0.4 * generic)
    few = score_audiences([NAN], [NAN], [19], [19], [19])
    assert np.isnan(few.score[0])


def test_only_comments_in_a_known_language_tell_how_many_are_generic() -> None:
    """60 of 100 judged ones, whatever 900 others say; of 19 judged ones nothing is told."""
    comments, generic, repeated = [1000, 1000], [60, 19], [0, 0]
    found = score_audiences(
        [NAN] * 2, [NAN] * 2, comments, generic, repeated, judged_comments=[100, 19]
    )
    assert found.generic[0] == pytest.approx((beta.ppf(0.05, 60.5, 40.5) - 0.4) / 0.3)
    assert np.isnan(found.generic[1])
    assert found.duplicate.tolist() == [0.0, 0.0]


def test_engagement_is_compared_with_peers_of_the_same_path() -> None:
    owners = np.repeat(np.arange(6), 3)
    reach = np.full(18, 1000.0)
    done = np.array([[50, 60, 70], [40, 50, 60], [60] * 3, [50] * 3, [10, 20, 30], [900] * 3])
    group = np.array([1, 1, 1, 1, 1, 2])
    ratio = compare_engagement(owners, done.ravel(), reach, group)
    # Median of the peers 5 %; creator 4: rate 2 %, error √(3/2 × 200) ÷ 3000.
    high = 0.02 + student_t.ppf(0.95, 2) * np.sqrt(300) / 3000
    assert ratio[4] == pytest.approx(high / 0.05)
    assert ratio[2] == pytest.approx(1.2)
    assert np.isnan(ratio[5])


def test_too_few_posts_are_unknown() -> None:
    owners = np.array([0, 0, 1, 1, 1])
    ratio = compare_engagement(owners, np.ones(5), np.full(5, 10.0), np.zeros(2))
    assert np.isnan(ratio).all()
    assert compare_engagement([], [], [], []).size == 0


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 2), min_size=1, max_size=8), st.floats(0.01, 0.5))
def test_a_stronger_sign_never_lowers_the_score(
    rows: list[tuple[float, float]], more: float
) -> None:
    spike, ratio = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.zeros(len(rows))
    before = score_audiences(spike, ratio, nothing, nothing, nothing).score
    after = score_audiences(spike + more, ratio - more, nothing, nothing, nothing).score
    assert (after >= before - 1e-12).all()
    assert ((before >= 0) & (after <= 1)).all()
