"""Whether visits buy at another rate than before, and since when: a checkout that broke, say.

Each creator's daily purchases per session and the campaign's own are one series each; what is told
is a level that moved and stayed, not a wild day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

import numpy as np
import psycopg

from include.review.findings import Finding
from include.review.reading import Campaign, has_mart, read_rows
from include.review.week import Week
from include.stats.changes import find_changes

# A quarter of weekly looks shares the false alarms that a campaign may have.
REVIEWS = 13
WHOLE = ""  # the campaign's own series
_RATES: LiteralString = """
select
    metric_date, creator_id, max(creator_name) as creator_name,
    sum(session_count)::float8 as session_count,
    sum(session_purchase_count)::float8 as purchase_count
from marts.mart_creator_campaign_daily
where
    campaign_id = %(campaign)s and metric_date <= %(end)s and session_count is not null
group by metric_date, creator_id
order by metric_date, creator_id
"""


def read_visits(
    connection: psycopg.Connection, campaign: Campaign, week: Week
) -> list[dict[str, Any]]:
    """Return sessions and purchases per creator and day that GA4 was read for."""
    if not has_mart(connection, "mart_creator_campaign_daily"):
        return []
    return read_rows(connection, _RATES, {"campaign": campaign.campaign_id, "end": week.end})


def find_level_risks(rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Name whose purchases per session changed for good.

    rows: metric_date, creator_id, creator_name, session_count, purchase_count.
    """
    if not rows:
        return []
    days = sorted({row["metric_date"] for row in rows})
    names = {WHOLE: "all creators"}
    counts: dict[str, np.ndarray] = {WHOLE: np.zeros((2, len(days)))}
    for row in rows:
        creator, day = row["creator_id"], days.index(row["metric_date"])
        names[creator] = row["creator_name"] or creator
        pair = (row["purchase_count"] or 0.0, row["session_count"])
        counts.setdefault(creator, np.zeros((2, len(days))))[:, day] += pair
        counts[WHOLE][:, day] += pair
    subjects = list(counts)
    table = np.full((len(subjects), len(days)), np.nan)
    for series, subject in enumerate(subjects):
        purchases, sessions = counts[subject]
        np.divide(purchases, sessions, out=table[series], where=sessions > 0)
    found = []
    for change in find_changes(table, reviews=REVIEWS):
        subject = subjects[change.series]
        of_days = counts[subject]
        before = _rate(of_days[:, : change.first_day])
        since = _rate(of_days[:, change.first_day :])
        text = (
            f"{names[subject]}: purchases per session changed for good about "
            f"{days[change.first_day]}, {before} before and {since} since; look at link, page and "
            "checkout"
        )
        found.append(Finding("risk", "level_changed", subject, text))
    return found


def _rate(counts: np.ndarray) -> str:
    purchases, sessions = counts.sum(axis=1)
    return f"{purchases / sessions:.1%}".replace("%", " %")
