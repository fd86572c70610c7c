"""Budget advice: who should get the next pieces, how sure we are, and when to leave things alone.

The evidence gate follows the campaign's phase. In weeks 1 and 2 money stays where it is; in weeks 3
and 4 it may move to a creator who is best with at least 80 % probability, a capped part per review;
from week 5 on caps are wider, unspent money may extend the best, and creators who do not pay their
price are asked for a better one or paused. A part of the open money is kept for creators nobody
has tried. "Keep" with its reason is an answer.

Sources: phases as campaign practice has them (watch, shift, scale); the gate on P(best), Scott
2010, A modern Bayesian look at the multi-armed bandit; its value and the caps were chosen by the
simulations in docs/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from include.stats.decisions import (
    FEWEST_PIECES,
    NextPieces,
    Ranking,
    expected_gain,
    rank_next_pieces,
)
from include.stats.grids import Floats

TOO_LATE = "no change: a piece agreed on now would go live after the campaign's end"
TOO_LATE_TO_ADD = "no change: a new creator's first piece would go live after the campaign's end"

Phase = Literal["watch", "shift", "scale"]
Action = Literal["keep", "shift", "extend", "add_creator", "renegotiate", "pause"]
Gain = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """How much evidence advice needs and how far it may go; every number a brand may change.

    gate: P(best) needed to move money. target: return a piece should reach. exploration_share: part
    of the open money kept for new creators. cap_shift, cap_scale: part of the open money one review
    may move in either phase. donor_cap: part of one creator's open money. rarely_above:
    P(return above target) under which a price is too high. pause_price_share: pause instead of
    renegotiate when the break-even fee lies under this part of the quoted one. piece_gap_days: days
    between two pieces of one creator, which bounds what can still be published.
    """

    gate: float = 0.8
    target: float = 1.0
    exploration_share: float = 0.2
    cap_shift: float = 0.15
    cap_scale: float = 0.30
    donor_cap: float = 0.5
    rarely_above: float = 0.05
    pause_price_share: float = 0.5
    watch_days: int = 14
    shift_days: int = 28
    piece_gap_days: int = 3


@dataclass(frozen=True, slots=True)
class BudgetState:
    """Where the campaign stands on the day of the review.

    campaign_day: 1 on the first day. free_amount: money of the budget nobody was promised.
    open_amount: (c,) money planned for a creator whose pieces are not under way yet.
    newcomer: (d,) draws of a new creator's contribution per piece (a creator without posts in the
    same fit), newcomer_price what a candidate asks; None when no candidate is known. live_days,
    newcomer_live_days: days on which a piece agreed on now can still go live, of a creator of the
    campaign and of a new one; None has no end.
    """

    campaign_day: int
    free_amount: float
    open_amount: Floats
    newcomer: Floats | None = None
    newcomer_price: float | None = None
    live_days: int | None = None
    newcomer_live_days: int | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """One line of advice. creator: position, None for a creator yet to be found.

    amount: money given (+) or taken (-); pieces: whole next pieces it buys. gain: expected
    contribution won by this advice less its cost (mean, low, high); of a shift the receiver's
    line carries the whole move's gain and the givers' lines have none.
    """

    creator: int | None
    action: Action
    amount: float
    pieces: int
    gain: Gain | None
    reason: str


def phase_of(campaign_day: int, policy: BudgetPolicy | None = None) -> Phase:
    """Return the phase of a campaign day (1 on the first); before the first day it is `watch`."""
    rule = policy or BudgetPolicy()
    if campaign_day <= rule.watch_days:
        return "watch"
    return "shift" if campaign_day <= rule.shift_days else "scale"


def advise_budget(
    pieces: NextPieces, state: BudgetState, policy: BudgetPolicy | None = None
) -> tuple[Ranking, list[Advice]]:
    """Return the ranking and one line of advice per creator, plus one on adding a creator.

    Amounts of shifts sum to zero over the creators, except for what comes out of the free money.
    Raises ValueError when an amount is negative or the state has another number of creators.
    """
    rule = policy or BudgetPolicy()
    if state.open_amount.size != pieces.fee.size:
        raise ValueError(
            f"{state.open_amount.size} open amounts for {pieces.fee.size} creators: one each"
        )
    if state.free_amount < 0 or (state.open_amount < 0).any():
        raise ValueError("free and open amounts must be >= 0")
    ranking = rank_next_pieces(pieces, target=rule.target)
    phase = phase_of(state.campaign_day, rule)
    open_total = state.free_amount + float(state.open_amount.sum())
    reserve = min(state.free_amount, rule.exploration_share * open_total)
    if state.newcomer_live_days == 0:
        reserve = 0.0
    moved, reason = _plan_move(ranking, pieces, state, rule, phase, open_total, reserve)
    lines = [
        _advise_creator(at, ranking, pieces, moved, reason, rule, phase)
        for at in range(pieces.fee.size)
    ]
    return ranking, [*lines, _advise_newcomer(state, rule, phase, reserve)]


def _plan_move(
    ranking: Ranking,
    pieces: NextPieces,
    state: BudgetState,
    rule: BudgetPolicy,
    phase: Phase,
    open_total: float,
    reserve: float,
) -> tuple[Floats, str]:
    """Return money given and taken per creator, and why, or why nothing moves."""
    none = np.zeros(pieces.fee.size)
    best, refusal = _find_receiver(ranking, rule, phase)
    if state.live_days == 0:
        return none, TOO_LATE
    if best is None:
        return none, refusal
    cap = (rule.cap_shift if phase == "shift" else rule.cap_scale) * open_total
    free = max(state.free_amount - reserve, 0.0) if phase == "scale" else 0.0
    givable = rule.donor_cap * state.open_amount
    # Money comes from those whose next piece returns least; product-only creators hold none.
    worse = ranking.returns.mean < ranking.returns.mean[best]
    givable = np.where(worse, givable, 0.0)
    price = float(pieces.price[best])
    count = int(min(cap, free + float(givable.sum())) / price + 1e-9)
    if count == 0:
        return none, (
            f"no change: one piece costs {price:,.2f}, a review may move {cap:,.2f} and"
            f" {free + float(givable.sum()):,.2f} can be moved"
        )
    if state.live_days is not None:
        count = min(count, _fitting_pieces(state.live_days, rule))
    needed = max(count * price - free, 0.0)
    moved = none.copy()
    for giver in np.argsort(np.where(worse, ranking.returns.mean, np.inf), kind="stable"):
        taken = min(float(givable[giver]), needed)
        moved[giver] -= taken
        needed -= taken
    moved[best] = count * price
    return moved, f"best of the campaign with P = {ranking.p_best[best]:.2f}"


def _fitting_pieces(live_days: int, rule: BudgetPolicy) -> int:
    """Return how many pieces one creator can publish on so many days, a gap between them."""
    return -(-live_days // rule.piece_gap_days)


def _find_receiver(ranking: Ranking, rule: BudgetPolicy, phase: Phase) -> tuple[int | None, str]:
    """Return the creator who passes the gate, or None and the reason why nobody does."""
    if phase == "watch":
        return None, f"no change: the first {rule.watch_days} days are for watching"
    if not np.isfinite(ranking.p_best).any():
        return None, "no change: no creator has a quoted price to be judged at"
    best = int(np.nanargmax(ranking.p_best))
    chance = ranking.p_best[best]
    if chance < rule.gate:
        return None, f"no change: the best has P(best) = {chance:.2f}, below {rule.gate:.2f}"
    if ranking.is_test[best]:
        return None, f"no change: the best has fewer than {FEWEST_PIECES} live pieces: a test"
    if ranking.returns.mean[best] <= rule.target:
        return None, (
            f"no change: even the best is expected to return {ranking.returns.mean[best]:.2f} of"
            f" its price, at most the target of {rule.target:.2f}"
        )
    return best, ""


def _advise_creator(
    at: int,
    ranking: Ranking,
    pieces: NextPieces,
    moved: Floats,
    reason: str,
    rule: BudgetPolicy,
    phase: Phase,
) -> Advice:
    """Return one creator's line: a part in the move, a verdict on the price, or keep."""
    if moved[at] > 0:
        action: Action = "shift" if (moved < 0).any() else "extend"
        gain = expected_gain(pieces.returns, moved)
        count = round(moved[at] / pieces.price[at])
        return Advice(at, action, float(moved[at]), count, gain, reason)
    price_verdict = _judge_price(at, ranking, pieces, rule, phase)
    if price_verdict:
        action, why = price_verdict
        return Advice(at, action, float(moved[at]), 0, None, why)
    if moved[at] < 0:
        why = f"its next piece is expected to return {ranking.returns.mean[at]:.2f} of its price"
        return Advice(at, "shift", float(moved[at]), 0, None, why)
    if ranking.is_test[at]:
        reason = (
            "a test: product only"
            if np.isnan(pieces.fee[at])
            else (f"a test: fewer than {FEWEST_PIECES} live pieces")
        )
    elif not reason.startswith("no change"):
        reason = "no change: nothing of its own to move"
    return Advice(at, "keep", 0.0, 0, None, reason)


