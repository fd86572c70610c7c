"""Counting ids that come twice, in little memory."""

from __future__ import annotations

import tracemalloc

from include.sources.shopify.distinct import DistinctIds


def test_an_id_counts_once_however_often_and_wherever_it_comes() -> None:
    ids = DistinctIds()
    ids.add(["gid://shopify/Order/1", "gid://shopify/Order/2"])
    ids.add(["gid://shopify/Order/2", "gid://shopify/Order/3"])
    assert ids.count() == 3
    assert DistinctIds().count() == 0


def test_many_ids_are_counted_in_parts_and_take_eight_bytes_each() -> None:
    ids = DistinctIds()
    tracemalloc.start()
    ids.add(f"gid://shopify/Order/{number}" for number in range(600_000))
    ids.add(f"gid://shopify/Order/{number}" for number in range(100))
    held, _ = tracemalloc.get_traced_memory()
    assert held < 600_100 * 8 * 1.2
    assert ids.count() == 600_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak - held < 40_000_000
