"""The quality pages: is the data here, whole, known, checked, and what did readers get of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from include.pages import quality_checks as checks
from include.pages import quality_decisions as decisions
from include.pages import quality_freshness as freshness
from include.pages import quality_loads as loads
from include.pages import quality_publications as publications
from include.pages import quality_rejects as rejects
from include.pages.guard import READ_ASSETS, READ_CAMPAIGNS, READ_RUNS
from include.pages.quality_names import CAUSES
from include.pages.quality_requests import (
    Day,
    Name,
    PageNumber,
    RecordId,
    read_plan,
    reader_of,
    show,
)
from include.pages.quality_slices import Slice

router = APIRouter()

HELD_DAYS = dt.timedelta(days=60)
RunId = Annotated[str, Query(pattern=r"^[0-9]{0,18}$")]
EMPTY = Slice([], 1, 1, 0)


@router.get("/quality", dependencies=[READ_ASSETS])
def show_freshness(request: Request) -> Response:
    """Show how fresh every source is, and one number for each of the other pages."""
    plan, now = read_plan(), dt.datetime.now(dt.UTC)
    with reader_of(request).snapshot() as snapshot:
        fresh = freshness.read_freshness(snapshot, plan.sources, plan.zone, now)
        has_alerts = bool(snapshot.columns("quality.alerts"))
        context = {
            "fresh": fresh,
            "mark_names": freshness.MARK_NAMES,
            "current": publications.read_current(snapshot),
            "failed_run": publications.read_last_failure(snapshot),
            "failing": [row for row in checks.read_recurring(snapshot) if row["is_current"]],
            "rejects": rejects.read_counts(snapshot),
            "drift": [row for row in loads.read_drift(snapshot).rows if row["is_present"]],
            "held": publications.read_held_days(snapshot, fresh.expected_day - HELD_DAYS),
            "waiting": publications.read_waiting_days(snapshot, plan.sources),
            "alert_count": decisions.count_open_alerts(snapshot) if has_alerts else None,
        }
    return show(request, "quality.html", context, plan=plan)


@router.get("/quality/loads", dependencies=[READ_RUNS])
def show_loads(
    request: Request,
    source: Name = "",
    stream: Name = "",
    day: Day = "",
    status: Literal["", "loaded", "skipped", "rejects", "drift", "changes"] = "",
    page: PageNumber = 1,
) -> Response:
    """Show what every load read and did."""
    with reader_of(request).snapshot() as snapshot:
        chosen = {"source": source or None, "stream": stream or None, "day": day or None}
        context = {
            "windows": loads.read_windows(snapshot, **chosen, status=status or None, number=page),
            "totals": loads.read_totals(snapshot, **chosen),
            "streams": loads.read_streams(snapshot),
            "statuses": loads.STATUSES,
        }
    filters = {"source": source, "stream": stream, "day": day, "status": status}
    return show(request, "quality_loads.html", context, filters)


@router.get("/quality/loads/{load_id}", dependencies=[READ_RUNS])
def show_load(request: Request, load_id: RecordId) -> Response:
    """Show one load with its landing files."""
    with reader_of(request).snapshot() as snapshot:
        found = loads.read_load(snapshot, load_id)
    if found is None:
        raise HTTPException(404, f"there is no load {load_id}")
    return show(request, "quality_load.html", {"load": found})


@router.get("/quality/rejects", dependencies=[READ_RUNS])
def show_rejects(
    request: Request,
    source: Name = "",
    stream: Name = "",
    state: Literal["", "waiting", "resolved", "all"] = "",
    page: PageNumber = 1,
) -> Response:
    """Show what did not fit, why, and how to load it after the fix."""
    wanted = state or "waiting"
    with reader_of(request).snapshot() as snapshot:
        chosen = {"source": source or None, "stream": stream or None}
        context = {
            "rejects": rejects.read_rejects(snapshot, **chosen, state=wanted, number=page),
            "reasons": rejects.read_reasons(snapshot, **chosen, state=wanted),
            "counts": rejects.read_counts(snapshot),
            "streams": loads.read_streams(snapshot),
            "states": rejects.STATES,
        }
    filters = {"source": source, "stream": stream, "state": wanted}
    return show(request, "quality_rejects.html", context, filters)


@router.get("/quality/rejects/{reject_id}", dependencies=[READ_RUNS])
def show_reject(request: Request, reject_id: RecordId) -> Response:
    """Show one reject and the shape of what it held."""
    with reader_of(request).snapshot() as snapshot:
        found = rejects.read_reject(snapshot, reject_id)
    if found is None:
        raise HTTPException(404, f"there is no reject {reject_id}")
    return show(request, "quality_reject.html", {"reject": found})


@router.get("/quality/drift", dependencies=[READ_RUNS])
def show_drift(request: Request, source: Name = "", page: PageNumber = 1) -> Response:
    """Show fields that the APIs send and no connector names."""
    with reader_of(request).snapshot() as snapshot:
        context = {
            "fields": loads.read_drift(snapshot, source=source or None, number=page),
            "streams": loads.read_streams(snapshot),
        }
    return show(request, "quality_drift.html", context, {"source": source})


@router.get("/quality/checks", dependencies=[READ_RUNS])
def show_checks(
    request: Request,
    suite: Name = "",
    severity: Literal["", "critical", "warning", "info"] = "",
    day: Day = "",
    outcome: Literal["", "failed", "passed", "all"] = "",
    page: PageNumber = 1,
) -> Response:
    """Show the expectations over time."""
    wanted, plan = outcome or "failed", read_plan()
    newest = freshness.expected_day(dt.datetime.now(dt.UTC), plan.zone)
    with reader_of(request).snapshot() as snapshot:
        days, strips = checks.read_strips(snapshot, newest)
        context = {
            "days": days,
            "strips": strips,
            "recurring": checks.read_recurring(snapshot),
            "results": checks.read_results(
                snapshot,
                suite=suite or None,
                severity=severity or None,
                day=day or None,
                outcome=wanted,
                number=page,
            ),
            "suites": checks.read_suites(snapshot),
            "severities": checks.SEVERITIES,
            "outcomes": checks.OUTCOMES,
        }
    filters = {"suite": suite, "severity": severity, "day": day, "outcome": wanted}
    return show(request, "quality_checks.html", context, filters, plan)


@router.get("/quality/checks/{result_id}", dependencies=[READ_RUNS])
def show_check(request: Request, result_id: RecordId) -> Response:
    """Show one result, its history and the query for the rows that break the expectation."""
    with reader_of(request).snapshot() as snapshot:
        found = checks.read_result(snapshot, result_id)
    if found is None:
        raise HTTPException(404, f"there is no result {result_id}")
    result, history = found
    role = checks.query_role(result["suite"])
    return show(request, "quality_check.html", {"result": result, "history": history, "role": role})


@router.get("/quality/publications", dependencies=[READ_RUNS])
def show_publications(
    request: Request, status: Literal["", "published", "held"] = "", page: PageNumber = 1
) -> Response:
    """Show what readers see, every build of the marts, and what was held back."""
    plan = read_plan()
    since = freshness.expected_day(dt.datetime.now(dt.UTC), plan.zone) - HELD_DAYS
    with reader_of(request).snapshot() as snapshot:
        context = {
            "current": publications.read_current(snapshot),
            "runs": publications.read_runs(snapshot, status=status or None, number=page),
            "held": publications.read_held_days(snapshot, since),
            "waiting": publications.read_waiting_days(snapshot, plan.sources),
        }
    return show(request, "quality_publications.html", context, {"status": status}, plan)


@router.get("/quality/restatements", dependencies=[READ_CAMPAIGNS])
def show_restatements(
    request: Request,
    model: Name = "",
    cause: Name = "",
    run: RunId = "",
    shown: Literal["", "restated", "all"] = "",
    page: PageNumber = 1,
) -> Response:
    """Show what later data changed in figures that were published."""
    with reader_of(request).snapshot() as snapshot:
        models = publications.read_models(snapshot)
        name = model or (models[0] if models else "")
        only = shown != "all"
        run_id = int(run) if run else None
        context = {
            "models": models,
            "causes": publications.read_causes(snapshot),
            "meanings": CAUSES,
            "sums": publications.read_restated_sums(snapshot, name, restated_only=only)
            if models
            else EMPTY,
            "rows": publications.read_restated_rows(
                snapshot, name, restated_only=only, cause=cause or None, run=run_id, number=page
            )
            if models
            else EMPTY,
        }
    filters = {"model": name, "cause": cause, "run": run, "shown": shown or "restated"}
    return show(request, "quality_restatements.html", context, filters)


@router.get("/quality/alerts", dependencies=[READ_CAMPAIGNS])
def show_alerts(
    request: Request,
    kind: Name = "",
    state: Literal["", "open", "ended", "all"] = "",
    page: PageNumber = 1,
) -> Response:
    """Show what needs or needed a person's eye."""
    wanted = state or "open"
    with reader_of(request).snapshot() as snapshot:
        is_there = bool(snapshot.columns("quality.alerts"))
        context = {
            "alerts": decisions.read_alerts(snapshot, kind=kind or None, state=wanted, number=page)
            if is_there
            else EMPTY,
            "kinds": decisions.read_alert_kinds(snapshot) if is_there else [],
            "states": decisions.ALERT_STATES,
        }
    return show(request, "quality_alerts.html", context, {"kind": kind, "state": wanted})


@router.get("/quality/reviews", dependencies=[READ_CAMPAIGNS])
def show_reviews(request: Request, page: PageNumber = 1) -> Response:
    """Show the weekly reviews and what people decided about the budget."""
    with reader_of(request).snapshot() as snapshot:
        is_there = bool(snapshot.columns("quality.campaign_reviews"))
        found = decisions.read_reviews(snapshot, number=page) if is_there else EMPTY
    return show(request, "quality_reviews.html", {"reviews": found})
