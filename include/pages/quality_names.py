"""The names of campaigns and creators beside the ids that quality rows are kept under."""

from __future__ import annotations

from collections.abc import Sequence

from include.pages.reader import Row, Snapshot

PROFILE = "marts.mart_campaign_profile"
SCORECARD = "marts.mart_creator_scorecard"
# Subjects of these kinds are `campaign/what`.
CAMPAIGN_KINDS = ("pacing", "code_leaked", "disclosure_missing")

_CAMPAIGNS = "select campaign_id, campaign_name from marts.mart_campaign_profile"
_CREATORS = """
select campaign_id, creator_id, creator_name
from marts.mart_creator_scorecard
where creator_id = any(%(creators)s)
"""
# What later data can do to a published figure, in a reader's words.
CAUSES = {
    "new_day": "the day counts for the first time",
    "late_order": "an order of the day arrived later",
    "deleted_order": "the shop deleted an order",
    "cancellation": "an order was cancelled",
    "refund": "money went back to a customer",
    "order_class": "an order became a sale, a gift or a test",
    "order_edit": "the shop changed an order",
    "late_touch": "a visit or code of an order was seen later, or withdrawn",
    "identity_merge": "two visitors turned out to be one person",
    "erasure": "a person's data was erased",
    "plan_change": "the campaign file changed",
    "rule_change": "the rules of attribution changed",
    "open_week": "the week's chain followed its paths",
    "model_refit": "the model was fitted again",
    "recomputed": "same data, another version of the models",
}


def name_campaigns(snapshot: Snapshot) -> dict[str, str]:
    """Return the names of the published campaigns by id, none before the first publication."""
    if not snapshot.columns(PROFILE):
        return {}
    return {row["campaign_id"]: row["campaign_name"] for row in snapshot.rows(_CAMPAIGNS)}


def name_rows(snapshot: Snapshot, rows: Sequence[Row]) -> list[Row]:
    """Return rows of a campaign's creators with `campaign_name` and `creator_name`, else None."""
    campaigns = name_campaigns(snapshot)
    creators: dict[tuple[str, str], str] = {}
    if rows and snapshot.columns(SCORECARD):
        wanted = {"creators": sorted({row["creator_id"] for row in rows})}
        creators = {
            (row["campaign_id"], row["creator_id"]): row["creator_name"]
            for row in snapshot.rows(_CREATORS, wanted)
        }
    return [
        {
            **row,
            "campaign_name": campaigns.get(row["campaign_id"]),
            "creator_name": creators.get((row["campaign_id"], row["creator_id"])),
        }
        for row in rows
    ]


def name_subjects(snapshot: Snapshot, alerts: Sequence[Row]) -> list[Row]:
    """Return alerts with `about`, a campaign's name or the subject, and `detail`, what of it."""
    campaigns = name_campaigns(snapshot)
    found: list[Row] = []
    for row in alerts:
        about, _, detail = row["subject"].partition("/")
        if row["kind"] in CAMPAIGN_KINDS:
            about = campaigns.get(about) or about
        found.append({**row, "about": about, "detail": detail})
    return found
