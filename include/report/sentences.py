"""What a report says in words where a table would be wider than what it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from include.report.sheets import Sheet, percent
from include.spoken_names import goal_name

_DISCLOSURES = {
    "platform_label": "by the platform's label",
    "caption": "by the caption",
    "absent": "missing",
    "unknown": "not known",
}


def coverage_sentence(sheet: Sheet) -> str:
    """Say a coverage sheet in words."""
    row = sheet.rows[0]
    if not row["orders"]:
        return "Coverage: no orders."
    shown = {name: "–" if row[name] is None else percent(row[name]) for name in _GAP_RATES}
    return (
        f"Coverage: {row['creator_orders']} of {row['orders']} orders show a creator "
        f"(link only {row['link_only']}, code only {row['code_only']}, both {row['both']}, "
        f"survey only {row['survey_only']}); {row['untracked']} show nothing at all. Of the online "
        f"orders the shop knows no visit of {shown['consent_gap']}, GA4 no purchase of "
        f"{shown['ga4_gap']}."
    )


_GAP_RATES = ("consent_gap", "ga4_gap")


def goals_sentence(sheet: Sheet) -> str:
    """Say how far each goal is and where it will end, a line a goal."""
    if not sheet.rows:
        return "Goals: the plan sets none."
    return "\n".join(f"Goal {_goal(row)}" for row in sheet.rows)


def _goal(row: Mapping[str, Any]) -> str:
    actual, target, low, end, high = (
        _reached(row[name], row["unit"])
        for name in (
            "actual_value",
            "target_value",
            "projected_end_low",
            "projected_end_value",
            "projected_end_high",
        )
    )
    band = (
        f", will end at {end} (90 %: {low} to {high})"
        if row["projected_end_low"] is not None
        else ""
    )
    status = str(row["pacing_status"] or "not measured").replace("_", " ")
    return f"{goal_name(row['metric'])}: {actual} of {target}{band}; {status}"


def _reached(value: Decimal | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value * 100:.1f} %" if unit == "rate" else f"{value:,.0f}"


def pieces_sentence(sheet: Sheet) -> str:
    """Say how many promised pieces are live, late or missing, and how many are disclosed."""
    statuses: Counter[str] = Counter()
    disclosed: Counter[str] = Counter()
    for row in sheet.rows:
        statuses[row["deliverable_status"]] += row["piece_count"]
        if row["disclosure_status"] is not None:
            disclosed[row["disclosure_status"]] += row["piece_count"]
    if not statuses:
        return "Pieces: the plan promises none."
    text = f"Pieces: of {statuses.total()} promised {_counts(statuses)}."
    if not disclosed:
        return text
    shown = {_DISCLOSURES.get(name, name): number for name, number in disclosed.items()}
    return f"{text} Disclosure of what is live: {_counts(shown)}."


def _counts(counted: Mapping[str, int]) -> str:
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in ranked)
