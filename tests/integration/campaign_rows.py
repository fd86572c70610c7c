"""Rows of marts that tests of the campaign page begin with."""

from __future__ import annotations

CHANNEL_AMOUNTS = (
    "attributed_amount",
    "other_channel_amount",
    "direct_amount",
    "unattributed_amount",
    "difference_amount",
)
AS_AGREED: dict[str, object] = {
    "campaign_id": "spring",
    "creator_name": "Ana",
    "platform": "instagram",
    "content_format": "reel",
    "due_date": "2026-03-10",
    "post_id": "1",
    "deliverable_status": "live",
    "disclosure_status": "platform_label",
    "is_disclosed_before_fold": False,
    "is_ambiguous": False,
    "has_hashtag": True,
    "has_mention": True,
    "is_live_without_approval": False,
    "rights_status": "active",
}


def piece(deliverable_id: str, **more: object) -> dict[str, object]:
    """Return a row of `mart_deliverable_status`, as agreed but for what is named."""
    return AS_AGREED | {"deliverable_id": deliverable_id} | more


def covered(reconciled: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows of `mart_tracking_coverage` for the shops and days of the tie-out."""
    days = {(str(row["connection_id"]), str(row["order_date"])) for row in reconciled}
    return [
        {"campaign_id": "spring", "connection_id": shop, "order_date": day}
        for shop, day in sorted(days)
    ]
