"""What must hold for a day of GA4 beyond its columns: counts that cannot exceed each other."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

SESSIONS = "raw.ga4__sessions"
TRANSACTIONS = "raw.ga4__transactions"
TOTALS = "raw.ga4__session_totals"
# Above this share of a day's sessions without a source, rates by source say too little.
WITHHELD_ALLOWED = 0.1


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    sessions = window.rows("sessions")
    transactions = window.rows("transactions")
    events = window.rows("key_events")
    totals = window.rows("session_totals")
    return [
        *day_rules(source, window),
        no_rows(
            "session counts are not negative",
            SESSIONS,
            f"""
            select * from ({sessions}) as sessions
            where least(
                sessions, engaged_sessions, user_engagement_duration, new_users, add_to_carts,
                checkouts, ecommerce_purchases, purchase_revenue, key_events
            ) < 0
            """,
        ),
        no_rows(
            "engaged sessions are at most the sessions",
            SESSIONS,
            f"select * from ({sessions}) as sessions where engaged_sessions > sessions",
        ),
        no_rows(
            "a day has at most as many purchases as sessions",
            SESSIONS,
            f"""
            select connection_id, property_id, date, sum(sessions) as session_count,
                sum(ecommerce_purchases) as purchase_count
            from ({sessions}) as sessions
            group by connection_id, property_id, date
            having sum(ecommerce_purchases) > sum(sessions)
            """,
        ),
        no_rows(
            # One day of grace: a property far east of the reporting zone is a day ahead.
            "no report day lies after the window",
            SESSIONS,
            f"""
            select * from ({sessions}) as sessions where date > date '{window.partition_key}' + 1
            """,
        ),
        no_rows(
            "purchases carry a transaction id",
            TRANSACTIONS,
            f"""
            select * from ({transactions}) as transactions
            where transaction_id in ('', '(not set)') and ecommerce_purchases > 0
            """,
            "warning",
        ),
        no_rows(
            "purchase and refund amounts are not negative",
            TRANSACTIONS,
            f"""
            select * from ({transactions}) as transactions
            where least(ecommerce_purchases, purchase_revenue, refund_amount) < 0
            """,
        ),
        no_rows(
            "key events are not negative",
            "raw.ga4__key_events",
            f"select * from ({events}) as events where least(key_events, event_count) < 0",
        ),
        no_rows(
            "hardly any session is withheld from the sources",
            TOTALS,
            f"""
            select *, sessions - listed_sessions as withheld_session_count
            from ({totals}) as totals
            where abs(sessions - listed_sessions) > {WITHHELD_ALLOWED} * sessions
            """,
            "warning",
        ),
        no_rows(
            "the report is not sampled and loses no rows to (other)",
            SESSIONS,
            f"""
            select * from ({sessions}) as sessions where is_sampled or data_loss_from_other_row
            """,
            "info",
        ),
    ]
