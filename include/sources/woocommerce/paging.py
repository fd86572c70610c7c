"""Read a list that moves while it is read, and lose nothing.

The API pages by position. A row that leaves the list (an order put into the trash) moves all behind
it forward, and the next page begins one row too late: a row is lost and nobody is told. A row that
enters (an old order that is changed) moves them backward: a row comes twice. So

- the list is read in the order of ids, which no change of a row can alter;
- each page is asked for by `offset` and begins a few rows before the place reached. When its first
  row is one we know, nothing between is missing. When it is not, rows have left: the page is asked
  for again from further up;
- rows already read are left out by id when the page is parsed (`after_id` in its context), so the
  documents of a window are as many as the rows, in a replay too;
- at the end the distinct rows are compared with `X-WP-Total`. Too few means that an old row entered
  behind our back, or that an answer lied: the ids alone are listed again, what is missing is asked
  for by id, and when that does not help either, `CountMismatch` ends the window.

`modified_before` is not used to hold the list still: a row changed meanwhile would leave it, and
the day would miss an order until the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.errors import BadRequest, CountMismatch, Truncated, Unavailable
from include.sources._base import Page
from include.sources.woocommerce.answers import PageTooLarge
from include.sources.woocommerce.documents import items_of

LARGEST_PAGE, SMALLEST_PAGE = 100, 10
# Rows asked for again with each page; one would do, three spare a step back when one leaves.
OVERLAP = 3
# Steps back within one list. A list that moves more is not read but chased.
MOST_STEPS_BACK = 50
# Times the ids are listed again when rows are missing: the list may move meanwhile, too.
RECOUNTS = 5

Ask = Callable[[str, Mapping[str, Any]], Page]
_log = logging.getLogger(__name__)


def read_list(ask: Ask, path: str, filters: Mapping[str, Any]) -> Iterator[Page]:
    """Yield the pages of a list; `CountMismatch` when its rows are fewer than it announces."""
    reading = _Reading(ask, path, filters)
    yield from reading.pages()
    if reading.total is not None and len(reading.seen) < reading.total:
        yield from _find_missed(reading)


def ids_of(page: Page) -> list[int]:
    """Return the ids of a page's rows; `Truncated` when the answer is no list of objects."""
    try:
        return [int(item["id"]) for item in items_of(page.document)]
    except (TypeError, KeyError, ValueError):
        raise Truncated(
            f"{page.request.get('address')} did not answer a list of objects with ids: "
            f"{page.body[:120]!r}"
        ) from None


def total_of(page: Page) -> int | None:
    """Return the rows the list announces; None where a proxy or a PHP message ate the header."""
    text = str(page.headers.get("X-WP-Total", ""))
    return int(text) if text.isdecimal() else None


@dataclass(slots=True)
class _Reading:
    """Where the reading of one list stands; `total` is what its last page announced."""

    ask: Ask
    path: str
    filters: Mapping[str, Any]
    seen: set[int] = field(default_factory=set)
    total: int | None = None
    size: int = LARGEST_PAGE
    last: int = 0
    steps_back: int = 0

    def pages(self) -> Iterator[Page]:
        offset = 0
        while True:
            page = self._ask(offset)
            ids, self.total = ids_of(page), total_of(page)
            self._check_order(ids)
            if offset and self._may_miss_rows(ids):
                offset = self._step_back(offset)
                continue
            new = [row for row in ids if row > self.last]
            if self.last:
                page.context = {**page.context, "after_id": self.last}
            if new or not offset:
                yield page
            self.seen.update(new)
            self.last = max(new, default=self.last)
            if self._is_end(offset, ids, new):
                return
            offset += self.size - OVERLAP

    def _ask(self, offset: int) -> Page:
        """Ask for a page; in smaller ones from now on where the shop's server is too slow."""
        while True:
            place = {"orderby": "id", "order": "asc", "per_page": self.size, "offset": offset}
            try:
                return self.ask(self.path, {**self.filters, **place})
            except (PageTooLarge, Unavailable) as error:
                if self.size <= SMALLEST_PAGE:
                    raise
                self.size = max(SMALLEST_PAGE, self.size // 2)
                _log.warning("%s; going on with pages of %d rows", error, self.size)

    def _may_miss_rows(self, ids: list[int]) -> bool:
        """Say whether the page begins behind the place reached, or lies behind the list's end."""
        if ids:
            return ids[0] > self.last
        return self.total is not None

    def _check_order(self, ids: list[int]) -> None:
        if ids != sorted(ids):
            raise BadRequest(
                f"{self.path} is not sorted by id, as it was asked for: a plugin of the shop "
                "interferes; without the order nobody can tell whether a row was lost"
            )

    def _step_back(self, offset: int) -> int:
        self.steps_back += 1
        if self.steps_back > MOST_STEPS_BACK:
            raise CountMismatch(
                f"{self.path} changes faster than it can be read: rows left it {self.steps_back} "
                "times meanwhile; nothing of the window was loaded"
            )
        _log.info("%s: rows left the list, reading again from %d on", self.path, offset - self.size)
        return max(0, offset - self.size)

    def _is_end(self, offset: int, ids: list[int], new: list[int]) -> bool:
        # Positions, not rows, are counted: the shop leaves out rows that it fails to build.
        if self.total is not None:
            return offset + self.size >= self.total
        if not new:
            _log.warning("%s came without X-WP-Total: its rows cannot be counted", self.path)
        return not new


def _find_missed(reading: _Reading) -> Iterator[Page]:
    """Yield the rows that entered the list before the place reached, asked for by id."""
    present = listed = 0
    for _ in range(RECOUNTS):
        listing = _Reading(reading.ask, reading.path, {**reading.filters, "_fields": "id"})
        for _ in listing.pages():
            pass
        yield from _ask_by_id(reading, sorted(listing.seen - reading.seen))
        listed = max(len(listing.seen), listing.total or 0)
        present = len(reading.seen & listing.seen)
        if present == listed:
            return
    raise CountMismatch(
        f"{reading.path} announces {listed} rows, but its pages held {present} of them; "
        "nothing of the window was loaded"
    )


def _ask_by_id(reading: _Reading, missed: list[int]) -> Iterator[Page]:
    for start in range(0, len(missed), LARGEST_PAGE):
        chunk = missed[start : start + LARGEST_PAGE]
        chosen = {**reading.filters, "include": ",".join(map(str, chunk)), "per_page": len(chunk)}
        page = reading.ask(reading.path, chosen)
        reading.seen.update(ids_of(page))
        yield page
