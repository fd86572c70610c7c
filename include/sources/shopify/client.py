"""The requests: authentication, pacing by query cost, paging, and the counts that must agree."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.errors import BadCredentials, CountMismatch, Truncated
from include.http.answer import HttpAnswer
from include.sources._base import FetchContext, Page
from include.sources.shopify import queries
from include.sources.shopify.answers import (
    Cost,
    QueryTooExpensive,
    classify_answer,
    read_cost,
)
from include.sources.shopify.distinct import DistinctIds
from include.sources.shopify.list_queries import ListQuery
from include.sources.shopify.token import TOKEN_HEADER, ShopToken

# Shopify pages through at most 25,000 objects of one list; before that the list is asked for anew,
# from the last value seen on.
RESTART_AFTER = 20_000

_log = logging.getLogger(__name__)


class ShopifyClient:
    """Asks one shop's Admin API, never faster than its bucket of query points refills."""

    def __init__(self, ctx: FetchContext) -> None:
        self._ctx = ctx
        self._session = ctx.session
        self._requested: dict[str, float] = {}  # points per query text, once it was asked
        self._cost: Cost | None = None
        self._cost_at = 0.0
        self._session.classify = self._classify
        self._token = ShopToken(ctx)
        self._session.headers[TOKEN_HEADER] = self._token.get()

    def ask(self, query: str, variables: Mapping[str, Any]) -> Page:
        """Return one decoded answer; whatever `classify_answer` names is raised."""
        self._wait_for_points(query)
        body = {"query": query, "variables": dict(variables)}
        try:
            page = self._session.request("POST", queries.API_PATH, json=body)
        except BadCredentials:
            if not self._token.is_renewable:
                raise
            # It may have ended between two pages; a second refusal means more than that.
            refused = self._session.headers[TOKEN_HEADER]
            self._session.headers[TOKEN_HEADER] = self._token.get(refused)
            page = self._session.request("POST", queries.API_PATH, json=body)
        if self._cost is not None:
            self._requested[query] = self._cost.requested
        served = page.headers.get("X-Shopify-API-Version", queries.API_VERSION)
        if served != queries.API_VERSION:
            _log.warning("Shopify served API version %s, not %s", served, queries.API_VERSION)
        return page

    def read_list(self, query: ListQuery, of: str) -> Iterator[Page]:
        """Yield the pages of a list; `CountMismatch` when fewer came than the shop counts.

        of: what is counted, for the message. A node that comes twice, because the list moved under
        the reader, stands for one: counted twice it would hide one that never came.
        """
        announced = self.count(query)
        came = DistinctIds()
        for page in self.pages(query):
            came.add(map(id_of, page.document["data"][query.name]["nodes"]))
            yield page
        self.check_count(query, of, announced, came.count())

    def check_count(self, query: ListQuery, of: str, announced: int, read: int) -> None:
        """Raise `CountMismatch` when fewer came than announced and the shop still counts more.

        Only a deletion lowers the count meanwhile, so a shortfall is counted once more.
        """
        if read < announced and read < (recounted := self.count(query)):
            raise CountMismatch(
                f"connection {self._ctx.connection.conn_id!r}: Shopify counts {recounted} {of} in "
                f"window {self._ctx.window.key}, but its answers held {read}; nothing of the "
                "window was loaded"
            )

    def count(self, query: ListQuery) -> int:
        """Return how many nodes a list has, 0 where Shopify only estimates it or cannot say."""
        if query.count is None:
            return 0
        variables = {"query": query.search(query.start)} if query.count.takes_search else {}
        found = self.ask(query.count.text, variables).document["data"][query.count.name]
        return int(found["count"]) if found and found["precision"] == "EXACT" else 0

    def pages(self, query: ListQuery) -> Iterator[Page]:
        """Yield the pages of a list in its order; a node may come twice where the list is long."""
        place = _Place(query, since=query.start, size=query.size)
        while True:
            page = self._ask_page(query, place)
            found = page.document["data"][query.name]
            yield page
            if not found["pageInfo"]["hasNextPage"]:
                return
            place.move_on(found)

    def _ask_page(self, query: ListQuery, place: _Place) -> Page:
        search = query.search(place.since)
        while True:
            variables = {"query": search, "first": place.size, "after": place.after}
            try:
                return self.ask(query.text, {**variables, **query.sizes})
            except QueryTooExpensive:
                if place.size == 1:
                    raise
                place.size //= 2

    def _wait_for_points(self, query: str) -> None:
        needed = self._requested.get(query)
        if self._cost is None or needed is None:
            return
        wait = self._cost.seconds_until(needed) - (time.monotonic() - self._cost_at)
        if wait > 0:
            self._session.sleep(wait)

    def _classify(self, answer: HttpAnswer) -> Exception | None:
        cost = read_cost(answer.document) if answer.status_code == 200 else None
        if cost is not None:
            self._cost, self._cost_at = cost, time.monotonic()
        return classify_answer(answer)


@dataclass(slots=True)
class _Place:
    """Where the reading of a list stands."""

    query: ListQuery
    since: Any
    size: int
    after: str | None = None
    in_list: int = 0

    def move_on(self, found: Mapping[str, Any]) -> None:
        """Go to the next page, by cursor or, when the list gets too long, by sort value."""
        nodes, cursor = found["nodes"], found["pageInfo"]["endCursor"]
        if not cursor or cursor == self.after:
            raise Truncated(f"Shopify promised more {self.query.name} but gave no cursor to them")
        self.after, self.in_list = cursor, self.in_list + len(nodes)
        if self.in_list < RESTART_AFTER or not nodes:
            return
        value = self.query.sort_value
        if (last := value(nodes[-1])) > self.since:
            self.since, self.after, self.in_list = last, None, 0


def id_of(node: Mapping[str, Any]) -> str:
    """Return what identifies a node of any list."""
    return str(node.get("id") or node.get("legacyResourceId"))
