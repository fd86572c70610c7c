"""A review as plain text, for the task's log, e-mail and Slack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HEADINGS = {"change": "What changed", "winner": "Winners", "risk": "Risks"}


def review_text(review: Mapping[str, Any] | None) -> str:
    """Return the review `store.read_review` gave, section by section."""
    if review is None:
        return "no review"
    week = f"{review['week_start_date']} to {review['week_end_date']}"
    lines = [
        f"{review['campaign_name']}: week {week}",
        (
            f"by {review['attribution_model']} under {review['rule_version']}, "
            f"as of {review['as_of_date']}"
        ),
    ]
    if review["missing_dates"]:
        lines.append(f"not whole: {', '.join(map(str, review['missing_dates']))}")
    for section, heading in HEADINGS.items():
        found = [f["message"] for f in review["findings"] if f["section"] == section]
        lines += ["", heading, *(f"- {message}" for message in found or ["nothing"])]
    lines += ["", "Budget", f"- {review['advice_reason']}"]
    for decision in review["decisions"]:
        who = decision["decided_by"] or "nobody"
        when = f", {decision['decided_at']:%Y-%m-%d %H:%M} UTC" if decision["decided_at"] else ""
        note = f": {decision['note']}" if decision["note"] else ""
        lines.append(f"- {decision['decision'].replace('_', ' ')} by {who}{when}{note}")
    return "\n".join(lines)
