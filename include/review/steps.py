"""What the tasks of `review_campaigns` call, one function each."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from include.connections import read_connection
from include.notices import FindConnection, Notice, open_channels, send
from include.page_paths import campaign_page, page_url
from include.review import reading, store
from include.review.advice import read_advice
from include.review.findings import (
    find_audience_risks,
    find_changes,
    find_pacing_risks,
    find_risks,
    find_winners,
)
from include.review.plan_change import plan_change
from include.review.proposal import (
    DECISIONS,
    NO_ADVICE,
    NO_DECISION,
    AdviceLine,
    Proposal,
    build_proposal,
    describe_proposal,
)
from include.review.reading import Campaign
from include.review.text import review_text
from include.review.week import Week, week_of
from include.review.week import check_week as check_days
from include.settings import read_settings
from include.warehouse.connection import connect, dsn_of

if TYPE_CHECKING:
    from include.daily import ReadConnection

ALL_CAMPAIGNS = "all"
# A person's words, as stored: longer ones belong into the campaign file.
NOTE_LENGTH = 500

log = logging.getLogger(__name__)


def check_week(day: dt.date, *, read: ReadConnection = read_connection) -> list[str]:
    """Return the missing days of the week a day lies in; raise `WeekIncomplete` for too many."""
    from include.daily import enabled_sources, schedule_facts

    enabled = enabled_sources(schedule_facts().sources)
    with connect(dsn_of(read("warehouse_transformer"))) as connection:
        return [str(missing) for missing in check_days(connection, week_of(day), enabled)]


def write_reviews(
    day: dt.date,
    missing: Sequence[str],
    *,
    run_id: str,
    campaign_id: str = ALL_CAMPAIGNS,
    is_dry_run: bool = False,
    read: ReadConnection = read_connection,
) -> list[dict[str, Any]]:
    """Write the week's review of one or all campaigns; return the questions for a person.

    A question has `subject` and `body` (Markdown) for the form and `proposal`. With `is_dry_run`
    the log shows the reviews, nothing is kept and nobody is asked.
    """
    week, questions = week_of(day), []
    missing_dates = [dt.date.fromisoformat(text) for text in missing]
    with connect(dsn_of(read("warehouse_transformer"))) as connection:
        campaigns = [
            campaign
            for campaign in reading.read_campaigns(connection, week)
            if campaign_id in (ALL_CAMPAIGNS, campaign.campaign_id)
        ]
        if not campaigns:
            log.info("no campaign %s has days in the week of %s", campaign_id, week.start)
        for campaign in campaigns:
            proposal = _write_review(connection, campaign, week, missing_dates, run_id)
            log.info("%s", review_text(store.read_review(connection, campaign.campaign_id, week)))
            if proposal and store.open_decision(connection, proposal, week, run_id):
                questions.append(_question(proposal, campaign, week))
        if is_dry_run:
            connection.rollback()
            return []
    return questions


def send_reviews(
    day: dt.date, *, find: FindConnection, read: ReadConnection = read_connection
) -> list[str]:
    """Send the week's reviews by every connection that exists; return the ids of those."""
    channels = open_channels(find)
    if not channels:
        return []
    week, taken = week_of(day), set()
    with connect(dsn_of(read("warehouse_transformer"))) as connection:
        for campaign in reading.read_campaigns(connection, week):
            review = store.read_review(connection, campaign.campaign_id, week)
            if review is not None:
                text = f"{review_text(review)}\n\n{page_url(campaign_page(campaign.campaign_id))}"
                notice = Notice(f"{campaign.name}: review of the week of {week.start}", text)
                taken.update(send(notice, channels))
    return sorted(taken)


