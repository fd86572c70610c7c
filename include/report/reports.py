"""The reports: which sheets each consists of, and the sentences between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from include.report import queries
from include.report.scope import Scope, Wanted, choose_scope
from include.report.sentences import coverage_sentence, goals_sentence, pieces_sentence
from include.report.sheets import (
    Column,
    Sheet,
    amount,
    count,
    ratio,
    shares,
    yes_no,
)
from include.report.warehouse import Marts

RECONCILIATION_COLUMNS = (
    Column("connection_id", "shop"),
    Column("attribution_model", "model", is_whole=True),
    Column("shop_amount", "shop net sales", amount),
    Column("creator_amount", "= creators", amount),
    Column("other_amount", "+ other channels", amount),
    Column("direct_amount", "+ direct", amount),
    Column("unattributed_amount", "+ unattributed", amount),
    Column("difference_amount", "difference, days added up", amount),
)
GAP_COLUMNS = (
    Column("shop_amount", "shop net sales", amount),
    Column("ga4_amount", "= GA4 purchases", amount),
    Column("refund_amount", "+ refunds and cancellations", amount),
    Column("sales_channel_amount", "+ till, drafts, API", amount),
    Column("consent_amount", "+ no visit known", amount),
    Column("event_amount", "+ visits known, no purchase", amount),
    Column("other_amount", "+ other causes", amount),
    Column("unexplained_amount", "+ unexplained", amount),
)
SCORECARD_COLUMNS = (
    Column("creator_name", "creator"),
    Column("cost_amount", "cost", amount),
    Column("credited_order_count", "credited orders", shares),
    Column("net_revenue_amount", "net revenue", amount),
    Column("roas", "ROAS", ratio),
    Column("roas_low", "from", ratio),
    Column("roas_high", "to", ratio),
)
CONTENT_COLUMNS = (
    Column("platform", "platform"),
    Column("access_path", "access path"),
    Column("metric_definition_version", "definition of a view"),
    Column("post_count", "posts", count),
    Column("views_count", "views", count),
    Column("engagement_rate", "likes + comments ÷ views", lambda rate: f"{rate:.1%}"),
    Column("link_click_count", "link clicks", count),
)
TOTAL_COLUMNS = (
    Column("creator_count", "creators", count),
    Column("selling_creator_count", "with orders", count),
    Column("committed_cost_amount", "cost as signed", amount),
    Column("cost_amount", "cost delivered", amount),
    Column("credited_order_count", "credited orders", shares),
    Column("net_revenue_amount", "net revenue", amount),
    Column("roas", "ROAS", ratio),
    Column("cpa", "cost per order", amount),
)
MODEL_COLUMNS = (
    Column("attribution_model", "model", is_whole=True),
    Column("is_default_model", "the campaign's", yes_no),
    Column("credited_order_count", "credited orders", shares),
    Column("net_revenue_amount", "net revenue", amount),
    Column("selling_creator_count", "creators with revenue", count),
    Column("top_creator_name", "ranked first"),
)
CREATOR_DAY_COLUMNS = (
    Column("creator_name", "creator"),
    Column("published_post_count", "posts", count),
    Column("session_count", "sessions", count),
    Column("credited_order_count", "credited orders", shares),
    Column("net_revenue_by_order_date_amount", "net revenue", amount),
    Column("delivered_cost_amount", "cost delivered", amount),
    Column("plan_events", "planned events"),
)
SOURCE_COLUMNS = (
    Column("source", "source"),
    Column("has_arrived", "arrived", yes_no),
    Column("window_count", "windows", count),
    Column("failed_window_count", "failed", count),
    Column("skipped_window_count", "skipped", count),
    Column("read_row_count", "rows read", count),
    Column("rejected_row_count", "rejected", count),
    Column("failed_critical_count", "failed checks", count),
    Column("failed_warning_count", "warnings", count),
)


@dataclass(frozen=True, slots=True)
class Report:
    """What one command prints: its scope, sheets in order, and a sentence after some of them."""

    name: str
    scope: Scope
    sheets: tuple[Sheet, ...]
    remarks: Mapping[str, str]  # by the name of the sheet they follow


def build_scorecard(marts: Marts, wanted: Wanted) -> Report:
    """Return every creator's cost, orders, revenue and ROAS with its interval."""
    scope = choose_scope(marts, wanted)
    return Report("scorecard", scope, (scorecard_sheet(marts, scope),), {})


def build_campaign(marts: Marts, wanted: Wanted) -> Report:
    """Return a campaign's totals, goals, pieces, tie-out with shop and GA4, coverage and models."""
    scope = choose_scope(marts, wanted)
    coverage = coverage_sheet(marts, scope)
    goals = _sheet(marts, scope, "goals", "", (), queries.GOALS)
    pieces = _sheet(marts, scope, "pieces", "", (), queries.PIECES)
    sheets = (
        _sheet(marts, scope, "totals", _title(scope), TOTAL_COLUMNS, queries.TOTALS),
        goals,
        pieces,
        reconciliation_sheet(marts, scope, wanted.model),
        gaps_sheet(marts, scope),
        coverage,
        content_sheet(marts, scope),
        _sheet(marts, scope, "models", "what each model says", MODEL_COLUMNS, queries.BY_MODEL),
    )
    remarks = {
        "goals": goals_sentence(goals),
        "pieces": pieces_sentence(pieces),
        "coverage": coverage_sentence(coverage),
    }
    return Report("campaign", scope, sheets, remarks)


