"""Turn figures into the lines of a review; rows in, sentences out, no database.

A line has a kind (for filters), a subject (creator, piece or code; empty for the campaign) and a
message that says the figure, what it is compared with, and where to look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Row = Mapping[str, Any]
Section = Literal["change", "winner", "risk"]

# Creators named under "what changed": the few that explain most of a week.
MOVERS = 3
# A goal is far off when even the upper end of its projection misses a fifth of the target.
FAR_OFF = Decimal("0.8")


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
        text = f"days before the week were corrected by {amount:+,.2f} {currency}: {cause}"
        found.append(Finding("change", "restated", str(row["cause"]), text, amount))
    return found


def find_winners(best: Sequence[Row], p_best: Mapping[str, Decimal | None]) -> list[Finding]:
    """Name the creators with the best chances, else those with the highest return so far.

    best: rows of the scorecard, highest return first. p_best: probability that a creator's next
    piece returns most at its quoted price; where nobody has one the line says so.
    """
    chances = {creator: chance for creator, chance in p_best.items() if chance is not None}
    by_return = {row["creator_id"]: row for row in best}
    ranked = sorted(chances, key=lambda creator: (-chances[creator], creator))[:MOVERS]
    found = []
    for creator in ranked or by_return:
        row = by_return.get(creator)
        chance = chances.get(creator)
        known = f"P(best next piece) {chance:.0%}" if chance is not None else "P(best) not known"
        text = f"{creator}: {known}" + (f"; {_return_text(row)}" if row else "")
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
            f"{creator}: a view counter fell in the week; the platform took views back",
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
            f"{row['creator_id']}: look at the audience of {row['handle']} on {row['platform']} "
            f"(score {row['audience_score']:.2f}: {row['reasons']})",
            row["audience_score"],
        )
        for row in accounts
    ]


def find_pacing_risks(goals: Iterable[Row]) -> list[Finding]:
    """Name the goals whose projected end, at its best, stays short of the target by a fifth.

    goals: goal_id, target_value, projected_end_low, projected_end_value, projected_end_high.
    """
    found = []
    for row in goals:
        target, high = row["target_value"], row["projected_end_high"]
        if target and high is not None and high < FAR_OFF * target:
            text = (
                f"goal {row['goal_id']} will end at {row['projected_end_value']:,.4g} "
                f"({row['projected_end_low']:,.4g} to {high:,.4g}), the target is {target:,.4g}"
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
    change = f" ({(this - last) / last:+.0%})" if last else ""
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
            text = (
                f"{creator}: {moved[creator]:+,.2f} {currency} net revenue against the week before"
            )
            yield Finding("change", "creator", creator, text, moved[creator])


def _return_text(row: Row) -> str:
    if row["roas_low"] is None:
        return f"ROAS so far {row['roas']:.2f}"
    return f"ROAS so far {row['roas']:.2f} ({row['roas_low']:.2f} to {row['roas_high']:.2f})"


def _piece_risks(row: Row) -> Iterator[Finding]:
    piece, creator = str(row["deliverable_id"]), row["creator_id"]
    if row["deliverable_status"] == "missing":
        text = f"{creator}: {piece} was due {row['due_date']} and is not live"
        yield Finding("risk", "piece_missing", piece, text)
    elif row["deliverable_status"] == "late":
        days = row["late_day_count"]
        text = f"{creator}: {piece} went live {days} day{'' if days == 1 else 's'} late"
        yield Finding("risk", "piece_late", piece, text, Decimal(days or 0))
    if row["disclosure_status"] == "absent":
        text = (
            f"{creator}: {piece} shows no disclosure, neither label nor caption: {row['permalink']}"
        )
        yield Finding("risk", "disclosure_missing", piece, text)


def _code_risk(row: Row) -> Finding:
    code, creator = row["code"], row["creator_id"]
    if row["leak_class"] == "leaked":
        day = row["suggested_compromised_from_date"]
        text = f"{creator}: code {code} leaked ({row['reasons']})"
        text += f"; enter compromised_from: {day} in the campaign file" if day else ""
        return Finding("risk", "code_leaked", code, text)
    return Finding("risk", "code_watch", code, f"{creator}: look at code {code} ({row['reasons']})")
