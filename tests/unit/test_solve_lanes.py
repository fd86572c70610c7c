"""The steps between the two dbt groups: which wait for which, and what a failure of one does."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from include import measure
from include.errors import PublishRefused

STEPS = {
    "weeks": "include.measure.solve_weeks",
    "chained": "include.measure.store_chained_sums",
    "compare": "include.measure.compare_run",
    "estimates": "include.estimates.solve",
    "rates": "include.rate_estimates.estimate_creator_rates",
    "advice": "include.advice.solve.solve_advice",
    "leaks": "include.leak_scores.score_leaks",
    "lifts": "include.lift_estimates.estimate_lifts",
    "comments": "include.measure.score_comments",
    "audiences": "include.audience_scores.score_campaign_audiences",
}
PATIENCE = 30.0


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], dict[str, Callable[[], None]]]:
    """Return the names of ended steps, in order, and what single steps are to do before."""
    ended: list[str] = []
    work: dict[str, Callable[[], None]] = {}

    def step(name: str) -> Callable[..., None]:
        def run(*_: object) -> None:
            work.get(name, lambda: None)()
            ended.append(name)

        return run

    for name, place in STEPS.items():
        monkeypatch.setattr(place, step(name))
    return ended, work


def test_estimates_and_the_comparison_run_at_once(
    steps: tuple[list[str], dict[str, Callable[[], None]]],
) -> None:
    ended, work = steps
    meeting = threading.Barrier(2, timeout=PATIENCE)
    work["estimates"] = work["compare"] = meeting.wait

    measure.solve("dsn", 7)

    assert ended[:2] == ["weeks", "chained"]
    lanes = [name for name in ended if name in ("estimates", "rates", "advice")]
    aside = [name for name in ended[2:] if name not in lanes]
    assert lanes == ["estimates", "rates", "advice"]
    assert aside == ["compare", "leaks", "lifts", "comments", "audiences"]


@pytest.mark.parametrize("failing", ["weeks", "compare", "audiences", "estimates", "advice"])
def test_a_failure_of_any_lane_fails_the_solve(
    steps: tuple[list[str], dict[str, Callable[[], None]]], failing: str
) -> None:
    ended, work = steps

    def refuse() -> None:
        raise PublishRefused(f"there is no measure run 7, said {failing}")

    work[failing] = refuse

    with pytest.raises(PublishRefused, match=failing):
        measure.solve("dsn", 7)

    assert failing not in ended
    if failing == "weeks":
        assert not ended
