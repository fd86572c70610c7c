"""First loads by a bulk operation: start it, wait for it, take its file whole or not at all.

A bulk operation reads a list on Shopify's side, free of query points, and leaves a file of one
object a line at a storage host. It may fail with partial data, and it has been seen to lose a slice
and call itself completed; so only a completed operation counts, and what it says it found, what its
file holds and what the shop counts must be one number.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from include.errors import (
    BadRequest,
    CountMismatch,
    InvalidSettings,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.answer import ACCEPT, Accept, HttpAnswer
from include.http.decode import decode_json
from include.sources._base import FetchContext, Page
from include.sources.shopify import queries
from include.sources.shopify.bulk_objects import BulkObjects
from include.sources.shopify.client import ShopifyClient

# A window longer than this is read by a bulk operation: paging is quicker below, and 60 days is
# also how far back an app sees without read_all_orders, so that daily windows never get there.
BULK_DAYS = 60
# Where Shopify leaves the files; `bulk_host` in the connection's extra names another one.
RESULT_HOST = "storage.googleapis.com"
CHUNK_BYTES = 4 * 1024 * 1024
ORDERS_A_PAGE = 500
# Shopify ends an operation after 10 days; a task that waits that long is rather stuck.
LONGEST_WAIT = dt.timedelta(hours=6)
_FIRST_POLL, _LONGEST_POLL = 0.5, 30.0
_RUNNING = frozenset({"CREATED", "RUNNING", "CANCELING"})


def is_first_load(ctx: FetchContext) -> bool:
    """Tell whether a window is long enough for a bulk operation.

    More than 60 days with the look-back, or than `bulk_days` in the connection's extra.
    """
    text = ctx.connection.extra.get("bulk_days", BULK_DAYS)
    try:
        longest = dt.timedelta(days=float(text))
    except (TypeError, ValueError):
        raise InvalidSettings(
            f"connection {ctx.connection.conn_id!r}: bulk_days={text!r} in its extra; allowed: a "
            "number of days"
        ) from None
    return ctx.window.end - ctx.window.start > longest


def read_in_bulk(client: ShopifyClient, ctx: FetchContext, search: str) -> Iterator[Page]:
    """Yield pages of the orders a search finds, each whole but for `refundLineItems`.

    A page's body holds the lines of the result as they were, grouped by order. Raises
    `CountMismatch` when the file holds another number of objects than the operation found.
    """
    started = client.ask(queries.RUN_BULK, {"query": queries.bulk_orders(search)})
    operation = _await_end(client, ctx, _operation_id(started))
    found = BulkObjects()
    try:
        if operation["url"] is not None:
            for chunk in _download(ctx, operation):
                found.add(chunk)
        found.finish()
        _check_counts(ctx, operation, found)
        groups = found.groups()
        while some := list(itertools.islice(groups, ORDERS_A_PAGE)):
            yield _page_of(some, operation, started)
    finally:
        found.close()


def _operation_id(started: Page) -> str:
    answer = started.document["data"]["bulkOperationRunQuery"]
    errors = answer["userErrors"]
    if not errors:
        return str(answer["bulkOperation"]["id"])
    text = "; ".join(str(error["message"]) for error in errors)
    if {error["code"] for error in errors} & {"OPERATION_IN_PROGRESS", "LIMIT_REACHED"}:
        raise RateLimited(f"Shopify runs as many bulk operations as it may: {text}", retry_after=60)
    raise BadRequest(f"Shopify refuses the bulk operation: {text}")


def _await_end(client: ShopifyClient, ctx: FetchContext, operation_id: str) -> Mapping[str, Any]:
    """Return the operation once it is completed; raise what its end means otherwise."""
    wait, waited = _FIRST_POLL, 0.0
    while waited < LONGEST_WAIT.total_seconds():
        page = client.ask(queries.BULK_STATE, {"id": operation_id})
        operation = page.document["data"]["bulkOperation"]
        if operation is None:
            raise Unavailable(f"Shopify no longer knows the bulk operation {operation_id}")
        if operation["status"] == "COMPLETED":
            return dict(operation)
        if operation["status"] not in _RUNNING:
            raise _failure(operation)
        ctx.session.sleep(wait)
        waited, wait = waited + wait, min(2 * wait, _LONGEST_POLL)
    raise Unavailable(f"the bulk operation {operation_id} still runs after {LONGEST_WAIT}")


def _failure(operation: Mapping[str, Any]) -> Exception:
    text = (
        f"the bulk operation {operation['id']} ended as {operation['status']} "
        f"({operation['errorCode'] or 'no reason given'}) after {operation['objectCount']} objects"
    )
    if operation["partialDataUrl"] is not None:
        text += "; its partial data is left alone"
    if operation["errorCode"] == "ACCESS_DENIED":
        return MissingScope(text)
    return Unavailable(text)


def _download(ctx: FetchContext, operation: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the result in pieces; neither the token nor another host comes into play."""
    session = ctx.session
    session.allow_host(str(ctx.connection.extra.get("bulk_host", RESULT_HOST)))
    at, size = 0, int(operation["fileSize"] or 0)
    while at == 0 or at < size:
        headers = {
            "Range": f"bytes={at}-{at + CHUNK_BYTES - 1}",
            "Accept-Encoding": "identity",
        }
        # The address is signed; the shop's token must not reach the storage host.
        own_headers, own_classify = session.headers, session.classify
        session.headers, session.classify = {}, _classify_file
        try:
            page = session.request("GET", str(operation["url"]), headers=headers)
        finally:
            session.headers, session.classify = own_headers, own_classify
        yield page.body
        if page.status == 200:  # a host that knows no ranges sends the file whole
            return
        at, size = _next_range(page, at)


def _classify_file(answer: HttpAnswer) -> Accept | None:
    return ACCEPT if answer.status_code in (200, 206) else None


def _next_range(page: Page, at: int) -> tuple[int, int]:
    """Return where the next piece begins and how long the file is, as the host says."""
    span, _, size = page.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    first, _, last = span.partition("-")
    if not (first.isdigit() and last.isdigit() and size.isdigit()) or int(first) != at:
        raise Truncated(f"the storage host sent another piece of the bulk result: {span!r}")
    return int(last) + 1, int(size)


def _check_counts(ctx: FetchContext, operation: Mapping[str, Any], found: BulkObjects) -> None:
    announced = int(operation["objectCount"]), int(operation["rootObjectCount"])
    if announced != (found.object_count, found.root_count):
        raise CountMismatch(
            f"connection {ctx.connection.conn_id!r}: the bulk operation found {announced[0]} "
            f"objects, {announced[1]} of them orders, but its file holds {found.object_count} and "
            f"{found.root_count}; nothing of the window was loaded"
        )


def _page_of(groups: list[list[bytes]], operation: Mapping[str, Any], started: Page) -> Page:
    frame = {name: operation[name] for name in ("id", "objectCount", "rootObjectCount")}
    orders = b",\n".join(b"[" + b",".join(lines) + b"]" for lines in groups)
    head = "".join(f'"{name}":"{value}",' for name, value in frame.items()).rstrip(",")
    body = b'{"bulkOperation":{' + head.encode() + b'},"orders":[' + orders + b"]}"
    return Page(
        body=body,
        status=200,
        # Shopify read the orders after this instant; a newer answer must win.
        captured_at=started.captured_at,
        captured_at_source=started.captured_at_source,
        request=started.request,
        document=decode_json(body),
    )
