"""Reading a list by position while its rows come and go: nothing is lost, nothing comes twice."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from include.errors import BadRequest, CountMismatch, Truncated, Unavailable
from include.sources._base import Page
from include.sources.woocommerce.answers import PageTooLarge
from include.sources.woocommerce.documents import parse_items
from include.sources.woocommerce.paging import MOST_STEPS_BACK, OVERLAP, read_list

NOW = dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)


class MovingList:
    """A list of ids behind the REST API; `before` is called with the number of each request."""

    def __init__(self, ids: list[int], before: Callable[[int], None] | None = None) -> None:
        self.ids = set(ids)
        self.before = before or (lambda number: None)
        self.asked: list[dict[str, Any]] = []
        self.hidden: set[int] = set()
        self.counts = True

    def ask(self, path: str, params: Mapping[str, Any]) -> Page:
        self.asked.append(dict(params))
        self.before(len(self.asked))
        found = sorted(self.ids)
        if "include" in params:
            found = [i for i in found if str(i) in params["include"].split(",")]
        start = params.get("offset", 0)
        rows = [i for i in found[start : start + params["per_page"]] if i not in self.hidden]
        headers = {"X-WP-Total": str(len(found))} if self.counts else {}
        return page_of(rows, headers)

    def read(self) -> list[int]:
        """Read the list as the loader does, page by page."""
        return [
            int(item["id"])
            for page in read_list(self.ask, "orders", {"status": "any"})
            for item in parse_items(page.document, page)
        ]


def page_of(ids: list[int], headers: Mapping[str, str]) -> Page:
    document = [{"id": i} for i in ids]
    return Page(
        body=json.dumps(document).encode(),
        status=200,
        captured_at=NOW,
        captured_at_source="api",
        request={"address": "https://shop.example/wp-json/wc/v3/orders"},
        headers=headers,
        document=document,
    )


@pytest.mark.parametrize("count", [0, 1, 97, 99, 100, 101, 194, 197, 198, 1000])
def test_a_list_that_stands_still_is_read_once_in_order(count: int) -> None:
    shop = MovingList([7 * n for n in range(1, count + 1)])
    assert shop.read() == sorted(shop.ids)
    assert len(shop.asked) == max(1, -(-(count - OVERLAP) // (100 - OVERLAP)))
    first = shop.asked[0]
    assert first == {
        "status": "any", "orderby": "id", "order": "asc", "per_page": 100, "offset": 0
    }  # fmt: skip


def test_rows_that_leave_between_pages_take_none_with_them() -> None:
    """Pages by number would miss the rows that slip to a page already read."""
    shop = MovingList(list(range(1, 351)))

    def trash(number: int) -> None:
        if number == 2:
            shop.ids -= set(range(11, 61))  # fifty of the first page

    shop.before = trash
    read = shop.read()
    assert sorted(read) == list(range(1, 351))  # the fifty had been read before they left
    assert len(read) == len(set(read))
    naive = sorted(set(range(1, 101)) | set(sorted(shop.ids)[100:]))
    assert set(shop.ids) - set(naive)  # so the case is one in which rows would have been lost


def test_an_old_row_that_enters_behind_the_place_is_asked_for_by_id() -> None:
    shop = MovingList(list(range(100, 400)))

    def change(number: int) -> None:
        if number == 3:
            shop.ids |= {5, 42}

    shop.before = change
    assert sorted(shop.read()) == sorted(shop.ids)
    assert shop.asked[-1]["include"] == "5,42"


def test_the_whole_list_may_vanish() -> None:
    shop = MovingList(list(range(1, 301)))
    shop.before = lambda number: shop.ids.clear() if number == 2 else None
    assert shop.read() == list(range(1, 101))


def test_whatever_moves_every_row_that_stays_is_read_exactly_once() -> None:
    for seed in range(150):
        moves = random.Random(seed)
        shop = MovingList(moves.sample(range(1, 5000), moves.randrange(50, 600)))
        stays, limit = set(shop.ids), moves.randrange(2, 9)

        def move(
            number: int,
            shop: MovingList = shop,
            moves: random.Random = moves,
            stays: set[int] = stays,
            limit: int = limit,
        ) -> None:
            if number > limit:  # a shop falls asleep some time
                return
            leaving = moves.sample(sorted(shop.ids), min(len(shop.ids), moves.randrange(60)))
            shop.ids -= set(leaving)
            stays -= set(leaving)
            shop.ids |= set(moves.sample(range(1, 5000), moves.randrange(30)))

        shop.before = move
        read = shop.read()
        assert stays <= set(read), seed
        assert len(read) == len(set(read)), seed


def test_rows_that_an_answer_keeps_back_end_the_window() -> None:
    shop = MovingList(list(range(1, 251)))
    shop.hidden = {120, 121}
    with pytest.raises(CountMismatch, match="announces 250 rows, but its pages held 248"):
        shop.read()


def test_a_cache_that_gives_the_first_page_again_is_found_out() -> None:
    shop = MovingList(list(range(1, 251)))
    first = shop.ask("orders", {"per_page": 100})

    def cached(path: str, params: Mapping[str, Any]) -> Page:
        return page_of([item["id"] for item in first.document], {"X-WP-Total": "250"})

    with pytest.raises(CountMismatch, match="announces 250 rows"):
        list(read_list(cached, "orders", {}))


def test_a_list_that_never_rests_is_given_up() -> None:
    shop = MovingList(list(range(1, 400)))

    def flee(number: int) -> None:
        if number > 1:
            shop.ids = {i + 1000 for i in shop.ids}

    shop.before = flee
    with pytest.raises(CountMismatch, match="changes faster"):
        shop.read()
    assert len(shop.asked) > MOST_STEPS_BACK


def test_without_counts_the_end_is_a_page_that_brings_nothing_new(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = MovingList(list(range(1, 251)))
    shop.counts = False
    assert shop.read() == list(range(1, 251))
    assert "without X-WP-Total" in caplog.text


@pytest.mark.parametrize("error", [PageTooLarge, Unavailable])
def test_pages_get_smaller_where_the_server_is_too_slow(error: type[Exception]) -> None:
    shop = MovingList(list(range(1, 131)))
    whole = shop.ask

    def slow(path: str, params: Mapping[str, Any]) -> Page:
        if params["per_page"] > 25:
            raise error("out of time")
        return whole(path, params)

    read = [
        item["id"]
        for page in read_list(slow, "orders", {})
        for item in parse_items(page.document, page)
    ]
    assert read == list(range(1, 131))
    assert {asked["per_page"] for asked in shop.asked} == {25}


def test_a_server_too_slow_for_the_smallest_page_is_told() -> None:
    def dead(path: str, params: Mapping[str, Any]) -> Page:
        raise Unavailable("out of time")

    with pytest.raises(Unavailable):
        list(read_list(dead, "orders", {}))


def test_another_order_than_by_id_is_refused() -> None:
    with pytest.raises(BadRequest, match="not sorted by id"):
        list(read_list(lambda path, params: page_of([3, 1], {}), "orders", {}))


def test_an_answer_of_another_shape_is_no_list() -> None:
    def wrong(path: str, params: Mapping[str, Any]) -> Page:
        page = page_of([1], {})
        page.document = [{"name": "no id"}]
        return page

    with pytest.raises(Truncated, match="list of objects with ids"):
        list(read_list(wrong, "orders", {}))
