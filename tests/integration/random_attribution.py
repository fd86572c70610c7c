"""Random cases with what must come out of them, from the definitions and the exact oracle alone.

Times are drawn from few instants, so that ties, touches at the edges of the look-back and touches
at the very instant of an order are frequent.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from fractions import Fraction
from typing import Any

from tests.unit import attribution_oracle as oracle

RANKS = {"utm": 10, "referrer": 10, "landing_page": 20, "code": 30}
CHANNELS = ["ana", "bo", "cy", "direct"]
START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def random_case(seed: int) -> dict[str, Any]:
    """Draw a case in the file format, with every expectation the oracle can give."""
    draw = random.Random(seed)
    days = draw.choice([1, 3, 30])
    case: dict[str, Any] = {
        "id": f"random {seed:03}",
        "config": {
            "lookback_days": days,
            "half_life_days": draw.choice([1, 7]),
            "direct_policy": draw.choice(["drop_unless_only", "keep"]),
            "collapse_repeats": draw.random() < 0.3,
            "path_reset": draw.choice(["none", "none", "conversion"]),
        },
        "touches": [_touch(draw, number, days) for number in draw.sample(range(1, 40), 14)],
        "conversions": [_sale(draw, number, days) for number in range(draw.randint(0, 6))],
    }
    case["refunds"] = [
        {
            "refund_id": f"r{n}",
            "refund_of": f"o{n}",
            "ts": _text(START, 80),
            "value": -1,
        }
        for n in range(len(case["conversions"]))
        if draw.random() < 0.3
    ]
    return case | {"expected": expect(case)}


def _text(at: dt.datetime, days: int = 0, seconds: int = 0) -> str:
    return (at + dt.timedelta(days=days, seconds=seconds)).isoformat()


def _touch(draw: random.Random, number: int, days: int) -> dict[str, Any]:
    at = _text(START, draw.choice([0, 1, days, days + 1, 2 * days]), draw.choice([-1, 0, 1]))
    touch = {"touch_id": number, "user": f"u{draw.randint(1, 4)}", "ts": at}
    touch |= {"channel": draw.choice(CHANNELS), "evidence": draw.choice(sorted(RANKS))}
    return touch


def _sale(draw: random.Random, number: int, days: int) -> dict[str, Any]:
    return {
        "conversion_id": f"o{number}",
        "user": f"u{draw.randint(1, 3)}",
        "ts": _text(START, draw.choice([1, days, 2 * days])),
        "value": draw.choice([0, 0.01, 19.99, 80, -25, 100]),
    }


def kept_touches(case: dict[str, Any], user: str, end: dt.datetime) -> list[dict[str, Any]]:
    """Return a user's path up to an instant: window, order, direct policy, repeats."""
    config = case["config"]
    start = end - dt.timedelta(days=config["lookback_days"])
    earlier = [
        at
        for sale in case["conversions"]
        if sale["user"] == user and (at := dt.datetime.fromisoformat(sale["ts"])) < end
    ]
    kept = []
    for touch in case["touches"]:
        at = dt.datetime.fromisoformat(touch["ts"])
        is_spent = config["path_reset"] == "conversion" and any(at <= sale for sale in earlier)
        if touch["user"] == user and start <= at <= end and not is_spent:
            kept.append((at, RANKS[touch["evidence"]], touch["touch_id"], touch))
    path = [touch for *_, touch in sorted(kept, key=lambda entry: entry[:3])]
    if config["direct_policy"] == "drop_unless_only":
        path = [touch for touch in path if touch["channel"] != "direct"] or path
    if config["collapse_repeats"]:
        following = [*path[1:], {"channel": None}]
        path = [a for a, b in zip(path, following, strict=False) if a["channel"] != b["channel"]]
    return path