def record_answer(
    day: dt.date,
    document: Mapping[str, Any],
    answer: Mapping[str, Any],
    *,
    read: ReadConnection = read_connection,
) -> str:
    """Keep a person's answer; on approval write the patch and say what to change. Return it.

    answer: what the form gives back (chosen_options, params_input, responded_at,
    responded_by_user). No campaign file is touched.
    """
    week, proposal = week_of(day), Proposal.from_json(dict(document))
    decision = DECISIONS[(answer.get("chosen_options") or [NO_DECISION])[0]]
    user = answer.get("responded_by_user") or {}
    note = str((answer.get("params_input") or {}).get("note") or "")[:NOTE_LENGTH]
    with connect(dsn_of(read("warehouse_transformer"))) as connection:
        before = store.answered_by(connection, proposal, week)
        if before is not None:
            log.warning("%s was %s by %s before; that stays", proposal.campaign_id, *before)
            return before[0]
        is_approved = decision == "approved"
        change, patch = _write_patch(proposal, week) if is_approved else (None, None)
        store.record_decision(
            connection,
            proposal,
            week,
            decision=decision,
            decided_by=user.get("name") or user.get("id"),
            decided_at=_instant(answer.get("responded_at")),
            note=note or None,
            plan_change=change,
            patch_path=str(patch) if patch else None,
        )
    _say_decision(proposal, decision, user.get("name"), change, patch)
    return decision


def _say_decision(
    proposal: Proposal, decision: str, name: str | None, change: str | None, patch: Path | None
) -> None:
    log.info("%s: %s by %s", proposal.campaign_id, decision, name or "nobody")
    if change:
        log.info("change to make in the campaign file:\n%s", change)
    if patch:
        log.info("the same as a patch: patch -p1 -d <campaigns folder> < %s", patch)


def _write_review(
    connection: psycopg.Connection,
    campaign: Campaign,
    week: Week,
    missing: Sequence[dt.date],
    run_id: str,
) -> Proposal | None:
    # numpy and scipy stay out of the tasks that only wait for an answer.
    from include.review.level_changes import find_level_risks, read_visits

    now, before = reading.read_creator_weeks(connection, campaign, week)
    lines = read_advice(connection, campaign)
    proposal, reason = _judge_advice(campaign, lines)
    chances = {line.creator_id: line.p_best for line in lines or [] if line.creator_id}
    restated = reading.read_restated(connection, campaign, week)
    names = {creator: row["creator_name"] for creator, row in (before | now).items()}
    audiences = reading.read_audiences(connection, campaign.campaign_id)
    findings = [
        *find_changes(now, before, restated, campaign.currency_code),
        *find_winners(reading.read_best(connection, campaign, week), chances, names),
        *find_risks(
            reading.read_pieces(connection, campaign, week),
            reading.name_creators(reading.read_codes(connection, campaign, week), names),
            now,
            [
                *find_audience_risks(reading.name_creators(audiences, names)),
                *find_pacing_risks(reading.read_pacing(connection, campaign.campaign_id)),
                *find_level_risks(read_visits(connection, campaign, week)),
            ],
        ),
    ]
    store.write_review(
        connection, campaign, week, missing, findings, advice_reason=reason, run_id=run_id
    )
    return proposal


def _judge_advice(
    campaign: Campaign, lines: Sequence[AdviceLine] | None
) -> tuple[Proposal | None, str]:
    if lines is None:
        return None, NO_ADVICE
    return build_proposal(campaign.campaign_id, campaign.currency_code, lines)


def _question(proposal: Proposal, campaign: Campaign, week: Week) -> dict[str, Any]:
    change = plan_change(read_settings().campaigns_dir, proposal, str(week.start))
    return {
        "subject": f"Move money in {campaign.name}? (week of {week.start})",
        "body": describe_proposal(proposal, campaign.name, change.diff or change.instructions),
        "proposal": proposal.to_json(),
    }


def _write_patch(proposal: Proposal, week: Week) -> tuple[str, Path | None]:
    """Write the patch for the file as it is now; return what to do, and where the patch lies."""
    settings = read_settings()
    change = plan_change(settings.campaigns_dir, proposal, str(week.start))
    if not change.diff:
        return change.instructions, None
    folder = settings.data_dir / "reviews" / proposal.campaign_id
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{week.start}_{proposal.key}.patch"
    path.write_text(change.diff, encoding="utf-8")
    return change.instructions, path


def _instant(value: object) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    return dt.datetime.fromisoformat(str(value)) if value else dt.datetime.now(dt.UTC)
