"""Why a creator's day differs from what was published before, order by order, as text.

Rows are those of `analysis.restated_orders` with the last business date of the two publications,
and for `markov`, which knows weeks only, those of `analysis.restatements`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

from include.attribution.explain import Row, format_table

MARKOV = "markov"
CAUSES = {
    "new_day": "the day counts for the first time",
    "late_order": "the order arrived late",
    "deleted_order": "the shop deleted the order",
    "cancellation": "the order was cancelled",
    "refund": "money went back",
    "order_edit": "the order was changed",
    "order_class": "the order counts as another kind",
    "late_touch": "a touch arrived late or was withdrawn",
    "identity_merge": "its customer turned out to be another",
    "erasure": "its customer was erased",
    "plan_change": "a campaign file changed",
    "rule_change": "a rule or setting changed",
    "open_week": "the open week's chain followed its paths",
    "model_refit": "a frozen week was solved again",
    "recomputed": "computed by another version of the models",
}


def format_changes(changes: Sequence[Row]) -> str:
    """Return, newest publication first, which orders entered, left or changed, each with its cause.

    Amounts are differences per model; "" stands where an order changed nothing under a model.
    """
    if not changes:
        return "no publication of the last two weeks changed this date"
    parts = (
        _format_publication(list(rows))
        for _, rows in groupby(changes, key=lambda row: row["measure_run_id"])
    )
    return "\n\n".join(parts)


def format_week_changes(changes: Sequence[Row]) -> str:
    """Return what publications changed in a creator's week under `markov`; at least one change."""
    lines = [
        [
            *(str(row["last_day"]), row["attribution_model"]),
            CAUSES.get(row["cause"], row["cause"]),
            *(f"{row['old_net_revenue_amount']:.2f}", f"{row['new_net_revenue_amount']:.2f}"),
        ]
        for row in changes
    ]
    title = f"the week to {changes[0]['metric_date']}, of which {MARKOV} shares the whole"
    return f"{title}\n" + format_table(["as of", "model", "cause", "was", "is"], lines)


def _format_publication(changes: Sequence[Row]) -> str:
    first = changes[0]
    models = list(dict.fromkeys(row["attribution_model"] for row in changes))
    lines = list(_lines(changes, models))
    sums = [_difference([row for row in changes if row["attribution_model"] == m]) for m in models]
    lines.append(["sum", "", "", *(f"{total:+.2f}" for total in sums)])
    title = f"changed as of {first['last_day']}, against {_day(first['previous_last_day'])}"
    return f"{title}\n" + format_table(["order", "change", "cause", *models], lines)


def _lines(changes: Sequence[Row], models: Sequence[str]) -> Iterator[list[str]]:
    """Yield a line per order and cause, with the difference under each model."""
    orders: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in changes:
        key = (row["connection_id"], row["campaign_id"], row["order_id"], row["cause"])
        orders.setdefault(key, {})[row["attribution_model"]] = row
    for (*_, order_id, cause), rows in orders.items():
        amounts = (f"{_difference([rows[m]]):+.2f}" if m in rows else "" for m in models)
        change = _kind(list(rows.values()))
        yield [order_id, change, CAUSES.get(cause, cause.replace("_", " ")), *amounts]


def _kind(rows: Sequence[Row]) -> str:
    """Say whether the order entered the figures, left them, or is counted otherwise now."""
    if not any(row["old_order_count"] or row["old_net_revenue_amount"] for row in rows):
        return "entered"
    if not any(row["new_order_count"] or row["new_net_revenue_amount"] for row in rows):
        return "left"
    return "changed"


def _difference(rows: Sequence[Row]) -> Decimal:
    new = sum((row["new_net_revenue_amount"] for row in rows), Decimal(0))
    return new - sum((row["old_net_revenue_amount"] for row in rows), Decimal(0))


def _day(day: dt.date | None) -> str:
    return "nothing before" if day is None else str(day)