def build_day(marts: Marts, wanted: Wanted) -> Report:
    """Return one business day: tie-out, coverage, who brought something, how the sources came in.

    Creators' days are published under the campaign's own model only.
    """
    scope = choose_scope(marts, wanted, with_day=True)
    coverage = coverage_sheet(marts, scope)
    sheets = (
        reconciliation_sheet(marts, scope, wanted.model),
        gaps_sheet(marts, scope),
        coverage,
        _sheet(
            marts,
            scope,
            "creators",
            f"creators on {scope.day}, under the campaign's own model",
            CREATOR_DAY_COLUMNS,
            queries.CREATOR_DAY,
        ),
        _sheet(marts, scope, "sources", f"sources of {scope.day}", SOURCE_COLUMNS, queries.SOURCES),
    )
    return Report("day", scope, sheets, {"coverage": coverage_sentence(coverage)})


BUILDERS: Mapping[str, Callable[[Marts, Wanted], Report]] = {
    "scorecard": build_scorecard,
    "campaign": build_campaign,
    "day": build_day,
}


def scorecard_sheet(marts: Marts, scope: Scope, *, ends: int | None = None) -> Sheet:
    """Return the creators by ROAS; `ends` shows only so many at the top and at the bottom."""
    rows = marts.read(queries.SCORECARD, scope.values())
    which = f"top and bottom {ends} of {len(rows)} creators" if ends else f"{len(rows)} creators"
    below = (
        "(from, to: 90 % interval of what to expect)"
        if any(row["roas_low"] is not None for row in rows)
        else f"(under {scope.model}, rules {scope.rule_version}; intervals exist under the "
        "campaign's own rules only)"
    )
    title = f"{which}, by ROAS as credited\n{below}"
    return Sheet("creators", title, SCORECARD_COLUMNS, rows, ends=ends)


def reconciliation_sheet(marts: Marts, scope: Scope, model: str | None = None) -> Sheet:
    """Return how creators, other channels, direct and the rest add up to the shop's own report.

    model: only this one; None for all of them beside one another.
    """
    rows = marts.read(queries.RECONCILIATION, scope.values() | {"model": model})
    days = rows[0]["day_count"] if rows else 0
    when = f"of {scope.day}" if scope.day else f"of {_days(days)}"
    title = f"net sales {when}: the shop's own report, and credit"
    return Sheet("reconciliation", title, RECONCILIATION_COLUMNS, rows)


def gaps_sheet(marts: Marts, scope: Scope) -> Sheet:
    """Return why GA4's purchases are not the shop's sales, a line a figure, a column a shop."""
    return Sheet(
        "ga4_gaps",
        "why GA4 shows another figure, order by order",
        GAP_COLUMNS,
        marts.read(queries.GAPS, scope.values()),
        heads=lambda row: f"{row['connection_id']}, {_days(row['day_count'])}",
    )


def coverage_sheet(marts: Marts, scope: Scope) -> Sheet:
    """Return how much of the orders can be seen; read as a sentence, not as a table."""
    return Sheet("coverage", "", (), marts.read(queries.COVERAGE, scope.values()))


def content_sheet(marts: Marts, scope: Scope) -> Sheet:
    """Return what is known of the posts, one line per way of knowing: they are never added up."""
    return _sheet(
        marts,
        scope,
        "content",
        "campaign posts by platform and by how their numbers are obtained",
        CONTENT_COLUMNS,
        queries.CONTENT,
    )


def _sheet(
    marts: Marts, scope: Scope, name: str, title: str, columns: tuple[Column, ...], query: str
) -> Sheet:
    return Sheet(name, title, columns, marts.read(query, scope.values()))


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def _title(scope: Scope) -> str:
    return f"{scope.campaign_name}, in {scope.currency_code}"


def scope_line(scope: Scope) -> str:
    """Say in one line what a report is about."""
    state = "final" if scope.is_final else "may still be restated"
    day = f", day {scope.day}" if scope.day else ""
    return (
        f"{scope.campaign_name} ({scope.campaign_id}){day}: model {scope.model}, "
        f"rules {scope.rule_version}, {scope.currency_code}, as of {scope.as_of_date} ({state})"
    )


def to_document(report: Report) -> dict[str, Any]:
    """Return a report as the object `--json` prints; docs/command-line.md lists its keys."""
    scope = report.scope
    return {
        "report": report.name,
        "campaign_id": scope.campaign_id,
        "campaign_name": scope.campaign_name,
        "attribution_model": scope.model,
        "rule_version": scope.rule_version,
        "currency_code": scope.currency_code,
        "as_of_date": scope.as_of_date.isoformat(),
        "is_final": scope.is_final,
        "day": scope.day.isoformat() if scope.day else None,
        "tables": {sheet.name: sheet.to_rows() for sheet in report.sheets},
    }
