"""What must hold for the GA4 export beyond its columns: days, sessions and purchases that fit."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

EVENTS = "raw.ga4_export__events"


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    events = window.rows("events")
    return [
        *day_rules(source, window),
        no_rows(
            # The day is the property's, the instant is UTC: 14 hours ahead to 12 behind, and
            # events that a phone held back for up to 72 hours.
            "events lie near the day they are counted on",
            EVENTS,
            f"""
            select * from ({events}) as events
            where event_timestamp < (event_date - 4)::timestamp at time zone 'UTC'
                or event_timestamp > (event_date + 2)::timestamp at time zone 'UTC'
            """,
            "warning",
        ),
        no_rows(
            "events with a cookie have a session",
            EVENTS,
            f"""
            select * from ({events}) as events
            where user_pseudo_id is not null and ga_session_id is null
            """,
            "info",
        ),
        no_rows(
            "purchases carry a transaction id",
            EVENTS,
            f"""
            select * from ({events}) as events
            where event_name = 'purchase'
                and coalesce(nullif(ecommerce_transaction_id, '(not set)'), transaction_id) is null
            """,
            "warning",
        ),
        no_rows(
            "purchase amounts are not negative",
            EVENTS,
            f"""
            select * from ({events}) as events
            where event_name = 'purchase' and least(purchase_revenue, refund_value) < 0
            """,
        ),
    ]
