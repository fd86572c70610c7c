"""Turn figures into the lines of a review; rows in, sentences out, no database.

A line has a kind (for filters), a subject (id of the creator, piece or code; empty for the
campaign) and a message: "who or what: the figure, what it is compared with, where to look".
Creators are named as people know them, where the rows have a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from include.spoken_names import goal_name, leak_reasons, piece_name, platform_name

Row = Mapping[str, Any]
Section = Literal["change", "winner", "risk"]

# Creators named under "what changed": the few that explain most of a week.
MOVERS = 3
# A goal is far off when even the upper end of its projection misses a fifth of the target.
FAR_OFF = Decimal("0.8")
_NO_CHANCE = "P(best) not known"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line; `value` is its figure in the unit the message names, None without one."""

    section: Section
    kind: str
    subject: str
    message: str
    value: Decimal | None = None


def find_changes(
    now: Mapping[str, Row], before: Mapping[str, Row], restated: Sequence[Row], currency: str
) -> list[Finding]:
    """Compare the week with the one before: the campaign, who moved most, what was corrected.

    now, before: sums per creator (order_count, net_revenue_amount, cost_amount, post_count).
    """
    found = [
        _sum_line("orders", "credited orders", now, before, "order_count", ""),
        _sum_line("net_revenue", "net revenue", now, before, "net_revenue_amount", currency),
        _sum_line("cost", "delivered cost", now, before, "cost_amount", currency),
        _sum_line("posts", "pieces live", now, before, "post_count", ""),
    ]
    found += _movers(now, before, currency)
    for row in restated:
        amount = row["net_revenue_amount"]
        cause = str(row["cause"]).replace("_", " ")
        text = f"corrections of earlier days: {amount:+,.2f} {currency} by {cause}"
        found.append(Finding("change", "restated", str(row["cause"]), text, amount))
    return found


def find_winners(
    best: Sequence[Row],
    p_best: Mapping[str, Decimal | None],
    names: Mapping[str, str] = {},
) -> list[Finding]:
    """Name the creators with the best chances, else those with the highest return so far.

    best: rows of the scorecard, highest return first. p_best: probability that a creator's next
    piece returns most at its quoted price; where nobody has one the line says so. names: of those
    who are not in `best`.
    """
    chances = {creator: chance for creator, chance in p_best.items() if chance is not None}
    by_return = {row["creator_id"]: row for row in best}
    ranked = sorted(chances, key=lambda creator: (-chances[creator], creator))[:MOVERS]
    found = []
    for creator in ranked or list(by_return)[:MOVERS]:
        row = by_return.get(creator)
        chance = chances.get(creator)
        known = f"P(best next piece) {_percent(chance)}" if chance is not None else _NO_CHANCE
        name = _name(row) if row else names.get(creator, creator)
        text = f"{name}: {known}" + (f"; {_return_text(row)}" if row else "")
        found.append(Finding("winner", "winner", creator, text, chance))
    return found


def find_risks(
    pieces: Iterable[Row],
    codes: Iterable[Row],
    now: Mapping[str, Row],
    others: Iterable[Finding] = (),
) -> list[Finding]:
    """List late and missing pieces, missing disclosure, leaked codes and odd counters."""
    found = [finding for row in pieces for finding in _piece_risks(row)]
    found += [_code_risk(row) for row in codes]
    found += [
        Finding(
            "risk",
            "audience",
            creator,
            f"{_name(row, creator)}: a view counter fell in the week; the platform took views back",
        )
        for creator, row in now.items()
        if row["has_fallen"]
    ]
    return [*found, *others]


def find_audience_risks(accounts: Iterable[Row]) -> list[Finding]:
    """Name the accounts whose audience shows signs of being bought; evidence, no verdict.

    accounts: creator_id, platform, handle, audience_score, reasons.
    """
    return [
        Finding(
            "risk",
            "audience",
            row["creator_id"],
            f"{_name(row)}: look at the audience of @{row['handle']} "
            f"on {platform_name(row['platform'])} "
            f"(score {row['audience_score']:.2f}: {row['reasons']})",
            row["audience_score"],
        )
        for row in accounts
    ]


