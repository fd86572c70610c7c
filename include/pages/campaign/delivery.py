"""Promised pieces: are they live, in time, as briefed and disclosed?"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from fastapi import Request
from psycopg import sql

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.charts import Part, badge, shares, two_lines, whole_bar
from include.pages.reader import Row, Snapshot
from include.pages.tables import Column, Table, read_choice, read_page

# How sure a status is decides its colour: unverifiable is no fault of the creator's.
_KINDS = {
    "live": "good",
    "late": "warn",
    "removed": "bad",
    "missing": "bad",
    "unverifiable": "unknown",
    "due": "soft",
    "planned": "soft",
}
_DISCLOSURES = {
    "platform_label": "good",
    "caption": "good",
    "absent": "bad",
    "unknown": "unknown",
}
PIECES = Table(
    "pieces",
    (
        Column("creator_name", "Creator"),
        Column("content_format", "Piece", shown="piece"),
        Column("due_date", "Due", "day"),
        Column("deliverable_status", "Status", shown="status"),
        Column("late_day_count", "Days late", "number"),
        Column("disclosure_status", "Disclosure", shown="disclosure"),
        Column("what", "What to look at", is_sortable=False),
    ),
    sort="urgency",
    hidden_sorts=("urgency",),
    is_descending=False,
    key=("due_date", "deliverable_id"),
    page_size=12,
)
# What a person should look at, most urgent first: a condition over the mart's row and what is said
# of it. A piece is as urgent as the first that holds, and all that hold are told.
_REASONS = (
    ("deliverable_status = 'missing'", "'not seen although its due date is over'"),
    ("deliverable_status = 'removed'", "'was live, gone from a later reading'"),
    ("disclosure_status = 'absent'", "'no paid-partnership label, no #ad'"),
    ("rights_status = 'used_after_expiry'", "'paid ads ran after the usage right ended'"),
    ("is_live_without_approval", "'went live before its draft was approved'"),
    ("deliverable_status = 'late'", "'went live after its due date'"),
    # A label stands above the caption, wherever that says it once more.
    (
        "disclosure_status = 'caption' and not is_disclosed_before_fold",
        "'disclosed below the fold'",
    ),
    ("not has_hashtag", "'campaign hashtag missing'"),
    ("not has_mention", "'brand not mentioned'"),
    ("absent_phrases is not null", "'phrase missing: ' || absent_phrases"),
    (
        "is_ambiguous and post_id is null",
        "'a post near that day could be it, but shows no sign of the campaign'",
    ),
    ("is_ambiguous and post_id is not null", "'another post could be the piece as well'"),
    ("rights_status = 'ends_in_14_days'", "'usage right ends within 14 days'"),
)
MARTS = ("marts.mart_deliverable_status",)
CSV_COLUMNS = (
    "campaign_id", "creator_id", "creator_name", "deliverable_id", "platform", "content_format",
    "planned_date", "due_date", "published_date", "permalink", "deliverable_status",
    "late_day_count", "disclosure_status", "what", "unavailable_reason", "is_final", "as_of_date",
)  # fmt: skip
STATEMENT = sql.SQL(
    """
    select
        campaign_id, deliverable_id, creator_id, creator_name, platform, content_format,
        planned_date, due_date, published_date, permalink, deliverable_status, late_day_count,
        disclosure_status, unavailable_reason, is_final, as_of_date,
        least({ranks}) as urgency, nullif(concat_ws('; ', {texts}), '') as what
    from marts.mart_deliverable_status
    where campaign_id = %(campaign_id)s
    """
).format(
    ranks=sql.SQL(", ").join(
        sql.SQL(f"case when {condition} then {rank} end")
        for rank, (condition, _) in enumerate(_REASONS, start=1)
    ),
    texts=sql.SQL(", ").join(
        sql.SQL(f"case when {condition} then {text} end") for condition, text in _REASONS
    ),
)
_TO_LOOK_AT = sql.SQL("select * from ({}) as pieces where urgency is not null").format(STATEMENT)
_COUNTS = """
select deliverable_status, disclosure_status, count(*) as piece_count
from marts.mart_deliverable_status
where campaign_id = %(campaign_id)s
group by deliverable_status, disclosure_status
"""


def read_delivery(
    request: Request, snapshot: Snapshot, selection: Selection
) -> Mapping[str, object]:
    """Return counts by status and disclosure, and the pieces a person should look at."""
    choice = read_choice(request, PIECES)
    if not snapshot.columns("marts.mart_deliverable_status"):
        return {"pieces_table": None, "piece_bars": [], "has_pieces": False}
    counted = snapshot.rows(_COUNTS, selection.parameters)
    statuses = [(row["deliverable_status"], row["piece_count"]) for row in counted]
    disclosed = [
        (row["disclosure_status"], row["piece_count"])
        for row in counted
        if row["disclosure_status"] is not None
    ]
    bars = [
        _bar("Promised pieces by status", statuses, _KINDS),
        _bar("Disclosure of the posts that are live", disclosed, _DISCLOSURES),
    ]
    view = read_page(snapshot, choice, _TO_LOOK_AT, selection.parameters)
    return {
        "pieces_table": dataclasses.replace(view, rows=[_badged(row) for row in view.rows]),
        "piece_bars": [bar for bar in bars if bar],
        "has_pieces": bool(counted),
    }


def _badged(row: Row) -> Row:
    status, disclosure = row["deliverable_status"], row["disclosure_status"]
    piece = formats.piece(row["platform"], row["content_format"])
    return {
        **row,
        # Two words that stay on one line: the id stands below them.
        "piece": two_lines(piece.replace(" ", "\N{NO-BREAK SPACE}"), row["deliverable_id"]),
        "status": badge(formats.words(status), _KINDS.get(status, "")),
        "disclosure": badge(formats.words(disclosure), _DISCLOSURES.get(disclosure, ""))
        if disclosure
        else formats.UNKNOWN,
    }


def _bar(
    title: str, counted: list[tuple[str, int]], kinds: Mapping[str, str]
) -> Mapping[str, object] | None:
    sums = dict.fromkeys(kinds, 0)
    for name, count in counted:
        sums[name] = sums.get(name, 0) + count
    parts = [
        Part(name.replace("_", " "), count, kinds.get(name, "soft"), str(count))
        for name, count in sums.items()
        if count
    ]
    if not parts:
        return None
    label = f"{title}: " + ", ".join(f"{part.amount} {part.name}" for part in parts)
    return {"title": title, "chart": whole_bar(parts, label), "legend": shares(parts)}
