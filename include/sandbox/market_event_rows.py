"""GA4's event export of a market as rows of its raw table, without files; see market_rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from include.sandbox.market_channels import SITE
from include.sandbox.market_visitors import WebVisit
from include.sandbox.world import Market

Row = dict[str, Any]


def event_rows(market: Market, label: str, now: dt.datetime) -> Iterator[Row]:
    """Yield the events of a market's visits by `now`: a page view each, and the purchases.

    label: name of the market, which its order names carry. A purchase without its id is not among
    them: nothing says whose order it was.
    """
    for number, visit in enumerate(market.ga4_visits_at(now), start=1):
        yield _event(visit, market, label, number, "page_view", visit.started_at)
        if visit.purchased_at is not None and visit.transaction is not None:
            bought = _event(visit, market, label, number, "purchase", visit.purchased_at)
            bought["ecommerce_transaction_id"] = f"#{label}-{visit.transaction}"
            bought["purchase_revenue"] = visit.revenue
            bought["currency"] = market.shop.currency
            yield bought


def _event(
    visit: WebVisit, market: Market, label: str, number: int, name: str, at: dt.datetime
) -> Row:
    event = {
        "connection_id": f"ga4_export__{label}",
        "event_date": at.astimezone(market.timezone).date(),
        "event_key": f"{label} {number} {name}",
        "event_timestamp": at,
        "event_name": name,
        "user_pseudo_id": visit.visitor,
        "ga_session_id": number,
        "page_location": f"{SITE}{visit.landing_page}",
        "hostname": SITE.removeprefix("https://"),
        "source": visit.source,
        "medium": visit.medium,
    }
    if "utm_" in visit.landing_page and visit.source is not None:
        event |= {
            "collected_source": visit.source,
            "collected_medium": visit.medium,
            "collected_campaign": visit.campaign,
            "collected_content": visit.content,
        }
    return event
