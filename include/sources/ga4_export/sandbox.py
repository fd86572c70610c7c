"""GA4's BigQuery export of the sample market, as `bq extract` writes it: integers are texts.

Nothing is served: `write_files` puts the tables of a span of days into a folder. Sessions and
purchases are those the Data API's sandbox reports at the same instant; every session becomes its
events. What was exported once stays as it is when the day is written again: a session has its own
place in the day, and an order the session it was made in. A few purchases are exported twice, a few
thank-you pages are loaded again, and some page views come from visitors without consent.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from include.sandbox.clock import Clock
from include.sandbox.market_facts import Ga4Session, Ga4Transaction
from include.sandbox.market_files import chance, folder_connection, write_whole
from include.sandbox.world import Market

Event = dict[str, Any]
Dimensions = tuple[str, str, str, str]
# Hours after a day's end at which its daily table is there, and until which it is changed.
DAILY_HOURS, FINAL_HOURS = 12, 72
STREAM_ID = "5501234567"
TWICE_EVERY, RELOADED_EVERY = 50, 40
DENIED_SHARE = 0.1
# What a visit does after it began lies within.
LONGEST_VISIT = dt.timedelta(minutes=15)
# Days before the first writing whose tables there are: nobody links an export years ahead.
FIRST_DAYS = 3
# Days that still change, and their visits: events are made once and written three times.
KEPT_DAYS, KEPT_VISITS = 8, 10_000


@dataclass(frozen=True, slots=True)
class Visit:
    """One session as the export sees it."""

    date: dt.date
    landing_page: str
    dimensions: Dimensions
    number: int  # among the visits of its source to its landing page on that day
    user: str
    started_at: dt.datetime
    is_engaged: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it is when nothing comes to it any more: its visits, and those of its purchases."""

    visits: tuple[Visit, ...]
    homes: Mapping[Ga4Transaction, Visit]


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Return nothing: a folder asks for no credentials."""
    return {}


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Airflow connection of the folder `write_files` is to write."""
    return folder_connection("ga4_export")


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Return no routes: the export is read from a folder."""
    return APIRouter()


def write_files(
    market: Market, now: dt.datetime, folder: Path, first_day: dt.date | None = None
) -> list[Path]:
    """Write the tables that are there at `now`; return the files of the days written, sorted.

    first_day: earliest day; by default the one after the last settled table of the folder, or some
    days ago. A day settles for three days and is then left as it is. Its intraday file goes when
    the daily one comes.
    """
    written = []
    day = max(first_day or _first_unsettled(market, now, folder), market.start_date)
    while _midnight(market, day) < now and day <= market.end_date:
        end = _midnight(market, day + dt.timedelta(days=1))
        daily = folder / f"events_{day:%Y%m%d}.json.gz"
        intraday = folder / f"events_intraday_{day:%Y%m%d}.json.gz"
        is_daily = now >= end + dt.timedelta(hours=DAILY_HOURS)
        is_final = now >= end + dt.timedelta(hours=FINAL_HOURS)
        if not (is_final and daily.exists()):
            path = daily if is_daily else intraday
            content = gzip.compress(_table(market, day, now).encode(), 1, mtime=0)
            written.append(write_whole(path, content))
        if is_daily:
            intraday.unlink(missing_ok=True)
        day += dt.timedelta(days=1)
    return sorted(written)


def events_of(market: Market, day: dt.date, now: dt.datetime) -> Iterator[Event]:
    """Yield the events of a day, session by session, purchases in a session of their source."""
    for line in _table(market, day, now).splitlines():
        yield json.loads(line)


def _table(market: Market, day: dt.date, now: dt.datetime) -> str:
    """Return a day's events as lines: those of each session, then the purchases.

    A purchase comes with its session or after it, never before.
    """
    whole = _settled(market, day)
    sessions = {
        (_dimensions(row), row.landing_page): row.sessions
        for row in market.ga4_sessions_at(now)
        if row.date == day
    }
    # A table of a day that is not over holds nothing of its rest.
    shown = {
        visit: _session_lines(visit)
        for visit in whole.visits
        if visit.number < sessions.get((visit.dimensions, visit.landing_page), 0)
        and visit.started_at + LONGEST_VISIT < now
    }
    bought = [
        _lines(_purchases(visit, row, market.shop.currency))
        for row in market.ga4_transactions_at(now)
        if row.date == day and (visit := whole.homes.get(row)) in shown
    ]
    return "".join([*shown.values(), *bought])


@lru_cache(maxsize=KEPT_DAYS)
def _settled(market: Market, day: dt.date) -> Day:
    """Return a day as it will be: buyers' visits are the first of their source and page."""
    at = _midnight(market, day + dt.timedelta(days=1)) + dt.timedelta(hours=FINAL_HOURS)
    visits: list[Visit] = []
    of_buyers: dict[Dimensions, list[Visit]] = {}
    for row in market.ga4_sessions_at(at):
        if row.date == day:
            found = [_visit(market, row, number) for number in range(row.sessions)]
            visits += found
            of_buyers.setdefault(_dimensions(row), []).extend(found[: row.purchases])
    bought = [row for row in market.ga4_transactions_at(at) if row.date == day]
    return Day(tuple(visits), {row: of_buyers[_dimensions(row)].pop() for row in bought})


