"""Whether the landing pages of campaign files answer: asked on demand, never by the daily run.

A dead landing page is the commonest fault of tracking, and no API of a shop tells of it. Each page
is asked once on the shop's own site, as a visitor's browser would; what leads elsewhere (the front
page, a password) is as dead as HTTP 404. `keep_answers` writes what came, and
`mart_tracking_preflight` says it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from include.campaigns.model import CampaignPlan
from include.errors import BadRequest, GroundswellError, InvalidSettings, UnsafeAddress
from include.http.address import check_address
from include.http.answer import ACCEPT
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection

TIMEOUT_SECONDS = (5.0, 20.0)
# A visitor would not wait for more; far above the HTML of a product page.
MAX_PAGE_BYTES = 16 * 1024 * 1024
# Where a shop sends who asks for a page that is gone or not open yet.
_NOT_THE_PAGE = frozenset({"", "/password", "/404", "/account/login"})


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """What a landing page of a shop answered at an instant; `answer` says it in words."""

    connection_id: str
    landing_path: str
    asked_at: dt.datetime
    is_answering: bool
    answer: str


class _Followed(BaseAdapter):
    """Remembers the address that was asked last, after redirects."""

    def __init__(self, inner: BaseAdapter) -> None:
        super().__init__()
        self.inner, self.url = inner, ""

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        self.url = str(request.url)
        return self.inner.send(request, *args, **kwargs)

    def close(self) -> None:
        self.inner.close()


def pages_of(
    plans: Iterable[CampaignPlan], shop: str | None, now: dt.datetime
) -> list[tuple[str, str]]:
    """Return (main shop, path) of the landing pages that hold today in the plans of `shop`.

    shop: a connection id; None is each plan's main shop. Codes and pages hold in all shops of a
    file, and the marts keep a page's row under the main one.
    """
    return sorted(
        {
            (plan.shop.connection_id, page.path)
            for plan in plans
            if shop is None or shop in plan.shop_ids
            for creator in plan.creators
            for page in creator.landing_pages
            if page.holds_on(_today(plan, now))
        }
    )


def _today(plan: CampaignPlan, now: dt.datetime) -> dt.date:
    return now.astimezone(ZoneInfo(plan.reporting_timezone)).date()


def ask_pages(
    site: str,
    pages: Iterable[tuple[str, str]],
    now: dt.datetime,
    adapter: BaseAdapter | None = None,
) -> list[PageAnswer]:
    """Ask each page on `site` (`https://host`); `UnsafeAddress` when the site may not be asked."""
    parts = urlsplit(check_address(site))
    if parts.path.strip("/") or parts.query or parts.fragment or not parts.hostname:
        raise InvalidSettings(f"site {site!r} must be an address alone: https://shop.example")
    connection = Connection("site", parts.hostname, parts.scheme, parts.port)
    followed = _Followed(adapter or HTTPAdapter(max_retries=0))
    with ApiSession(
        connection,
        classify=lambda _: ACCEPT,
        decode=lambda _: None,
        retry=RetryPolicy(attempts=1),
        max_body_bytes=MAX_PAGE_BYTES,
        timeout=TIMEOUT_SECONDS,
        adapter=followed,
    ) as session:
        return [PageAnswer(shop, path, now, *_ask(session, followed, path)) for shop, path in pages]


def _ask(session: ApiSession, followed: _Followed, path: str) -> tuple[bool, str]:
    try:
        status = session.request("GET", path, headers={"Accept": "text/html, */*;q=0.1"}).status
    except UnsafeAddress:
        return False, "it leads to another site; where that is the shop's own, name that site"
    except BadRequest:
        return False, "it leads in a circle, or is larger than a page can be"
    except GroundswellError:
        return False, "it cannot be reached"
    end = urlsplit(followed.url).path.rstrip("/").lower()
    if status != 200:
        return False, f"HTTP {status}"
    if end in _NOT_THE_PAGE and path.rstrip("/").lower() != end:
        return False, f"it leads to {end or '/'}"
    return True, "HTTP 200"


def keep_answers(connection: psycopg.Connection, answers: Iterable[PageAnswer]) -> None:
    """Keep the newest answer of each page; an older one never replaces it."""
    rows: list[Mapping[str, Any]] = [
        {name: getattr(answer, name) for name in PageAnswer.__slots__} for answer in answers
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into analysis.page_answers
                (connection_id, landing_path, asked_at, is_answering, answer)
            values (
                %(connection_id)s, %(landing_path)s, %(asked_at)s, %(is_answering)s, %(answer)s
            )
            on conflict (connection_id, landing_path) do update set
                asked_at = excluded.asked_at,
                is_answering = excluded.is_answering,
                answer = excluded.answer
            where page_answers.asked_at <= excluded.asked_at
            """,
            rows,
        )
