"""A second implementation of every attribution model, exact and slow, from the definitions alone.

It shares no code and no method with the product: fractions instead of floats, removal by changing
the chain and solving it again instead of the closed form, Shapley by its game.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise
from math import factorial
from typing import NamedTuple

ONE, ZERO = Fraction(1), Fraction(0)


class Path(NamedTuple):
    """A path, how often it ended in an order, in nothing, and the orders' money."""

    channels: tuple[str, ...]
    conversions: int = 0
    nulls: int = 0
    value: Fraction = ZERO


Weights = Callable[[Sequence[str]], list[Fraction]]


def first_touch(path: Sequence[str]) -> list[Fraction]:
    return [ONE if at == 0 else ZERO for at in range(len(path))]


def last_touch(path: Sequence[str]) -> list[Fraction]:
    return first_touch(path)[::-1]


def last_non_direct(path: Sequence[str], direct: str = "direct") -> list[Fraction]:
    others = [at for at, channel in enumerate(path) if channel != direct]
    winner = others[-1] if others else len(path) - 1
    return [ONE if at == winner else ZERO for at in range(len(path))]


def linear(path: Sequence[str]) -> list[Fraction]:
    return [Fraction(1, len(path))] * len(path)


def position_based(path: Sequence[str]) -> list[Fraction]:
    if len(path) < 3:
        return linear(path)
    middle = Fraction(1, 5) / (len(path) - 2)
    return [Fraction(2, 5), *[middle] * (len(path) - 2), Fraction(2, 5)]


def time_decay(ages: Sequence[float], half_life: float) -> list[float]:
    """Weigh touches by their age in days."""
    raw = [0.5 ** (age / half_life) for age in ages]
    return [weight / sum(raw) for weight in raw]


def rule_winner(ranks: Sequence[int]) -> list[Fraction]:
    """Give the order to the best-ranked evidence, to the latest of equals."""
    winner = max(at for at, rank in enumerate(ranks) if rank == min(ranks))
    return [ONE if at == winner else ZERO for at in range(len(ranks))]


def credit(paths: Sequence[Path], weigh: Weights, of: str = "conversions") -> dict[str, Fraction]:
    """Sum a rule's credit per channel; channels without any are there with 0."""
    totals = {channel: ZERO for path in paths for channel in path.channels}
    for path in paths:
        if path.channels:
            for channel, weight in zip(path.channels, weigh(path.channels), strict=True):
                totals[channel] += weight * Fraction(getattr(path, of))
    return totals


def shapley(paths: Sequence[Path]) -> dict[str, Fraction]:
    """Shapley values of v(S) = conversions of paths whose channels are all in S, by the game."""
    players = sorted({channel for path in paths for channel in path.channels})

    def worth(coalition: set[str]) -> int:
        return sum(p.conversions for p in paths if p.channels and set(p.channels) <= coalition)

    values = dict.fromkeys(players, ZERO)
    for player in players:
        rest = [other for other in players if other != player]
        for size in range(len(players)):
            ways = Fraction(factorial(size) * factorial(len(rest) - size), factorial(len(players)))
            for chosen in combinations(rest, size):
                values[player] += ways * (worth({*chosen, player}) - worth(set(chosen)))
    return values


Chain = dict[str, dict[str, Fraction]]


def build_chain(paths: Sequence[Path]) -> Chain:
    """Count steps from state to state, consecutive repeats included."""
    chain: Chain = defaultdict(lambda: defaultdict(Fraction))
    for path in paths:
        weight = path.conversions + path.nulls
        if not path.channels or not weight:
            continue
        walk = ["start", *(f"at {channel}" for channel in path.channels)]
        for origin, target in pairwise(walk):
            chain[origin][target] += weight
        chain[walk[-1]]["conversion"] += path.conversions
        chain[walk[-1]]["null"] += path.nulls
    return chain


def conversion_chance(chain: Chain, removed: str | None = None) -> Fraction:
    """P(conversion) from start, every step into `removed` leading to null instead."""
    states = [state for state in chain if state != f"at {removed}"]
    if not states:
        return ZERO
    rows = []
    for state in states:
        total = sum(chain[state].values())
        row = [ONE if state == other else ZERO for other in states]
        for at, other in enumerate(states):
            row[at] -= chain[state].get(other, ZERO) / total
        rows.append([*row, chain[state].get("conversion", ZERO) / total])
    return eliminate(rows)[states.index("start")]


def eliminate(rows: list[list[Fraction]]) -> list[Fraction]:
    """Solve a linear system given with its right side as the last column."""
    size = len(rows)
    for at in range(size):
        pivot = next(row for row in range(at, size) if rows[row][at] != 0)
        rows[at], rows[pivot] = rows[pivot], rows[at]
        rows[at] = [value / rows[at][at] for value in rows[at]]
        for row in range(size):
            if row != at and rows[row][at] != 0:
                factor = rows[row][at]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[at], strict=True)]
    return [row[-1] for row in rows]


def removal_effects(paths: Sequence[Path]) -> dict[str, Fraction]:
    """1 - P(conversion without the channel) / P(conversion), by removing each in turn."""
    chain = build_chain(paths)
    channels = sorted({channel for path in paths for channel in path.channels})
    whole = conversion_chance(chain)
    if whole == 0:
        return dict.fromkeys(channels, ZERO)
    return {channel: 1 - conversion_chance(chain, channel) / whole for channel in channels}


def markov(paths: Sequence[Path], of: str = "conversions") -> dict[str, Fraction]:
    """Share the attributed total by RE / sum RE."""
    effects = removal_effects(paths)
    whole = sum(effects.values())
    total = sum((Fraction(getattr(path, of)) for path in paths if path.channels), ZERO)
    return {c: effect / whole * total if whole else ZERO for c, effect in effects.items()}


def markov_path(effects: dict[str, Fraction]) -> Weights:
    """Return the rule that shares each path among its distinct channels by their effects."""

    def weigh(path: Sequence[str]) -> list[Fraction]:
        whole = sum(effects[channel] for channel in set(path))
        if whole == 0:
            return [Fraction(1, len(set(path)) * path.count(channel)) for channel in path]
        return [effects[channel] / whole / path.count(channel) for channel in path]

    return weigh


def split_cents(total: int, shares: Sequence[Fraction]) -> list[int]:
    """Largest remainder on the absolute amount, ties to the earlier, sign restored."""
    quotas = [abs(total) * share for share in shares]
    cents = [int(quota) for quota in quotas]
    order = sorted(range(len(quotas)), key=lambda at: (cents[at] - quotas[at], at))
    for at in order[: abs(total) - sum(cents)]:
        cents[at] += 1
    return [cent if total >= 0 else -cent for cent in cents]
