"""When a request is asked again, and how long is waited."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from include.errors import BadRequest, RateLimited, Unavailable
from include.http.retry import RetryPolicy, call_with_retries

POLICY = RetryPolicy(attempts=3, first_wait=2.0, longest_wait=5.0, total_wait=60.0)


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


def waits_of(*errors: Exception) -> list[float]:
    waits: list[float] = []
    assert call_with_retries(failing(*errors), POLICY, waits.append, "x", lambda: 0.0) == "done"
    return waits


def test_waits_double_up_to_the_longest() -> None:
    assert waits_of(Unavailable("a"), Unavailable("b")) == [2.0, 4.0]
    assert POLICY.wait_before(4, 0.0) == 5.0


def test_half_of_a_wait_is_random() -> None:
    assert POLICY.wait_before(2, 0.5) == 1.5
    assert POLICY.wait_before(2, 0.999) == pytest.approx(1.001)


def test_limits_wait_as_asked_and_do_not_count_as_failures() -> None:
    limits = [RateLimited("slow", retry_after=3.5) for _ in range(3)]
    assert waits_of(Unavailable("a"), *limits, Unavailable("b")) == [2.0, 3.5, 3.5, 3.5, 4.0]


def test_a_limit_without_a_wait_backs_off() -> None:
    assert waits_of(RateLimited("slow"), RateLimited("slow")) == [2.0, 4.0]


def test_a_limit_that_asks_for_no_wait_does_not_become_a_busy_loop() -> None:
    limits = [RateLimited("slow", retry_after=0.0) for _ in range(5)]
    assert waits_of(*limits) == [0.0, 0.0, 0.0, 5.0, 5.0]


@pytest.mark.parametrize(
    ("errors", "raised", "calls"),
    [
        ([Unavailable("1"), Unavailable("2"), Unavailable("3")], Unavailable, 3),
        ([BadRequest("no")], BadRequest, 1),
        ([RateLimited("s", retry_after=50.0), RateLimited("s", retry_after=11.0)], RateLimited, 2),
    ],
)
def test_bounds_end_the_repetition(
    errors: list[Exception], raised: type[Exception], calls: int
) -> None:
    waits: list[float] = []
    with pytest.raises(raised):
        call_with_retries(failing(*errors), POLICY, waits.append, "x")
    assert len(waits) == calls - 1
