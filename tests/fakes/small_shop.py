"""A source of four small streams whose pages a test hands over in the connection; no network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import psycopg

from include.ingest import StreamResult, run_stream
from include.sources._base import (
    Child,
    Connection,
    FetchContext,
    Page,
    Record,
    Source,
    Stream,
    StreamKind,
    Window,
    at,
)

NOON = dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC)
DAY = Window(
    start=dt.datetime(2026, 11, 4, 5, tzinfo=dt.UTC),
    end=dt.datetime(2026, 11, 5, 5, tzinfo=dt.UTC),
    key="2026-11-04",
)


class Order(Record, rename="camel", frozen=True, array_like=True):
    """An order of the small shop."""

    order_id: Annotated[str, at("id")]
    updated_at: dt.datetime
    total: Annotated[Decimal, at("price.amount", "With tax")]
    note: str | None


class Line(Record, rename="camel", frozen=True, array_like=True):
    """A line of an order."""

    line_id: str
    quantity: int


class Visit(Record, frozen=True, array_like=True):
    """Visits of a day by page."""

    day: dt.date
    page: str
    visits: int


class Counter(Record, frozen=True, array_like=True):
    """Counters of a post."""

    post_id: str
    likes: int | None
    views: int | None


class Code(Record, frozen=True, array_like=True):
    """A code of a campaign."""

    campaign_id: str
    code: str


def fetch_handed(ctx: FetchContext) -> Iterator[Page]:
    """Yield the pages of the connection; an exception among them is raised in its turn."""
    for page in ctx.connection.extra["pages"]:
        if isinstance(page, Exception):
            raise page
        yield page


def parse_rows(document: Any, page: Page) -> Iterator[Mapping[str, Any]]:
    yield from document["rows"]


LINES = Child(
    name="lines", record=Line, rows=lambda order: order.get("lines", []), key=("line_id",)
)
ORDERS = Stream(
    name="orders",
    kind=StreamKind.EVENTS,
    record=Order,
    key=("order_id",),
    cursor="updated_at",
    children=(LINES,),
    known=("lines",),
    fetch=fetch_handed,
    parse=parse_rows,
)
VISITS = Stream(
    name="visits",
    kind=StreamKind.EVENTS,
    record=Visit,
    key=("day", "page"),
    replaces=("day",),
    lookback=dt.timedelta(days=1),
    fetch=fetch_handed,
    parse=parse_rows,
)
COUNTERS = Stream(
    name="counters",
    kind=StreamKind.SNAPSHOT,
    record=Counter,
    key=("post_id",),
    fetch=fetch_handed,
    parse=parse_rows,
)
CODES = Stream(
    name="codes",
    kind=StreamKind.PLAN,
    record=Code,
    key=("campaign_id", "code"),
    replaces=("campaign_id",),
    fetch=fetch_handed,
    parse=parse_rows,
)
SHOP = Source(
    name="small_shop",
    title="Small shop",
    streams=(ORDERS, VISITS, COUNTERS, CODES),
    needs_connection=False,
)


def order(
    order_id: object, *, updated: str = "2026-11-04T10:00:00Z", **fields: Any
) -> dict[str, Any]:
    """An order document with two lines."""
    return {
        "id": order_id,
        "updatedAt": updated,
        "price": {"amount": "10.00"},
        "note": None,
        "lines": [{"lineId": "1", "quantity": 1}, {"lineId": "2", "quantity": 2}],
    } | fields


def page(
    rows: Iterable[Mapping[str, Any]] | bytes,
    *,
    at_time: dt.datetime = NOON,
    context: Mapping[str, Any] | None = None,
) -> Page:
    """A page of documents, or of a verbatim body."""
    body = rows if isinstance(rows, bytes) else msgspec.json.encode({"rows": list(rows)})
    return Page(body, 200, at_time, "api", {"method": "GET"}, context=context or {})


@dataclass
class Loader:
    """Runs streams of a source into a warehouse, each run under an id of its own."""

    dsn: str
    landing_url: str
    source: Source = SHOP
    runs: int = field(default=0)
    hash_key: bytes = b"key"

    def run(self, stream: Stream, *pages: Page | Exception, window: Window = DAY) -> StreamResult:
        """Load the pages as one window of the stream."""
        self.runs += 1
        connection = Connection("small_shop", extra={"pages": pages})
        return run_stream(
            replace(self.source, streams=(stream,)),
            stream,
            connection,
            window,
            dsn=self.dsn,
            landing_url=self.landing_url,
            hash_key=self.hash_key,
            run_id=f"run-{self.runs}",
        )


def window_of(day: dt.date) -> Window:
    """The window of a day in UTC."""
    start = dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
    return Window(start=start, end=start + dt.timedelta(days=1), key=day.isoformat())


def query(loader: Loader, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(loader.dsn) as conn:
        return conn.execute(statement).fetchall()


def orders(loader: Loader) -> list[tuple[Any, ...]]:
    return query(loader, "select order_id, total, note from raw.small_shop__orders order by 1")


def lines(loader: Loader) -> list[tuple[Any, ...]]:
    return query(
        loader, "select order_id, line_id, quantity from raw.small_shop__lines order by 1, 2"
    )
