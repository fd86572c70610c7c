"""How far each model is from what really happened, where that is known: in a simulated market.

Pure: credits, evidence and causes in, figures out. None of it can be computed for a real shop; the
gap between credit and cause stays unknown there, and these figures say how large it can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from scipy.stats import spearmanr

ZERO = Decimal(0)
Credited = Mapping[str, Mapping[str, Decimal]]  # order → creator → amount


@dataclass(frozen=True, slots=True)
class TrueOrder:
    """A kept order: the creator who caused it (None: it would have come anyway) and its revenue."""

    order_id: str
    cause: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ModelError:
    """How far a model's creator revenue is from the truth.

    total_variation: half the sum of |share − true share| over creators, 0-1. rank_correlation:
    Spearman, -1 to 1, over all creators. revenue_ratio: credited ÷ caused revenue of all creators.
    revenue_errors: credited − caused of each creator; revenue_error: the sum of their absolute
    values ÷ caused. anyway_share: of what is credited, the part of orders that would have come
    anyway. mistaken_share: the part of orders another creator caused. NaN where a denominator is 0.
    """

    model: str
    total_variation: float
    rank_correlation: float
    revenue_ratio: float
    revenue_error: float
    revenue_errors: Mapping[str, Decimal]
    anyway_share: float
    mistaken_share: float

    @property
    def worst_creator(self) -> str:
        """The creator whose revenue is farthest from the truth."""
        return max(self.revenue_errors, key=lambda name: abs(self.revenue_errors[name]))


def true_orders(truth: Mapping[str, Any]) -> tuple[list[TrueOrder], list[str]]:
    """Return the kept orders of a truth, as the market tells it, and all its creators.

    Order ids are unlike each other over all shops of a market.
    """
    orders = [
        TrueOrder(
            order["order_id"], order["cause_creator_id"], Decimal(order["net_revenue_amount"])
        )
        for order in truth["orders"]
        if order["is_kept"]
    ]
    return orders, [creator["creator_id"] for creator in truth["creators"]]


def judge_model(
    model: str, credited: Credited, orders: Iterable[TrueOrder], creators: Sequence[str]
) -> ModelError:
    """Compare one model's credit with the causes.

    creators: all of them, those without any order too. An order that is credited but not among
    `orders` (the market does not count it as kept) would have come anyway.
    """
    causes = {order.order_id: order.cause for order in orders}
    caused = _sum_by_creator((order.cause, order.amount) for order in orders)
    given = _sum_by_creator(
        (creator, amount) for shares in credited.values() for creator, amount in shares.items()
    )
    anyway, mistaken = ZERO, ZERO
    for order_id, shares in credited.items():
        cause = causes.get(order_id)
        for creator, amount in shares.items():
            anyway += amount if cause is None else ZERO
            mistaken += amount if cause not in (None, creator) else ZERO
    total, true_total = sum(given.values(), ZERO), sum(caused.values(), ZERO)
    gaps = {name: given.get(name, ZERO) - caused.get(name, ZERO) for name in sorted(creators)}
    claimed = [_ratio(given.get(name, ZERO), total) for name in gaps]
    real = [_ratio(caused.get(name, ZERO), true_total) for name in gaps]
    return ModelError(
        model=model,
        total_variation=sum(abs(a - b) for a, b in zip(claimed, real, strict=True)) / 2,
        rank_correlation=_rank_correlation(claimed, real),
        revenue_ratio=_ratio(total, true_total),
        revenue_error=_ratio(sum(map(abs, gaps.values()), ZERO), true_total),
        revenue_errors=gaps,
        anyway_share=_ratio(anyway, total),
        mistaken_share=_ratio(mistaken, total),
    )


def unseen_share(orders: Iterable[TrueOrder], evidence: Mapping[str, Iterable[str]]) -> float:
    """Return the share of the revenue creators caused that no evidence can see, 0-1.

    evidence: per order the creators any touch in its path names. An order whose path names others
    only is unseen: nothing leads to the one who caused it. NaN when creators caused nothing.
    """
    hidden, total = ZERO, ZERO
    for order in orders:
        if order.cause is not None:
            total += order.amount
            hidden += ZERO if order.cause in evidence.get(order.order_id, ()) else order.amount
    return _ratio(hidden, total)


def _sum_by_creator(rows: Iterable[tuple[str | None, Decimal]]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for creator, amount in rows:
        if creator is not None:
            sums[creator] = sums.get(creator, ZERO) + amount
    return sums


def _rank_correlation(shares: Sequence[float], true_shares: Sequence[float]) -> float:
    if len(set(shares)) < 2 or len(set(true_shares)) < 2:  # no order to compare
        return float("nan")
    return float(spearmanr(shares, true_shares).statistic)


def _ratio(part: Decimal, whole: Decimal) -> float:
    return float(part / whole) if whole else float("nan")
