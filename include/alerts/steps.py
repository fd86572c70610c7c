"""What the task of `raise_alerts` calls."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from include.alerts import store
from include.alerts.situation import Alert, Situation
from include.alerts.text import CAMPAIGN_KINDS, write_notice
from include.alerts.watch import look_around, read_expiries
from include.connections import read_connection
from include.daily import schedule_facts
from include.notices import Channel, FindConnection, open_channels, send
from include.page_paths import page_url
from include.warehouse.connection import connect, dsn_of

if TYPE_CHECKING:
    import psycopg

    from include.daily import ReadConnection

log = logging.getLogger(__name__)


def raise_alerts(
    now: dt.datetime,
    *,
    find: FindConnection,
    is_dry_run: bool = False,
    read: ReadConnection = read_connection,
) -> dict[str, int]:
    """Look at everything once, keep alerts, and send those nobody was told about.

    Return how many began, ended, are open and were sent. With `is_dry_run` the log says what is
    wrong, and nothing else happens.
    """
    facts = schedule_facts()
    extras = {conn_id: found.extra for conn_id in facts.sources if (found := find(conn_id))}
    with (
        connect(dsn_of(read("warehouse_transformer"))) as warehouse,
        connect(dsn_of(read("warehouse_loader")), autocommit=True) as vault,
    ):
        at = Situation(
            warehouse,
            vault,
            now,
            facts.reporting_timezone,
            facts.sources,
            read_expiries(extras),
        )
        found_alerts, judged = look_around(at)
        for alert in found_alerts:
            log.warning("[%s] %s (%s)", alert.kind, alert.message, page_url(alert.page_path))
        if is_dry_run:
            return {"open": len(found_alerts)}
        began, ended = store.update_alerts(warehouse, found_alerts, judged, now)
        warehouse.commit()
        waiting = store.unsent_alerts(warehouse)
        new = [alert for _, alert in waiting]
        taken = _send(new, open_channels(find), warehouse)
        if taken:
            store.mark_sent(warehouse, [alert_id for alert_id, _ in waiting], taken, now)
    sent = len(waiting) if taken else 0
    return {"began": began, "ended": ended, "open": len(found_alerts), "sent": sent}


def _send(
    alerts: Sequence[Alert], channels: Mapping[str, Channel], warehouse: psycopg.Connection
) -> list[str]:
    """Send all new alerts as one message; return the connections that took it."""
    if not alerts or not channels:
        return []
    names: dict[str, str] = {}
    if any(alert.kind in CAMPAIGN_KINDS for alert in alerts):
        query = "select campaign_id, campaign_name from core.dim_campaign"
        names = dict(warehouse.execute(query).fetchall())
    return send(write_notice(alerts, names), channels)
