"""Signs of an audience that was bought or does not listen, where they are measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from fastapi import Request
from psycopg import sql

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.charts import beside, share_bar, two_lines
from include.pages.reader import Row, Snapshot
from include.pages.tables import Column, Table, read_choice, read_page

ACCOUNTS = Table(
    "accounts",
    (
        Column("creator_name", "Account", shown="who"),
        Column("audience_score", "Suspicion", shown="drawn", hint="0-1 over the known parts"),
        Column("spike_score", "Jumps", "number", 2, hint="Jumps of followers"),
        Column("engagement_score", "Quiet", "number", 2, hint="Low engagement for its size"),
        Column("generic_score", "Generic", "number", 2, hint="Comments that fit any post"),
        Column("duplicate_score", "Repeated", "number", 2, hint="The same comment again"),
        Column("known_part_count", "Known", "number", hint="Parts known, of four"),
        Column("why", "What speaks against it, or cannot be seen", is_sortable=False),
    ),
    sort="audience_score",
    key=("creator_name", "platform", "handle"),
    page_size=10,
)
MARTS = ("marts.mart_audience_quality",)
STATEMENT = sql.SQL(
    """
    select
        campaign_id, creator_id, is_final, as_of_date,
        creator_name, platform, handle, followers_count, audience_score, is_alert, spike_score,
        engagement_score, generic_score, duplicate_score,
        (spike_score is not null)::int + (engagement_score is not null)::int
        + (generic_score is not null)::int + (duplicate_score is not null)::int
            as known_part_count,
        coalesce(
            reasons,
            spike_unavailable_reason,
            engagement_unavailable_reason,
            comment_unavailable_reason
        ) as why
    from marts.mart_audience_quality
    where campaign_id = %(campaign_id)s
    """
)
CSV_COLUMNS = (
    "campaign_id", "creator_id", "creator_name", "platform", "handle", "followers_count",
    "audience_score", "is_alert", "spike_score", "engagement_score", "generic_score",
    "duplicate_score", "known_part_count", "why", "is_final", "as_of_date",
)  # fmt: skip


def read_audience(
    request: Request, snapshot: Snapshot, selection: Selection
) -> Mapping[str, object]:
    """Return the accounts' audience quality, the most suspicious first; None while unmeasured."""
    choice = read_choice(request, ACCOUNTS)
    if not snapshot.columns("marts.mart_audience_quality"):
        return {"audience": None}
    view = read_page(snapshot, choice, STATEMENT, selection.parameters)
    return {"audience": dataclasses.replace(view, rows=[_drawn(row) for row in view.rows])}


def _drawn(row: Row) -> Row:
    score = row["audience_score"]
    label = "cannot be judged" if score is None else f"score {formats.number(score, 2)} of 1"
    account = formats.platform(row["platform"]) + (f" · @{row['handle']}" if row["handle"] else "")
    bar = share_bar(score, label, "warn" if row["is_alert"] else "fill", width=90)
    return {
        **row,
        "who": two_lines(row["creator_name"], account),
        "drawn": beside(bar, formats.number(score, 2)),
    }
