"""Columns of GA4's streams; dimension and metric names are the Data API's, in snake case.

Dates are days of the property's time zone. `property_id` is the numeric id as text.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from include.sources._base import Record, at


class Session(Record, rename="camel", frozen=True, array_like=True):
    """Sessions of a day by session-scoped source (R1 of the connector's page)."""

    property_id: str
    date: dt.date
    session_source: str
    session_medium: str
    session_campaign_name: str
    session_manual_ad_content: str
    landing_page_plus_query_string: str
    sessions: int
    engaged_sessions: int
    user_engagement_duration: Decimal  # seconds
    new_users: int
    add_to_carts: int
    checkouts: int
    ecommerce_purchases: int
    purchase_revenue: Decimal
    key_events: Decimal
    currency_code: str
    time_zone: str
    subject_to_thresholding: bool
    data_loss_from_other_row: bool
    is_sampled: bool


class SessionTotal(Record, rename="camel", frozen=True, array_like=True):
    """A day's sessions as GA4 totals them, beside those it lists by source."""

    property_id: str
    date: dt.date
    sessions: Annotated[int, at("sessions", "Total of the day, also of rows GA4 withholds")]
    engaged_sessions: int
    user_engagement_duration: Decimal  # seconds
    add_to_carts: int
    checkouts: int
    ecommerce_purchases: int
    purchase_revenue: Decimal
    key_events: Decimal
    listed_sessions: Annotated[int, at("listedSessions", "Sum over the sources that are listed")]
    currency_code: str
    time_zone: str
    subject_to_thresholding: bool
    data_loss_from_other_row: bool
    is_sampled: bool


class SourceSession(Record, rename="camel", frozen=True, array_like=True):
    """Sessions of a day by session-scoped source, asked for without pages, places and users."""

    session_source: str
    session_medium: str
    session_campaign_name: str
    session_manual_ad_content: str
    sessions: int
    engaged_sessions: int
    user_engagement_duration: Decimal  # seconds
    add_to_carts: int
    checkouts: int
    ecommerce_purchases: int
    purchase_revenue: Decimal
    key_events: Decimal


class Transaction(Record, rename="camel", frozen=True, array_like=True):
    """Purchases of a day by transaction id with the session's source (R2)."""

    property_id: str
    date: dt.date
    transaction_id: str
    session_source: str
    session_medium: str
    session_campaign_name: str
    session_manual_ad_content: str
    first_user_source: str
    first_user_medium: str
    first_user_campaign_name: str
    ecommerce_purchases: int
    purchase_revenue: Decimal
    refund_amount: Decimal
    currency_code: str
    time_zone: str
    subject_to_thresholding: bool
    data_loss_from_other_row: bool
    is_sampled: bool


class KeyEvent(Record, rename="camel", frozen=True, array_like=True):
    """Key events (sign-ups, leads, purchases) of a day by session-scoped source."""

    property_id: str
    date: dt.date
    event_name: str
    session_source: str
    session_medium: str
    session_campaign_name: str
    session_manual_ad_content: str
    key_events: Decimal
    event_count: int
    currency_code: str
    time_zone: str
    subject_to_thresholding: bool
    data_loss_from_other_row: bool
    is_sampled: bool


class Acquisition(Record, rename="camel", frozen=True, array_like=True):
    """People of a day by the source that first brought them; users do not add up over days."""

    property_id: str
    date: dt.date
    first_user_source: str
    first_user_medium: str
    first_user_campaign_name: str
    first_user_manual_ad_content: str
    new_users: int
    active_users: int
    sessions: int
    engaged_sessions: int
    ecommerce_purchases: int
    purchase_revenue: Decimal
    key_events: Decimal
    currency_code: str
    time_zone: str
    subject_to_thresholding: bool
    data_loss_from_other_row: bool
    is_sampled: bool


class Place(Record, rename="camel", frozen=True, array_like=True):
    """Sessions of a day by place and campaign."""

    property_id: str
    date: dt.date
    country: str
    region: str
    session_campaign_name: str
    session_manual_ad_content: str
    sessions: int
    engaged_sessions: int
    ecommerce_purchases: int
    purchase_revenue: Decimal
    currency_code: str
    time_zone: str
    subject_to_thresholding: bool
    data_loss_from_other_row: bool
    is_sampled: bool
