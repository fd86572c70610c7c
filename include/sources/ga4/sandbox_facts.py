"""The market's visits as facts: dimensions and metrics under the Data API's names."""

from __future__ import annotations

import zlib
from decimal import Decimal
from typing import Any

Fact = tuple[dict[str, str], dict[str, Decimal]]

# Where visitors are; a row of sessions comes from one place, so places add no rows of their own.
PLACES = (
    ("United States", "California"),
    ("United States", "California"),
    ("United States", "New York"),
    ("United States", "Texas"),
    ("Canada", "Ontario"),
    ("(not set)", "(not set)"),
)


def _source(row: Any) -> dict[str, str]:
    return {
        "date": row.date.strftime("%Y%m%d"),
        "sessionSource": row.source,
        "sessionMedium": row.medium,
        "sessionCampaignName": row.campaign,
        "sessionManualAdContent": row.content,
        "sessionManualSource": row.source,
        "sessionManualMedium": row.medium,
        "sessionManualCampaignName": row.campaign,
    }


def session_fact(row: Any) -> Fact:
    """Return sessions by source, page, first user and place."""
    path = row.landing_page.split("?", 1)[0]
    country, region = _place(row)
    dimensions = {
        "landingPagePlusQueryString": row.landing_page,
        "landingPage": path,
        # The market does not follow visitors over days: the session's source stands for the first.
        "firstUserSource": row.source,
        "firstUserMedium": row.medium,
        "firstUserCampaignName": row.campaign,
        "firstUserManualAdContent": row.content,
        "country": country,
        "region": region,
    }
    metrics = {
        "sessions": row.sessions,
        "engagedSessions": row.engaged_sessions,
        "userEngagementDuration": row.engagement_seconds,
        "newUsers": row.new_users,
        "activeUsers": row.sessions,
        "totalUsers": row.sessions,
        "addToCarts": row.add_to_carts,
        "checkouts": row.checkouts,
        "ecommercePurchases": row.purchases,
        "transactions": row.purchases,
        "purchaseRevenue": row.revenue,
        "totalRevenue": row.revenue,
        "keyEvents": row.key_events,
    }
    return {**_source(row), **dimensions}, {name: Decimal(v) for name, v in metrics.items()}


def session_start_fact(row: Any) -> Fact:
    """An event that is no key event: reports by event name hold those too."""
    return {**_source(row), "eventName": "session_start"}, {"eventCount": Decimal(row.sessions)}


def key_event_fact(row: Any) -> Fact:
    """Return key events by name and source."""
    metrics = {"keyEvents": Decimal(row.key_events), "eventCount": Decimal(row.event_count)}
    return {**_source(row), "eventName": row.event_name}, metrics


def transaction_fact(row: Any) -> Fact:
    """Return one purchase."""
    dimensions = {
        "transactionId": row.transaction_id,
        "firstUserSource": row.first_user_source,
        "firstUserMedium": row.first_user_medium,
        "firstUserCampaignName": row.first_user_campaign,
    }
    metrics = {
        "ecommercePurchases": Decimal(row.purchases),
        "transactions": Decimal(row.purchases),
        "purchaseRevenue": row.revenue,
        "totalRevenue": row.revenue,
        "refundAmount": row.refund_amount,
    }
    return {**_source(row), **dimensions}, metrics


def _place(row: Any) -> tuple[str, str]:
    key = f"{row.date}{row.source}{row.content}{row.landing_page}"
    return PLACES[zlib.crc32(key.encode()) % len(PLACES)]
