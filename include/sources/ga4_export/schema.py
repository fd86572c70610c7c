"""Columns of the GA4 export: one event of the BigQuery export, its nested parts laid flat.

Names are the export's own. What comes from `event_params` keeps the parameter's name; what comes
from `collected_traffic_source` (seen with this event) begins with `collected_`, from
`session_traffic_source_last_click` (credited to the session) with `session_`, from
`traffic_source` (the user's first) with `first_user_`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from include.sources._base import Record


class Event(Record, frozen=True, array_like=True):
    """One event as GA4 exported it."""

    event_date: dt.date  # day of the property's time zone
    event_key: str  # hash of what makes the event, the same in every export of it
    is_intraday: bool  # from the preliminary table of the day
    event_timestamp: dt.datetime
    event_name: str
    user_pseudo_id: str | None  # HMAC; None without consent
    user_id: str | None  # HMAC
    stream_id: str | None
    platform: str | None
    ga_session_id: int | None
    ga_session_number: int | None
    session_engaged: bool | None
    engagement_time_msec: int | None
    page_location: str | None
    page_referrer: str | None
    page_title: str | None
    source: str | None
    medium: str | None
    campaign: str | None
    content: str | None
    term: str | None
    gclid: str | None
    transaction_id: str | None
    coupon: str | None
    value: Decimal | None
    currency: str | None
    collected_source: str | None
    collected_medium: str | None
    collected_campaign: str | None
    collected_content: str | None
    collected_term: str | None
    collected_gclid: str | None
    session_source: str | None
    session_medium: str | None
    session_campaign: str | None
    session_content: str | None
    session_term: str | None
    first_user_source: str | None
    first_user_medium: str | None
    first_user_campaign: str | None
    ecommerce_transaction_id: str | None
    purchase_revenue: Decimal | None
    refund_value: Decimal | None
    item_count: int | None
    analytics_storage: str | None
    ads_storage: str | None
    device_category: str | None
    hostname: str | None
    country: str | None
    batch_page_id: int | None
    batch_ordering_id: int | None
    batch_event_index: int | None