def expect(case: dict[str, Any]) -> dict[str, Any]:
    """Return paths, credit of every model, and weights and cents per touch."""
    paths, touches = {}, {}
    for sale in case["conversions"]:
        kept = kept_touches(case, sale["user"], dt.datetime.fromisoformat(sale["ts"]))
        touches[sale["conversion_id"]] = (sale, kept)
        channels = tuple(touch["channel"] for touch in kept)
        paths[sale["conversion_id"]] = oracle.Path(channels, 1, 0, Fraction(str(sale["value"])))
    buyers = {sale["user"] for sale in case["conversions"]}
    for user in {touch["user"] for touch in case["touches"]} - buyers:
        last = max(t["ts"] for t in case["touches"] if t["user"] == user)
        kept = kept_touches(case, user, dt.datetime.fromisoformat(last))
        paths[f"null:{user}"] = oracle.Path(tuple(touch["channel"] for touch in kept), 0, 1)
    weights = {order: _weights(case, *found) for order, found in touches.items()}
    effects = oracle.removal_effects(list(paths.values()))
    for order, (_, kept) in touches.items():
        channels = [touch["channel"] for touch in kept]
        weights[order]["markov_path"] = list(map(float, oracle.markov_path(effects)(channels)))
    return {
        "paths": [
            {"id": name, "path": path.channels, "conversions": path.conversions}
            | {"nulls": path.nulls, "value": float(path.value)}
            for name, path in paths.items()
        ],
        "credits": _credit(case, touches, weights) | {"markov": _markov(case, paths)},
        "touch_rows": [_touch_row(*found, weights[order]) for order, found in touches.items()],
    }


def _weights(
    case: dict[str, Any], sale: dict[str, Any], kept: list[dict[str, Any]]
) -> dict[str, list[float]]:
    channels = [touch["channel"] for touch in kept]
    if not channels:
        return {}
    end = dt.datetime.fromisoformat(sale["ts"])
    ages = [(end - dt.datetime.fromisoformat(t["ts"])).total_seconds() / 86_400 for t in kept]
    distinct = len(set(channels))
    rules = {
        "first_touch": oracle.first_touch(channels),
        "last_touch": oracle.last_touch(channels),
        "last_non_direct": oracle.last_non_direct(channels),
        "linear": oracle.linear(channels),
        "position_based": oracle.position_based(channels),
        "shapley": [Fraction(1, distinct * channels.count(channel)) for channel in channels],
        "time_decay": oracle.time_decay(ages, case["config"]["half_life_days"]),
    }
    return {model: [float(weight) for weight in found] for model, found in rules.items()}


def _ledger(case: dict[str, Any], order: str) -> float:
    sale = next(s["value"] for s in case["conversions"] if s["conversion_id"] == order)
    return float(sale + sum(r["value"] for r in case["refunds"] if r["refund_of"] == order))


def _credit(case: dict[str, Any], touches: Any, weights: Any) -> dict[str, Any]:
    credit: Any = defaultdict(lambda: defaultdict(lambda: {"conversions": 0.0, "value": 0.0}))
    for order, (_, kept) in touches.items():
        for model, found in weights[order].items():
            for touch, weight in zip(kept, found, strict=True):
                credit[model][touch["channel"]]["conversions"] += weight
                credit[model][touch["channel"]]["value"] += weight * _ledger(case, order)
    return {model: dict(channels) for model, channels in credit.items()}


def _markov(case: dict[str, Any], paths: dict[str, oracle.Path]) -> dict[str, Any]:
    effects = oracle.removal_effects(list(paths.values()))
    whole = sum(effects.values())
    bought = [name for name, path in paths.items() if path.conversions and path.channels]
    value = sum(_ledger(case, name) for name in bought)
    return {
        channel: {
            "conversions": float(effect / whole * len(bought)) if whole else 0.0,
            "value": float(effect / whole) * value if whole else 0.0,
        }
        for channel, effect in effects.items()
    }


def _touch_row(sale: Any, kept: Any, weights: dict[str, list[float]]) -> dict[str, Any]:
    row = {"id": sale["conversion_id"], "touches": [touch["channel"] for touch in kept]}
    if not kept:
        return row
    cents = round(Fraction(str(sale["value"])) * 100)
    for model, rule in (("linear", oracle.linear), ("position", oracle.position_based)):
        row[f"{model}_cents"] = oracle.split_cents(cents, rule(row["touches"]))
    return row | {"weights": {m: found for m, found in weights.items() if m != "markov_path"}}
