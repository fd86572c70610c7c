"""Open, keep and end alerts: one row per subject from its beginning to its end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg

from include.alerts.situation import Alert

# Two runs at once would each send what both find (any constant would do).
_LOCK = 72_611


def update_alerts(
    connection: psycopg.Connection,
    found: Sequence[Alert],
    judged_kinds: Sequence[str],
    now: dt.datetime,
) -> tuple[int, int]:
    """Open what is new, keep what lasts, end what is gone; return how many began and ended.

    Kinds that were not judged stay as they are.
    """
    connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    began = sum(_note(connection, alert, now) for alert in found)
    lasting = [f"{alert.kind}\n{alert.subject}" for alert in found]
    ended = connection.execute(
        """
        update quality.alerts set ended_at = %s
        where
            ended_at is null and kind = any(%s)
            and not kind || E'\n' || subject = any(%s)
        """,
        [now, list(judged_kinds), lasting],
    ).rowcount
    return began, ended


def unsent_alerts(connection: psycopg.Connection) -> list[tuple[int, Alert]]:
    """Return the open alerts nobody has been told, oldest first, with their ids."""
    rows = connection.execute(
        """
        select alert_id, kind, subject, message, page_path from quality.alerts
        where ended_at is null and sent_at is null
        order by alert_id
        """
    ).fetchall()
    return [(alert_id, Alert(*values)) for alert_id, *values in rows]


def mark_sent(
    connection: psycopg.Connection,
    alert_ids: Sequence[int],
    channels: Sequence[str],
    now: dt.datetime,
) -> None:
    """Note that people were told, and by which connections."""
    connection.execute(
        "update quality.alerts set sent_at = %s, sent_through = %s where alert_id = any(%s)",
        [now, list(channels), list(alert_ids)],
    )


def _note(connection: psycopg.Connection, alert: Alert, now: dt.datetime) -> bool:
    """Open an alert or see it again; True when it is new."""
    row = connection.execute(
        """
        insert into quality.alerts (kind, subject, message, page_path, began_at, last_seen_at)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (kind, subject) where ended_at is null do update set
            message = excluded.message,
            page_path = excluded.page_path,
            last_seen_at = greatest(quality.alerts.last_seen_at, excluded.last_seen_at)
        returning xmax = 0
        """,
        [alert.kind, alert.subject, alert.message, alert.page_path, now, now],
    ).fetchone()
    assert row is not None
    return bool(row[0])
