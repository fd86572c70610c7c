"""An order's credit, and a creator's on a day, as text that a person can follow. No warehouse here.

Rows are mappings of column to value, as `core.fct_order`, `core.fct_touchpoint` and
`core.fct_attribution_credit` hold them; the models shown are those that have a `<model>_share`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
REASONS = {
    "outside_lookback": "outside the look-back of {lookback_days} days",
    "direct_beside_others": "direct, and the path has other touches",
    "outranked": "other evidence of the order ranks higher under this rule",
    "repeated_channel": "the next touch is of the same channel",
}
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class OrderRows:
    """One order under one rule version: its row, its touches by time, its credit by date and touch.

    rule_versions: every version the order's credit was computed under. chain: the Markov solve that
    weighs its channels under `markov_path`, None on a day without one.
    """

    order: Row
    rule_version: str
    rule_versions: Sequence[str]
    touches: Sequence[Row]
    credit: Sequence[Row]
    chain: Row | None = None


@dataclass(frozen=True, slots=True)
class CreatorDay:
    """A creator's credit rows of one business date under one rule version, by order.

    changes: what orders changed in the date's figures from one publication to the next, under the
    campaign's own rule version, newest publication first; one row per order, cause and model.
    week_changes: the same of the date's week under `markov`, which shares weeks.
    """

    creator_id: str
    day: dt.date
    rule_version: str
    credit: Sequence[Row]
    changes: Sequence[Row] = ()
    week_changes: Sequence[Row] = ()


def format_order(found: OrderRows) -> str:
    """Return the order, its touches with what became of each, weights and cents per model."""
    parts = [_describe_order(found), _list_touches(found)]
    entries: dict[dt.date, list[Row]] = {}
    for row in found.credit:
        entries.setdefault(row["event_date"], []).append(row)
    for number, (date, rows) in enumerate(entries.items()):
        kind = "sale" if rows[0]["conversion_count"] else "later entry, with the sale's weights"
        if number == 0:
            parts.append("share of the order\n" + _list_models(rows, "share"))
        total = f"{rows[0]['entry_net_amount']} {rows[0]['currency_code'] or ''}".rstrip()
        parts.append(f"{date} {kind}: {total}\n" + _list_models(rows, "amount"))
    if found.credit and "markov_path_share" in found.credit[0]:
        parts.append(_describe_chain(found.chain))
    if not found.credit:
        parts.append(f"no credit is computed under rule version {found.rule_version}")
    return "\n\n".join(parts)


def format_creator_day(found: CreatorDay) -> str:
    """Return which orders make up a creator's day, and their sum per model.

    Kept orders are what the creator's figures count; others are listed with their class.
    """
    title = f"{found.creator_id} on {found.day}, rule version {found.rule_version}"
    if not found.credit:
        return f"{title}: no order of that date has a touch of the creator in its path"
    return f"{title}\n\n" + _list_orders(found)


def _list_orders(found: CreatorDay) -> str:
    models = model_names(found.credit[0])
    header = ["order", "class", "ordered", "entry", "touch", "of", *models]
    lines = [
        [
            str(row["order_id"]),
            str(row["order_class"]),
            str(row["order_date"]),
            "sale" if row["conversion_count"] else "later entry",
            str(row["touch_number"]),
            str(row["touch_count"]),
            *(f"{row[f'{model}_amount']}" for model in models),
        ]
        for row in found.credit
    ]
    kept = [row for row in found.credit if row["order_class"] == "kept"]
    for label, of in (("orders", _sum_orders), ("net revenue", _sum_amounts)):
        lines.append([f"kept {label}", "", "", "", "", "", *(of(kept, m) for m in models)])
    return format_table(header, lines)


def model_names(credit_row: Row) -> list[str]:
    """Return the models a credit row holds, in the order of its columns."""
    return [name.removesuffix("_share") for name in credit_row if name.endswith("_share")]


def format_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Align columns: text of the first to the left, the rest to the right where all are numbers."""
    columns = list(zip(header, *lines, strict=True))
    aligned = []
    for title, *cells in columns:
        width = max(map(len, (title, *cells)))
        is_number = all(_is_number(cell) for cell in cells if cell)
        aligned.append([c.rjust(width) if is_number else c.ljust(width) for c in (title, *cells)])
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*aligned, strict=True))


