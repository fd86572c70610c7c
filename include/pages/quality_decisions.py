"""Alerts and weekly reviews: what needed a person's eye, and what the person decided."""

from __future__ import annotations

import dataclasses

from include.pages.quality_names import name_subjects
from include.pages.quality_slices import Slice, read_slice
from include.pages.reader import Row, Snapshot

ALERT_STATES = ("open", "ended", "all")

_ALERTS = """
select
    alert_id, kind, subject, message, page_path, began_at, last_seen_at, ended_at, sent_at,
    sent_through
from quality.alerts
where
    (%(kind)s::text is null or kind = %(kind)s)
    and case %(state)s::text
        when 'open' then ended_at is null
        when 'ended' then ended_at is not null
        else true
    end
"""

_KINDS = "select distinct kind from quality.alerts order by kind"
_OPEN = "select count(*) as n from quality.alerts where ended_at is null"

_REVIEWS = """
select
    campaign_id, campaign_name, week_start_date, week_end_date, as_of_date, publication_version,
    missing_dates, advice_reason, written_at, attribution_model, rule_version
from quality.campaign_reviews
"""

_FINDINGS = """
select campaign_id, week_start_date, section, kind, subject, message
from quality.review_findings
where week_start_date = any(%(weeks)s)
order by campaign_id, week_start_date, section, position
"""

_DECISIONS = """
select
    campaign_id, week_start_date, proposal_key, proposal, decision, decided_by, decided_at, note,
    plan_change, patch_path, asked_at
from quality.budget_decisions
where week_start_date = any(%(weeks)s)
order by campaign_id, week_start_date, asked_at, proposal_key
"""


def read_alerts(
    snapshot: Snapshot, *, kind: str | None = None, state: str = "open", number: int = 1
) -> Slice:
    """Return one page of alerts, the newest first; state: one of `ALERT_STATES`."""
    bound = {"kind": kind, "state": state}
    found = read_slice(snapshot, _ALERTS, "alert_id desc", bound, number)
    return dataclasses.replace(found, rows=name_subjects(snapshot, found.rows))


def read_alert_kinds(snapshot: Snapshot) -> list[str]:
    """Return the kinds of alerts there were, for the filter."""
    return [row["kind"] for row in snapshot.rows(_KINDS)]


def count_open_alerts(snapshot: Snapshot) -> int:
    """Return how many alerts nobody has ended."""
    row = snapshot.row(_OPEN)
    return int(row["n"]) if row else 0


def read_reviews(snapshot: Snapshot, *, number: int = 1) -> Slice:
    """Return one page of weekly reviews with their lines and decisions, the newest week first."""
    found = read_slice(snapshot, _REVIEWS, "week_start_date desc, campaign_id", {}, number)
    weeks = {"weeks": [row["week_start_date"] for row in found.rows]}
    findings = _by_review(snapshot.rows(_FINDINGS, weeks))
    decisions = _by_review(snapshot.rows(_DECISIONS, weeks))
    rows: list[Row] = [
        {**row, "findings": findings.get(_key(row), []), "decisions": decisions.get(_key(row), [])}
        for row in found.rows
    ]
    return Slice(rows, found.number, found.pages, found.total)


def _by_review(rows: list[Row]) -> dict[tuple[object, object], list[Row]]:
    grouped: dict[tuple[object, object], list[Row]] = {}
    for row in rows:
        grouped.setdefault(_key(row), []).append(row)
    return grouped


def _key(row: Row) -> tuple[object, object]:
    return row["campaign_id"], row["week_start_date"]