def _first_unsettled(market: Market, now: dt.datetime, folder: Path) -> dt.date:
    """Return the first day whose table may still change, or is not there yet."""
    today = now.astimezone(market.timezone).date()
    names = sorted(path.name[7:15] for path in folder.glob("events_2*.json.gz"))
    tables = [dt.date.fromisoformat(name) for name in names]
    if not tables:
        return today - dt.timedelta(days=FIRST_DAYS)
    unsettled = today - dt.timedelta(hours=FINAL_HOURS, days=1)
    return max(tables[0], min(tables[-1], unsettled))


def _visit(market: Market, row: Ga4Session, number: int) -> Visit:
    drawn = (market.seed, row.date, row.landing_page, _dimensions(row), number)
    start = _midnight(market, row.date)
    span = _midnight(market, row.date + dt.timedelta(days=1)) - start - LONGEST_VISIT
    started_at = start + span * chance(*drawn)
    client = 1_000_000_000 + int(chance(*drawn, "client") * 1_000_000_000)
    return Visit(
        row.date,
        row.landing_page,
        _dimensions(row),
        number,
        f"{client}.{int(started_at.timestamp())}",
        started_at,
        is_engaged=number < row.engaged_sessions,
    )


@lru_cache(maxsize=KEPT_VISITS)
def _session_lines(visit: Visit) -> str:
    return _lines(_session_events(visit))


def _lines(events: Iterator[Event]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def _session_events(visit: Visit) -> Iterator[Event]:
    yield _event(visit, "session_start", 0, 1)
    yield _event(visit, "page_view", 0, 2)
    if visit.is_engaged:
        params = [_param("engagement_time_msec", 11_000)]
        yield _event(visit, "user_engagement", 11, 1, params)
    if chance(visit.user, "denied") < DENIED_SHARE:
        yield _denied(visit)


def _purchases(visit: Visit, bought: Ga4Transaction, currency: str) -> Iterator[Event]:
    """Yield a purchase, at times exported twice, at times with its thank-you page loaded again."""
    event = _purchase(visit, bought, currency, 300)
    yield event
    number = int("0" + "".join(filter(str.isdigit, bought.transaction_id)))
    if number % TWICE_EVERY == 0:
        yield event
    if number % RELOADED_EVERY == 0:
        yield _purchase(visit, bought, currency, 420)


def _purchase(visit: Visit, bought: Ga4Transaction, currency: str, after: int) -> Event:
    params = [
        _param("transaction_id", bought.transaction_id),
        {"key": "value", "value": {"double_value": float(bought.revenue)}},
        _param("currency", currency),
    ]
    event = _event(visit, "purchase", after, 1, params)
    event["ecommerce"] = {
        "transaction_id": bought.transaction_id,
        "purchase_revenue": float(bought.revenue),
        "total_item_quantity": "1",
    }
    return event


def _denied(visit: Visit) -> Event:
    """Return a page view of a visitor who refused: no cookie, no session."""
    event = _event(visit, "page_view", 60, 1)
    hidden = ("ga_session_id", "ga_session_number")
    event["event_params"] = [p for p in event["event_params"] if p["key"] not in hidden]
    event["user_pseudo_id"] = None
    event["privacy_info"] = {"analytics_storage": "No", "ads_storage": "No"}
    return event


def _event(
    visit: Visit, name: str, after_seconds: int, place: int, params: list[Event] | None = None
) -> Event:
    at = visit.started_at + dt.timedelta(seconds=after_seconds)
    address = f"https://www.glowandgrove.example{visit.landing_page}"
    page = "https://www.glowandgrove.example/thank-you" if name == "purchase" else address
    names = ("source", "medium", "campaign_name", "content")
    credited = dict(zip(names, visit.dimensions, strict=True))
    tagged = {f"manual_{name}": value for name, value in credited.items()}
    return {
        "event_date": f"{visit.date:%Y%m%d}",
        "event_timestamp": str(_micros(at)),
        "event_name": name,
        "event_params": [
            _param("ga_session_id", int(visit.started_at.timestamp())),
            _param("ga_session_number", 1),
            _param("session_engaged", "1" if visit.is_engaged else "0"),
            _param("page_location", page),
            *(params or []),
        ],
        "user_pseudo_id": visit.user,
        "privacy_info": {"analytics_storage": "Yes", "ads_storage": "Yes"},
        "collected_traffic_source": tagged if "utm_" in visit.landing_page else None,
        "session_traffic_source_last_click": {"manual_campaign": credited},
        "stream_id": STREAM_ID,
        "platform": "WEB",
        "device": {"category": "mobile", "web_info": {"hostname": "www.glowandgrove.example"}},
        "geo": {"country": "United States"},
        "batch_event_index": str(place),
    }


def _param(key: str, value: str | int) -> Event:
    kind = "int_value" if isinstance(value, int) else "string_value"
    return {"key": key, "value": {kind: str(value)}}


def _dimensions(row: Ga4Session | Ga4Transaction) -> Dimensions:
    return row.source, row.medium, row.campaign, row.content


def _micros(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _midnight(market: Market, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=market.timezone).astimezone(dt.UTC)