def find_pacing_risks(goals: Iterable[Row]) -> list[Finding]:
    """Name the goals whose projected end, at its best, stays short of the target by a fifth.

    goals: goal_id, metric, unit, target_value, projected_end_low, projected_end_value,
    projected_end_high.
    """
    found = []
    for row in goals:
        target, high = row["target_value"], row["projected_end_high"]
        if target and high is not None and high < FAR_OFF * target:
            low, middle, top, asked = (
                _reached(value, row["unit"])
                for value in (row["projected_end_low"], row["projected_end_value"], high, target)
            )
            text = (
                f"{goal_name(row['metric'])} (goal {row['goal_id']}): will end at {middle} "
                f"(90 %: {low} to {top}), the target is {asked}"
            )
            found.append(
                Finding("risk", "pacing", row["goal_id"], text, row["projected_end_value"])
            )
    return found


def _sum_line(
    kind: str,
    name: str,
    now: Mapping[str, Row],
    before: Mapping[str, Row],
    column: str,
    currency: str,
) -> Finding:
    this, last = _sum(now.values(), column), _sum(before.values(), column)
    unit = f" {currency}" if currency else ""
    digits = ",.2f" if currency else ",.0f"
    change = f" ({_percent((this - last) / last, '+')})" if last else ""
    text = f"{name}: {this:{digits}}{unit}, the week before {last:{digits}}{unit}{change}"
    return Finding("change", kind, "", text, this)


def _sum(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column] or 0) for row in rows), Decimal(0))


def _movers(now: Mapping[str, Row], before: Mapping[str, Row], currency: str) -> Iterator[Finding]:
    """Yield the creators whose net revenue moved most between the weeks, either way."""
    moved: dict[str, Decimal] = {}
    for creator in {*now, *before}:
        this, last = (
            Decimal(week.get(creator, {}).get("net_revenue_amount") or 0) for week in (now, before)
        )
        moved[creator] = this - last
    ranked = sorted(moved, key=lambda creator: (-abs(moved[creator]), creator))
    for creator in ranked[:MOVERS]:
        if moved[creator]:
            name = _name(now.get(creator) or before[creator], creator)
            text = f"{name}: {moved[creator]:+,.2f} {currency} net revenue against the week before"
            yield Finding("change", "creator", creator, text, moved[creator])


def _return_text(row: Row) -> str:
    if row["roas_low"] is None:
        return f"ROAS so far {row['roas']:.2f}×"
    return (
        f"ROAS so far {row['roas']:.2f}× (90 %: {row['roas_low']:.2f}× to {row['roas_high']:.2f}×)"
    )


def _piece_risks(row: Row) -> Iterator[Finding]:
    piece, creator = str(row["deliverable_id"]), _name(row)
    shown = describe_piece(row)
    if row["deliverable_status"] == "missing":
        text = f"{creator}: {shown} is not live"
        yield Finding("risk", "piece_missing", piece, text)
    elif row["deliverable_status"] == "late":
        days = row["late_day_count"]
        text = f"{creator}: {shown} went live {days} day{'' if days == 1 else 's'} late"
        yield Finding("risk", "piece_late", piece, text, Decimal(days or 0))
    if row["disclosure_status"] == "absent":
        text = (
            f"{creator}: {shown} shows no disclosure, neither label nor caption: {row['permalink']}"
        )
        yield Finding("risk", "disclosure_missing", piece, text)


def describe_piece(row: Row) -> str:
    """Return a piece as its creator knows it, with the plan's id to find it by."""
    due = f" due {row['due_date']}" if row["due_date"] else ""
    shown = piece_name(row["platform"], row["content_format"])
    return f"{shown}{due} ({row['deliverable_id']})"


def _code_risk(row: Row) -> Finding:
    code, creator = row["code"], _name(row)
    if row["leak_class"] == "leaked":
        day = row["suggested_compromised_from_date"]
        text = f"{creator}: code {code} leaked: {leak_reasons(row['reasons'])}"
        text += f"; enter compromised_from: {day} in the campaign file" if day else ""
        return Finding("risk", "code_leaked", code, text)
    why = leak_reasons(row["reasons"])
    return Finding("risk", "code_watch", code, f"{creator}: look at code {code}: {why}")


def _name(row: Row, otherwise: str = "") -> str:
    """Return the creator's name as people know it, else the id."""
    return str(row.get("creator_name") or row.get("creator_id") or otherwise)


def _percent(rate: Decimal, sign: Literal["", "+"] = "") -> str:
    return f"{rate * 100:{sign}.0f} %"


def _reached(value: Decimal, unit: str) -> str:
    """Write a goal's figure in its unit: a rate as 9.4 %, a small count as 12.5, others whole."""
    if unit == "rate":
        return f"{value * 100:.1f} %"
    digits = 0 if abs(value) >= 100 or value == value.to_integral_value() else 1
    return f"{value:,.{digits}f}"
