"""What a connector declares: frozen descriptors of a source and its streams.

A connector is a folder `include/sources/<name>/` whose `__init__.py` holds `SOURCE`. It knows
nothing above itself: no campaign, no Airflow, no database. It turns a `FetchContext` into `Page`s
(network) and a decoded page into documents (plain dicts); the framework lands, decodes, quarantines
and loads them.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

if TYPE_CHECKING:
    from include.http.answer import Classify
    from include.http.session import ApiSession

Document = Mapping[str, Any]


class StreamKind(enum.StrEnum):
    """How a stream behaves in time; see docs/design.md, "Streams have three kinds"."""

    EVENTS = "events"
    SNAPSHOT = "snapshot"
    PLAN = "plan"


class Record(msgspec.Struct, frozen=True, array_like=True):
    """Base of a stream's columns: one field is one column, in the order of declaration.

    Types map to Postgres: str text, int bigint, Decimal numeric, bool boolean, datetime
    timestamptz, date date, Json jsonb; `| None` makes the column nullable. A field reads the
    document's key of the same (renamed) name unless `at()` gives a path.
    """


# A column that keeps a JSON value as it came (jsonb).
Json = Annotated[Any, msgspec.Meta(extra={"sql": "jsonb"})]


def at(path: str, description: str = "") -> msgspec.Meta:
    """Say where in a document a field comes from: keys joined by dots, `price.shopMoney.amount`."""
    return msgspec.Meta(description=description or None, extra={"at": path})


@dataclass(frozen=True, slots=True)
class Child:
    """Rows inside a document that become a table of their own, one unit with their parent.

    `rows` yields the child documents of a parent document. The child table is keyed by the parent's
    key columns plus `key`; its columns are (connection_id, parent key…, record's fields). `rows`
    may raise ValueError to say why the whole parent is to be quarantined. `known`: see `Stream`.
    """

    name: str
    record: type[Record]
    rows: Callable[[Document], Iterable[Document]]
    key: tuple[str, ...]
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span [start, end) of time, UTC, that one run owns; `key` is its partition key."""

    start: dt.datetime
    end: dt.datetime
    key: str


@dataclass(frozen=True, slots=True)
class Connection:
    """What a connector needs of an Airflow connection; `repr` never shows the secrets."""

    conn_id: str
    host: str = ""
    scheme: str = "https"
    port: int | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class Page:
    """One HTTP answer, redacted, otherwise verbatim.

    `body` is what is landed; `document` is its decoded form (`ApiSession.request` decodes JSON),
    exactly what `include.http.decode.decode_json(body)` gives: a replay has nothing else.
    `captured_at` is the API's own `Date` header (`captured_at_source` "api"), else local time
    ("local"). `request` holds method, address and parameters without secrets. `context` holds what
    else `parse` needs (JSON values); it is landed with the page. Some of its keys mean something to
    the framework: `expected_rows` documents this page announces; `expected_total` documents the
    whole window announces; `start_date`, `end_date` (ISO, both included) the days a stream sliced
    by date has read; `slices` a list of the slices (lists of the values of `Stream.replaces`) that
    are complete in this window.
    """

    body: bytes
    status: int
    captured_at: dt.datetime
    captured_at_source: str
    request: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    document: Any = None
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FetchContext:
    """What a stream's `fetch` gets: session, window to read (look-back included) and targets.

    `targets` maps a platform to account names the plan wants looked up (business discovery).
    """

    connection: Connection
    session: ApiSession
    window: Window
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of row a source delivers.

    name: table is `raw.<source>__<name>`. key: without connection_id (and, for snapshots, without
    window_start: both are added). cursor: column whose newer value wins; None compares a content
    hash. replaces: columns of a slice (for GA4 the date) whose rows are exactly the window's rows,
    so rows that vanished are deleted. lookback: how much before the window is read again;
    `FetchContext.window` includes it. rejects_allowed: share of rows that may be quarantined (one
    row always may, unless 0). personal_keys: JSON keys whose values are replaced by an HMAC before
    landing. known: paths of the document that are no column on purpose (`lineItems`,
    `customer.tags`), so neither drift nor `_extra`.
    """

    name: str
    kind: StreamKind
    record: type[Record]
    key: tuple[str, ...]
    fetch: Callable[[FetchContext], Iterator[Page]]
    parse: Callable[[Any, Page], Iterable[Document]]
    cursor: str | None = None
    children: tuple[Child, ...] = ()
    replaces: tuple[str, ...] = ()
    lookback: dt.timedelta = dt.timedelta(0)
    is_required: bool = True
    rejects_allowed: float = 0.01
    personal_keys: frozenset[str] = frozenset()
    known: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One system data comes from; its module docstring is the page of its DAG.

    `platform` names the social platform the source serves (a key of `FetchContext.targets`), if
    any. `pool_slots` bounds concurrent calls of this API in Airflow. `needs_connection` is False
    for a source that reads no API (the campaign plan). `classify` turns the API's own error answers
    into the error tree (see `include.http.answer`); a connector may also set
    `ctx.session.classify`.
    """

    name: str
    title: str
    streams: tuple[Stream, ...]
    platform: str | None = None
    pool_slots: int = 2
    needs_connection: bool = True
    classify: Classify | None = None
    doc: str = ""

    def stream(self, name: str) -> Stream:
        """Return the stream called `name`; KeyError names the known ones."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        known = ", ".join(s.name for s in self.streams)
        raise KeyError(f"source {self.name} has no stream {name!r}; it has: {known}")
