"""Keep reviews and decisions: a review is replaced by its rerun, a person's decision never is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from include.review.findings import Finding
from include.review.proposal import WAITING_TIME, Proposal
from include.review.reading import Campaign
from include.review.week import Week


def write_review(
    connection: psycopg.Connection,
    campaign: Campaign,
    week: Week,
    missing: Sequence[dt.date],
    findings: Sequence[Finding],
    *,
    advice_reason: str,
    run_id: str,
) -> None:
    """Write a campaign's week in place of an earlier version of it."""
    key = [campaign.campaign_id, week.start]
    connection.execute(
        "delete from quality.campaign_reviews where campaign_id = %s and week_start_date = %s", key
    )
    connection.execute(
        """
        insert into quality.campaign_reviews (
            campaign_id, week_start_date, week_end_date, campaign_name, currency_code,
            attribution_model, rule_version, as_of_date, publication_version, missing_dates,
            advice_reason, run_id
        )
        select
            %s, %s, %s, %s, %s, %s, %s, %s,
            (select version from quality.publications where is_current), %s, %s, %s
        """,
        [
            *key,
            week.end,
            campaign.name,
            campaign.currency_code,
            campaign.attribution_model,
            campaign.rule_version,
            campaign.as_of_date,
            list(missing),
            advice_reason,
            run_id,
        ],
    )
    _write_findings(connection, campaign.campaign_id, week, findings)


def _write_findings(
    connection: psycopg.Connection, campaign_id: str, week: Week, findings: Sequence[Finding]
) -> None:
    places: dict[str, int] = {}
    rows = []
    for found in findings:
        places[found.section] = places.get(found.section, 0) + 1
        rows.append(
            (
                campaign_id,
                week.start,
                found.section,
                places[found.section],
                found.kind,
                found.subject,
                found.message,
                found.value,
            )
        )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into quality.review_findings values (%s, %s, %s, %s, %s, %s, %s, %s)", rows
        )


def open_decision(
    connection: psycopg.Connection, proposal: Proposal, week: Week, run_id: str
) -> bool:
    """Note that a person is asked about a proposal; False when nobody is to be asked.

    That is when it has been answered, or when another run asked and still waits. What nobody
    answered in time (`no_decision`) is asked again by a rerun.
    """
    row = connection.execute(
        """
        insert into quality.budget_decisions (
            campaign_id, week_start_date, proposal_key, proposal, run_id
        ) values (%s, %s, %s, %s, %s)
        on conflict (campaign_id, week_start_date, proposal_key) do update set
            proposal = excluded.proposal, run_id = excluded.run_id, decision = 'open',
            decided_by = null, decided_at = null, asked_at = clock_timestamp()
        where
            quality.budget_decisions.decision = 'no_decision'
            or (
                quality.budget_decisions.decision = 'open'
                and (
                    quality.budget_decisions.run_id = excluded.run_id
                    or quality.budget_decisions.asked_at < clock_timestamp() - %s
                )
            )
        returning decision
        """,
        [
            proposal.campaign_id,
            week.start,
            proposal.key,
            Jsonb(proposal.to_json()),
            run_id,
            WAITING_TIME,
        ],
    ).fetchone()
    return row is not None


def answered_by(
    connection: psycopg.Connection, proposal: Proposal, week: Week
) -> tuple[str, str | None] | None:
    """Return a person's decision on a proposal and who made it, None while there is none."""
    row = connection.execute(
        """
        select decision, decided_by from quality.budget_decisions
        where
            campaign_id = %s and week_start_date = %s and proposal_key = %s
            and decision in ('approved', 'declined')
        """,
        [proposal.campaign_id, week.start, proposal.key],
    ).fetchone()
    return None if row is None else (str(row[0]), row[1])


def record_decision(
    connection: psycopg.Connection,
    proposal: Proposal,
    week: Week,
    *,
    decision: str,
    decided_by: str | None,
    decided_at: dt.datetime,
    note: str | None,
    plan_change: str | None,
    patch_path: str | None,
) -> None:
    """Keep what became of a proposal: the decision, who made it and when; the first one stays."""
    connection.execute(
        """
        update quality.budget_decisions set
            decision = %s, decided_by = %s, decided_at = %s, note = %s, plan_change = %s,
            patch_path = %s
        where
            campaign_id = %s and week_start_date = %s and proposal_key = %s
            and decision in ('open', 'no_decision')
        """,
        [
            decision,
            decided_by,
            decided_at,
            note,
            plan_change,
            patch_path,
            proposal.campaign_id,
            week.start,
            proposal.key,
        ],
    )


def read_review(
    connection: psycopg.Connection, campaign_id: str, week: Week
) -> dict[str, Any] | None:
    """Return a review with its findings and decisions, None when the week has none."""
    with connection.cursor(row_factory=dict_row) as cursor:
        key = [campaign_id, week.start]
        where = "where campaign_id = %s and week_start_date = %s"
        review = cursor.execute(
            f"select * from quality.campaign_reviews {where}".encode(), key
        ).fetchone()
        if review is None:
            return None
        findings = cursor.execute(
            f"select * from quality.review_findings {where} order by section, position".encode(),
            key,
        ).fetchall()
        decisions = cursor.execute(
            f"select * from quality.budget_decisions {where} order by asked_at".encode(), key
        ).fetchall()
    return {**review, "findings": findings, "decisions": decisions}