def _judge_price(
    at: int, ranking: Ranking, pieces: NextPieces, rule: BudgetPolicy, phase: Phase
) -> tuple[Action, str] | None:
    """Return renegotiate or pause when the next piece is nearly sure not to reach the target."""
    if phase != "scale" or ranking.is_test[at]:
        return None
    chance = ranking.p_above_target[at]
    if chance > rule.rarely_above:
        return None
    fee = ranking.break_even_fee
    why = (
        f"P(above target) = {chance:.2f}; it breaks even at a fee of {fee.mean[at]:,.2f}"
        f" ({fee.low[at]:,.2f} to {fee.high[at]:,.2f}), asked are {pieces.fee[at]:,.2f}"
    )
    if fee.mean[at] < rule.pause_price_share * pieces.fee[at]:
        return "pause", why
    return "renegotiate", why


def _advise_newcomer(
    state: BudgetState, rule: BudgetPolicy, phase: Phase, reserve: float
) -> Advice:
    """Return the line on trying a new creator with the money kept for exploration."""
    if phase == "watch":
        return Advice(None, "keep", 0.0, 0, None, "no change: too early to add a creator")
    if state.newcomer_live_days == 0:
        return Advice(None, "keep", 0.0, 0, None, TOO_LATE_TO_ADD)
    price = state.newcomer_price
    if price is None or price <= 0:
        return Advice(None, "keep", 0.0, 0, None, "no change: no candidate has a quoted price")
    count = int(reserve / price + 1e-9)
    if count == 0:
        why = f"no change: {reserve:,.2f} are kept for new creators, one piece costs {price:,.2f}"
        return Advice(None, "keep", 0.0, 0, None, why)
    gain = None
    if state.newcomer is not None:
        gain = expected_gain(state.newcomer[None, :] / price, [count * price])
    why = f"{rule.exploration_share:.0%} of the open money is kept for creators not tried yet"
    return Advice(None, "add_creator", count * price, count, gain, why)
