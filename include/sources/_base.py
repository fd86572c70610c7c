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
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import msgspec

from include.http.decode import Decode, decode_json

if TYPE_CHECKING:
    from include.http.answer import Classify
    from include.http.session import ApiSession

Document = Mapping[str, Any]

# Partition keys: of a business day, and of a stream's own window by the hour (UTC) it begins.
DAY_KEY, HOUR_KEY = "%Y-%m-%d", "%Y-%m-%dT%H"


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

# A column that says why others are missing (`unavailable_reason`, `refused_metrics`). It speaks of
# the newest answer: its NULL means that nothing is missing any more and replaces an earlier reason,
# where the NULL of any other column of a snapshot is unknown and replaces nothing.
Reason = Annotated[str | None, msgspec.Meta(extra={"explains_absence": True})]


def at(path: str, description: str = "") -> msgspec.Meta:
    """Say where in a document a field comes from: keys joined by dots, `price.shopMoney.amount`."""
    return msgspec.Meta(description=description or None, extra={"at": path})


@dataclass(frozen=True, slots=True)
class Child:
    """Rows inside a document that become a table of their own, one unit with their parent.

    `rows` yields the child documents of a parent document. The child table is keyed by the parent's
    key columns plus `key`; its columns are (connection_id, parent key…, record's fields). `rows`
    may raise ValueError to say why the whole parent is to be quarantined. `known` and
    `subject_columns`: see `Stream`.
    """

    name: str
    record: type[Record]
    rows: Callable[[Document], Iterable[Document]]
    key: tuple[str, ...]
    known: tuple[str, ...] = ()
    subject_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open span [start, end) of time, UTC, that one run owns; `key` is its partition key."""

    start: dt.datetime
    end: dt.datetime
    key: str

    def days_in(self, zone: dt.tzinfo) -> tuple[dt.date, dt.date] | None:
        """Return the first and last day of `zone` whose noon lies in the window; None for no day.

        The window is cut in the reporting time zone, an API's days in another. By their noon, every
        day of the API belongs to exactly one business day, whatever the offset or a clock change
        does.
        """
        first = self.start.astimezone(zone).date()
        if _noon(first, zone) < self.start:
            first += dt.timedelta(days=1)
        last = self.end.astimezone(zone).date()
        if _noon(last, zone) >= self.end:
            last -= dt.timedelta(days=1)
        return (first, last) if first <= last else None


def _noon(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), tzinfo=zone).astimezone(dt.UTC)


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

    `body` is what is landed; `document` is its decoded form, exactly what the stream's
    `decode(body)` gives: a replay has nothing else. Leave it None and the loader decodes.
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
class TokenGrant:
    """What a token endpoint grants; `refresh_token` is the one to ask with the next time.

    expires_at: when the access token is to be renewed. refresh_expires_at: when nothing can be
    renewed any more without a person; None where the endpoint does not say it.
    """

    access_token: str = field(repr=False)
    expires_at: dt.datetime | None = None
    refresh_token: str | None = field(default=None, repr=False)
    refresh_expires_at: dt.datetime | None = None


# Asks the token endpoint: gets the last grant, None at first (then the connection's own fields say
# with what to ask), and returns the new one.
RefreshToken = Callable[[TokenGrant | None], TokenGrant]


class TokenKeeper(Protocol):
    """Keeps a connection's rotated token; see `include.warehouse.tokens.current_token`."""

    def __call__(self, refresh: RefreshToken, rejected: str | None = None) -> str:
        """Return a valid access token, refreshed by one task at a time.

        rejected: a token that the API refused although it had not expired.
        """
        ...


@dataclass(frozen=True, slots=True)
class FetchContext:
    """What a stream's `fetch` gets: session, window to read (look-back included) and targets.

    `targets` maps a platform to account names the plan wants looked up (business discovery).
    `token` is for APIs whose tokens rotate: `ctx.token(refresh)` instead of the connection's own.
    """

    connection: Connection
    session: ApiSession
    window: Window
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    token: TokenKeeper | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of row a source delivers.

    name: table is `raw.<source>__<name>`. key: without connection_id (and, for snapshots, without
    window_start: both are added). cursor: column whose newer value wins; None compares a content
    hash. replaces: columns of a slice (for GA4 the date) whose rows are exactly the window's rows,
    so rows that vanished are deleted. lookback: how much before the window is read again;
    `FetchContext.window` includes it. weekly_lookback: the look-back of windows whose key is a
    Monday, for what is restated later still. first_lookback: the look-back of a connection's
    earliest window, for a report of days that is cheap to ask and wanted of the time before (a
    campaign's lift is judged against weeks without it). every: length of the stream's own windows
    (UTC, cut at midnight) where a day is too long; such a stream has a DAG of its own and no day
    waits for it.
    rejects_allowed: share of rows that may be quarantined (one
    row always may, unless 0). personal_keys: JSON keys whose values are replaced by an HMAC before
    landing. subject_columns: columns that name a person (a customer's id, a hashed e-mail): what an
    erasure replaces, in raw, in landed pages and wherever a column keeps the name. known: paths of
    the document that are no column on purpose (`lineItems`, `customer.tags`), so neither drift nor
    `_extra`. decode: how a body becomes the document that
    `parse` gets, the same in session, loader and replay; JSON by default. For another format, or
    for JSON that comes with something around it, give a pure function of the body as it was landed
    that raises `Truncated` for what it cannot read (then the request is repeated); to decode with
    the help of `page.context`, let it return the bytes and read them in `parse`.
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
    weekly_lookback: dt.timedelta | None = None
    first_lookback: dt.timedelta | None = None
    every: dt.timedelta | None = None
    is_required: bool = True
    rejects_allowed: float = 0.01
    personal_keys: frozenset[str] = frozenset()
    subject_columns: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    decode: Decode = decode_json
    description: str = ""

    def lookback_of(self, window_key: str) -> dt.timedelta:
        """Return how much before the window of a key is read again."""
        if self.weekly_lookback is None or self.every is not None:
            return self.lookback
        is_monday = dt.date.fromisoformat(window_key).isoweekday() == 1
        return self.weekly_lookback if is_monday else self.lookback


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

    @property
    def is_plan(self) -> bool:
        """Whether every stream is read from the plan's files: no API bounds or delays them."""
        return all(stream.kind is StreamKind.PLAN for stream in self.streams)

    def part(self, own_stream: str = "") -> Source:
        """Return the source with the streams of its day, or with one that has its own windows."""
        if own_stream:
            return replace(self, streams=(self.stream(own_stream),))
        return replace(self, streams=tuple(s for s in self.streams if s.every is None))

    def stream(self, name: str) -> Stream:
        """Return the stream called `name`; KeyError names the known ones."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        known = ", ".join(s.name for s in self.streams)
        raise KeyError(f"source {self.name} has no stream {name!r}; it has: {known}")
