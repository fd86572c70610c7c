"""Where goals of drawn campaigns end, projected from their days as the solve does it.

Formats differ by an unknown factor and reels come first, delays lie between one and six days, posts
are lucky or not, and in half of the campaigns late pieces bring half of what early ones do.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hand_made_campaign import SPRING, day

from include.advice.facts import CampaignFacts, Goal, GoalDay, Piece
from include.advice.goals import project_goals

DAYS, CREATORS, PIECES, OPEN_DAYS = 61, 25, 5, 4
Pieces = list[tuple[int, str]]
LUCK = float(np.sqrt(np.log(1.0 + 0.7**2)))


def draw_campaign(
    seed: int, orders: float, fall: float
) -> tuple[list[tuple[int, str]], np.ndarray]:
    """Return every piece's day (1 is the first) and format, and what each day brought."""
    rng = np.random.default_rng(seed)
    brings = {"reel": np.exp(rng.normal(0.4, 0.3)), "feed": 1.0}
    brings["story"] = np.exp(rng.normal(-0.9, 0.4))
    pieces: Pieces = []
    expected: list[float] = []
    for _ in range(CREATORS):
        at = int(rng.integers(1, 22))
        level = np.exp(rng.normal(0.0, 0.4))
        first = "reel" if rng.random() < 0.7 else "feed"
        for content_format in (first, "feed", "story", "story", "story"):
            live = min(at, DAYS)
            luck = np.exp(rng.normal(-(LUCK**2) / 2, LUCK))
            pieces.append((live, content_format))
            expected.append(brings[content_format] * level * luck * (1.0 - fall * live / DAYS))
            at += int(rng.integers(3, 12))
    delay = np.exp(rng.uniform(np.log(1.0), np.log(6.0)))
    counts = np.zeros(DAYS)
    for (live, _), mean in zip(pieces, expected, strict=True):
        bought = rng.poisson(mean / np.mean(expected) * orders / PIECES)
        on = (live - 0.5 + rng.exponential(delay, bought)).astype(int)
        np.add.at(counts, on[on < DAYS], 1.0)
    return pieces, counts


def project(pieces: Pieces, counts: np.ndarray, number: int) -> tuple[float, float, float]:
    """Return low, middle and high as of a day; the newest four days are not final."""
    facts = CampaignFacts(SPRING)
    facts.pieces = [Piece(day(live), form, live <= number) for live, form in sorted(pieces)]
    days = tuple(
        GoalDay(day(n), float(counts[n - 1]), 0.0, float(counts[n - 1]), n <= number - OPEN_DAYS)
        for n in range(1, number + 1)
    )
    facts.goals.append(Goal(days, "sales", "units_sold", "credited", Decimal(3000), None))
    (row,) = project_goals(facts)
    assert row.projection is not None
    return row.projection


def coverage(number: int, orders: float, fall: float, seeds: range) -> tuple[float, float]:
    """Return the share of intervals that hold the end, and their median width ÷ the end."""
    held, widths = [], []
    for seed in seeds:
        pieces, counts = draw_campaign(seed, orders, fall)
        low, _, high = project(pieces, counts, number)
        held.append(low <= counts.sum() <= high)
        widths.append((high - low) / counts.sum())
    return float(np.mean(held)), float(np.median(widths))


@pytest.mark.parametrize("number", [25, 47])
def test_the_end_is_held_though_formats_differ(number: int) -> None:
    # It was in 15 % of the campaigns on day 25 while the doubt about formats was left out.
    held, width = coverage(number, 100.0, 0.5, range(40))
    assert held >= 0.84
    assert width < {25: 1.4, 47: 0.1}[number]


@pytest.mark.long
def test_the_end_is_held_in_all_markets() -> None:
    for fall in (0.0, 0.5):
        for orders in (20.0, 100.0):
            rows = [coverage(number, orders, fall, range(200)) for number in (15, 25, 38, 47)]
            cells = "; ".join(f"{held:.0%} of width {width:.2f}" for held, width in rows)
            print(f"fall {fall}, {orders:.0f} orders a creator, days 15, 25, 38, 47: {cells}")
            assert min(held for held, _ in rows) >= 0.84
