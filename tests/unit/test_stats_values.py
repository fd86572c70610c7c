"""Order values: pooled with few orders, the creator's own with many, unknown without any."""

from __future__ import annotations

import numpy as np

from include.stats.orders import estimate_orders
from include.stats.values import OrderValues, draw_order_values, estimate_revenue


def table(*creators: list[float]) -> OrderValues:
    """One order per customer: net revenue of each creator's orders."""
    owners = [owner for owner, values in enumerate(creators) for _ in values]
    values = [value for of_creator in creators for value in of_creator]
    return OrderValues.of(owners, range(len(values)), np.ones(len(values)), values)


def test_orders_of_one_customer_are_one_row() -> None:
    values = OrderValues.of([0, 0, 1, 0], ["a", "a", "a", "b"], [1, 0.5, 1, 1], [10, 5, 7, 3])
    assert values.creator_index.tolist() == [0, 0, 1]
    assert values.credit.tolist() == [1.5, 1.0, 1.0]
    assert values.net_revenue.tolist() == [15.0, 3.0, 7.0]


def test_without_two_buyers_the_value_is_unknown() -> None:
    assert draw_order_values(table([50.0], []), 2) is None
    assert draw_order_values(table([], []), 2) is None
    assert estimate_revenue(estimate_orders([1.0, 0.0], [0, 1], 2), None) is None


def test_many_orders_speak_for_the_creator_few_for_the_campaign() -> None:
    many = list(np.tile([38.0, 42.0], 200))
    others = list(np.tile([78.0, 82.0], 200))
    draws = draw_order_values(table(many, others, [80.0], []), 4)
    assert draws is not None
    means = draws.mean(axis=1)
    np.testing.assert_allclose(means[:2], [40.0, 80.0], atol=0.5)
    assert 60 < means[2] < 82
    assert 40 < means[3] < 80
    # Nobody bought through the fourth: its value is as uncertain as a new creator's.
    assert draws[3].std() > draws[0].std() * 5


def test_repeat_buyers_count_as_one_witness() -> None:
    paid = np.tile([20.0, 100.0], 20)
    apart = OrderValues.of(np.zeros(40, int), range(40), np.ones(40), paid)
    # The same forty orders from eight customers, each of one kind: five times fewer witnesses.
    customers = np.tile([0, 1], 20) + 2 * (np.arange(40) // 10)
    together = OrderValues.of(np.zeros(40, int), customers, np.ones(40), paid)
    wide, narrow = draw_order_values(together, 1), draw_order_values(apart, 1)
    assert wide is not None
    assert narrow is not None
    # The standard error grows by the root of 5 orders a customer, a little more by fewer degrees.
    assert 2.0 < wide.std() / narrow.std() < 3.0


def test_refunds_may_take_everything() -> None:
    draws = draw_order_values(table([10.0, -10.0, 0.0], [0.0, 0.0]), 2)
    assert draws is not None
    assert np.isfinite(draws).all()


def test_revenue_is_orders_times_value_and_repeats() -> None:
    orders = estimate_orders(np.full(20, 10.0), np.repeat([0, 1], 10), 2)
    values = table(list(np.tile([45.0, 55.0], 50)), list(np.tile([45.0, 55.0], 50)))
    first = estimate_revenue(orders, draw_order_values(values, 2))
    second = estimate_revenue(orders, draw_order_values(values, 2))
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(first.mean, 100 * 50, rtol=0.03)
    assert (first.low < first.mean).all()
    assert (first.mean < first.high).all()
    np.testing.assert_array_equal(first.low, second.low)