def _describe_order(found: OrderRows) -> str:
    order = found.order
    name = order.get("order_name")
    named = f" ({name})" if name and name != order["order_id"] else ""
    others = [version for version in found.rule_versions if version != found.rule_version]
    place = f"of {order['connection_id']}, {_instant(order['ordered_at'])}"
    computed = f"; also computed: {', '.join(others)}" if others else ""
    lines = [
        f"order {order['order_id']}{named} {place}, {order['order_class']}",
        f"rule version {found.rule_version}{computed}",
    ]
    conflict = next((row for row in found.touches if row.get("is_conflict")), None)
    if conflict:
        rival = conflict.get("runner_up_creator_id")
        lines.append(
            "several creators have evidence" + (f"; next in line: {rival}" if rival else "")
        )
    return "\n".join(lines)


def _describe_chain(chain: Row | None) -> str:
    if chain is None:
        return "markov_path: no chain was solved for the day, so channels share equally"
    state = "frozen" if chain["is_frozen"] else "open, solved again while its paths change"
    basis = "" if chain["attribution_model"] == "markov" else "; orders only, no null paths"
    return f"markov_path: removal effects of {chain['solve_id']} ({state}{basis})"


def _list_touches(found: OrderRows) -> str:
    if not found.touches:
        return "no touch is known: the order is unattributed in every model"
    lines = [
        [
            "" if row["touch_number"] is None else str(row["touch_number"]),
            _instant(row["touched_at"]) if row["is_dated"] else "undated",
            _age(row),
            _evidence(row),
            str(row["channel"]),
            _fate(row),
        ]
        for row in found.touches
    ]
    return format_table(["touch", "when", "age", "evidence", "channel", "fate"], lines)


def _evidence(row: Row) -> str:
    """Return the strongest evidence, then what else reported the same touch."""
    strongest = str(row["evidence_type"])
    others = {name for name in str(row["evidence_types"] or "").split(",") if name} - {strongest}
    return " + ".join([strongest, *sorted(others)])


def _age(row: Row) -> str:
    """Return how long before the order the touch counts from, in days."""
    seconds = (row["ordered_at"] - row["anchored_at"]).total_seconds()
    return f"{seconds / DAY_SECONDS:.2f} d"


def _fate(row: Row) -> str:
    if row["is_in_path"]:
        return "kept, wins" if row.get("is_winner") else "kept"
    if row["touched_at"] > row["ordered_at"]:
        return "dropped: after the order"
    reason = str(row["dropped_reason"])
    return "dropped: " + REASONS.get(reason, reason.replace("_", " ")).format_map(row)


def _list_models(rows: Sequence[Row], what: str) -> str:
    models = model_names(rows[0])
    lines = [
        [
            str(row["touch_number"]),
            str(row["channel"]),
            *(_number(row[f"{model}_{what}"], what) for model in models),
        ]
        for row in rows
    ]
    totals = (sum((row[f"{m}_{what}"] for row in rows), Decimal(0)) for m in models)
    lines.append(["", "sum", *(_number(total, what) for total in totals)])
    return format_table(["touch", "channel", *models], lines)


def _number(value: Decimal, what: str) -> str:
    return f"{value:.4f}" if what == "share" else f"{value:.2f}"


def _sum_orders(rows: Sequence[Row], model: str) -> str:
    return f"{sum((r[f'{model}_share'] * r['conversion_count'] for r in rows), Decimal(0)):.4f}"


def _sum_amounts(rows: Sequence[Row], model: str) -> str:
    return f"{sum((row[f'{model}_amount'] for row in rows), Decimal(0)):.2f}"


def _instant(value: dt.datetime) -> str:
    return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _is_number(text: str) -> bool:
    return text.removesuffix(" d").lstrip("+-").replace(".", "", 1).isdecimal()
