"""What the engine says about a case: paths and rule models from SQL, Markov from the solver."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from include.attribution.markov import (
    MARKOV,
    MARKOV_PATH,
    MarkovSolution,
    solve_markov,
    weigh_touches,
)
from include.attribution.paths import PathSummary


@dataclass(frozen=True, slots=True)
class BuiltPath:
    """A path as SQL built it: channels in order, how it ended and the sales' money."""

    path_id: str
    channels: tuple[str, ...]
    conversions: float
    nulls: float
    value: float


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What an order added on one date, shared by the rule models.

    conversions is 0 for later entries (refunds). weights and cents: per model one number per touch
    of the path; an entry of an order without a path has no channels.
    """

    order_id: str
    conversions: float
    value: float
    channels: tuple[str, ...]
    weights: Mapping[str, tuple[float, ...]]
    cents: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """What the dbt models made of one case: every path, every ledger entry."""

    paths: tuple[BuiltPath, ...]
    entries: tuple[LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Everything that is compared; credit: model to channel to (conversions, value)."""

    sql: SqlAnswer
    solution: MarkovSolution
    credit: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)

    @property
    def unattributed(self) -> tuple[float, float]:
        """Conversions and value of entries without a path."""
        rest = [entry for entry in self.sql.entries if not entry.channels]
        return sum(e.conversions for e in rest), sum(e.value for e in rest)


def complete_answer(sql: SqlAnswer) -> Answer:
    """Solve Markov on the paths SQL built and sum every model's credit per channel."""
    paths = sql.paths
    summary = PathSummary.of(
        [path.channels for path in paths],
        [path.conversions for path in paths],
        [path.nulls for path in paths],
        [path.value for path in paths],
    )
    solution = solve_markov(summary)
    return Answer(
        sql,
        solution,
        {
            **_rule_credit(sql),
            MARKOV: _report_credit(sql, solution),
            MARKOV_PATH: _order_credit(sql, summary, solution),
        },
    )


def _rule_credit(sql: SqlAnswer) -> dict[str, dict[str, tuple[float, float]]]:
    models = {model for entry in sql.entries for model in entry.weights}
    return {
        model: _sum_credit((entry, entry.weights[model]) for entry in sql.entries if entry.channels)
        for model in sorted(models)
    }


def _report_credit(sql: SqlAnswer, solution: MarkovSolution) -> dict[str, tuple[float, float]]:
    """Share the attributed total; a refund lessens the money, not the orders."""
    value = sum(entry.value for entry in sql.entries if entry.channels)
    parts = zip(solution.credited_conversions, solution.split_value(value), strict=True)
    return {
        channel: (float(orders), float(money))
        for channel, (orders, money) in zip(solution.channels, parts, strict=True)
    }


def _order_credit(
    sql: SqlAnswer, summary: PathSummary, solution: MarkovSolution
) -> dict[str, tuple[float, float]]:
    """Share each entry by the weights of its order's path."""
    weights = weigh_touches(summary, solution.removal_effects)
    ends = summary.offsets
    of_order = {
        path.path_id: tuple(weights[ends[row] : ends[row + 1]].tolist())
        for row, path in enumerate(sql.paths)
    }
    return _sum_credit((e, of_order[e.order_id]) for e in sql.entries if e.channels)


def _sum_credit(
    weighted: Iterable[tuple[LedgerEntry, tuple[float, ...]]],
) -> dict[str, tuple[float, float]]:
    orders: dict[str, float] = defaultdict(float)
    money: dict[str, float] = defaultdict(float)
    for entry, weights in weighted:
        for channel, weight in zip(entry.channels, weights, strict=True):
            orders[channel] += weight * entry.conversions
            money[channel] += weight * entry.value
    return {channel: (orders[channel], money[channel]) for channel in orders}
