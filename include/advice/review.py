"""One campaign's weekly review: a line per creator, one on new creators, one on money left over.

A creator is judged on one more piece at its quoted price: expected orders of a piece × value of an
order × what is left of it, against fee plus product. Young pieces count in part. The fit holds one
creator more than the campaign, without posts: a new creator's piece is drawn from it.
"""

from __future__ import annotations

import datetime as dt
import zlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from include.advice.facts import Campaign, CampaignFacts, Offer
from include.advice.newcomers import price_newcomer
from include.advice.targets import orders_per_money
from include.estimates import place_on_posts
from include.stats.budget import Advice, BudgetPolicy, BudgetState, advise_budget, phase_of
from include.stats.decisions import Interval, NextPieces, Ranking
from include.stats.maturity import fit_mean_delay, matured_shares
from include.stats.orders import fit_orders
from include.stats.values import OrderValues, draw_order_values

Floats = NDArray[np.float64]
Three = tuple[float, float, float]
CREATOR, NEW_CREATOR, UNSPENT = "creator", "new_creator", "unspent"
# As `int_next_piece_prices` says it.
PRODUCT_ONLY = "paid in product only"
DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One line of a review; what cannot be known is None.

    from_amount, to_amount: money planned for the line before and after. orders_per_piece,
    next_piece_return, break_even_fee, gain: mean, low and high at 90 %. goal_orders: orders the
    plan's goal asks of a piece at this price; p_above_goal: the chance that it brings them.
    """

    line_type: str
    creator_id: str | None
    phase: str
    action: str
    reason: str
    piece_count: int
    from_amount: float
    to_amount: float
    order_count: float
    post_count: int
    matured_post_count: float
    gain: Three | None = None
    p_best: float | None = None
    p_top3: float | None = None
    p_above_target: float | None = None
    p_above_goal: float | None = None
    goal_orders: float | None = None
    orders_per_piece: Three | None = None
    next_piece_return: Three | None = None
    break_even_fee: Three | None = None
    quoted_price: float | None = None
    margin_rate: float | None = None
    price_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Posts:
    """Credited orders, creator and matured share of every piece that is live, each (pieces,)."""

    counts: Floats
    owners: NDArray[np.intp]
    matured: Floats
    mean_delay: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draws of the next pieces: contribution with prices, credited orders (c, d), a newcomer's."""

    pieces: NextPieces
    rates: Floats
    newcomer: Floats


def review_campaign(
    facts: CampaignFacts, day: dt.date, policy: BudgetPolicy | None = None
) -> list[Recommendation]:
    """Return a line per creator in the order of the offers, then the campaign's own two lines.

    The same facts give the same lines whatever the calendar says: draws are seeded by campaign and
    its day.
    """
    rule = policy or policy_of(facts.campaign)
    count = len(facts.offers)
    posts = weigh_posts(facts, day)
    refusal = _refuse(facts, day, posts)
    drawn = draw_next_pieces(facts, day, posts)
    if drawn is None:
        why = refusal or "no change: nothing says what an order is worth"
        return _spell(facts, day, rule, posts, [_keep(at, why) for at in [*range(count), None]])
    price = price_newcomer(facts)
    state = BudgetState(
        max(facts.campaign.day_number(day), 0),
        _free_amount(facts.campaign),
        np.array([offer.open_amount for offer in facts.offers]),
        drawn.newcomer,
        price.amount if price else None,
        _live_days(facts.campaign, day, facts.campaign.piece_lead_days),
        _live_days(facts.campaign, day, facts.campaign.new_creator_lead_days),
    )
    ranking, advised = advise_budget(drawn.pieces, state, rule)
    lines = [_keep(line.creator, refusal) if refusal else line for line in advised]
    rows = _spell(facts, day, rule, posts, lines)
    rates = Interval.of(drawn.rates)
    ranked = [
        _with_ranking(row, at, ranking, rates, drawn.pieces) for at, row in enumerate(rows[:count])
    ]
    asked = orders_per_money(facts)
    if asked is not None:
        ranked = [_with_goal(row, asked, drawn.rates[at]) for at, row in enumerate(ranked)]
    return [*ranked, *rows[count:]]


def policy_of(campaign: Campaign) -> BudgetPolicy:
    """Return the policy a campaign is reviewed under: the usual one, and what its plan sets."""
    rule = BudgetPolicy()
    if campaign.exploration_rate is None:
        return rule
    return replace(rule, exploration_share=campaign.exploration_rate)


def weigh_posts(facts: CampaignFacts, day: dt.date) -> Posts:
    """Place orders on pieces and say how much of what each will bring has come by the day's end."""
    index = {offer.creator_id: at for at, offer in enumerate(facts.offers)}
    counted = [order for order in facts.orders if order.creator_id in index and order.credit > 0]
    counts, owners, lives = place_on_posts(index, facts.posts, counted)
    zone = ZoneInfo(facts.campaign.reporting_timezone)
    until = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    delay = _fit_delay(facts, until)
    ages = [(until - live).total_seconds() / DAY_SECONDS if live else 1e6 for live in lives]
    return Posts(
        np.array(counts, dtype=np.float64),
        np.array(owners, dtype=np.intp),
        np.maximum(matured_shares(ages, delay), 0.02),
        delay,
    )


def _fit_delay(facts: CampaignFacts, until: dt.datetime) -> float:
    """Fit the delay from a piece to its orders; the next piece of its creator ends its watch."""
    delays, watched, weights = [], [], []
    for order in facts.orders:
        lives = facts.posts.get(order.creator_id, [])
        number = bisect_right(lives, order.ordered_at)
        if number == 0 or order.credit <= 0:
            continue
        ends = lives[number] if number < len(lives) else until
        delays.append((order.ordered_at - lives[number - 1]).total_seconds() / DAY_SECONDS)
        watched.append(max((ends - lives[number - 1]).total_seconds() / DAY_SECONDS, delays[-1]))
        weights.append(order.credit)
    return fit_mean_delay(delays, watched, weights)


def draw_next_pieces(facts: CampaignFacts, day: dt.date, posts: Posts) -> Drawn | None:
    """Draw what one more piece of each creator, and of one who never posted, will bring.

    None when nothing is live or nothing says what an order is worth.
    """
    count = len(facts.offers)
    bought, size = _bought(facts)
    campaign = facts.campaign
    seed = zlib.crc32(f"{campaign.campaign_id} {campaign.day_number(day)}".encode())
    values = draw_order_values(bought, count + 1, seed) if count else None
    if values is None or posts.counts.size == 0:
        return None
    fit = fit_orders(
        posts.counts, posts.owners, count + 1, credit_size=size, maturity=posts.matured
    )
    rates = fit.draw(values.shape[1], seed)
    commissions = np.array([offer.commission_rate for offer in facts.offers])
    margins = campaign.margin_rate - np.append(commissions, commissions.mean())
    worth = rates * values * margins[:, None]
    pieces = NextPieces.of(
        worth[:count],
        [offer.fee for offer in facts.offers],
        np.bincount(posts.owners, minlength=count),
        [offer.product_amount for offer in facts.offers],
    )
    return Drawn(pieces, rates[:count], worth[count])


def _bought(facts: CampaignFacts) -> tuple[OrderValues, float]:
    """Return what customers of each creator bought, and the mean credit of a credited order."""
    index = {offer.creator_id: at for at, offer in enumerate(facts.offers)}
    orders = [order for order in facts.orders if order.creator_id in index and order.credit > 0]
    credit = np.array([order.credit for order in orders])
    bought = OrderValues.of(
        [index[order.creator_id] for order in orders],
        [order.customer for order in orders],
        credit,
        [order.net_revenue for order in orders],
    )
    size = float((credit**2).sum() / credit.sum()) if orders else 1.0
    return bought, min(size, 1.0)


def _refuse(facts: CampaignFacts, day: dt.date, posts: Posts) -> str | None:
    """Say why a review cannot advise anything; None when it can."""
    campaign = facts.campaign
    if day < campaign.start_date:
        return f"no change: the campaign begins on {campaign.start_date}"
    if day > campaign.end_date:
        return f"no change: the campaign ended on {campaign.end_date}"
    if _live_days(campaign, day, campaign.piece_lead_days) == 0:
        soonest = day + dt.timedelta(days=campaign.piece_lead_days)
        return (
            f"no change: a piece agreed on now is live on {soonest} at the earliest, and the"
            f" campaign ends on {campaign.end_date}"
        )
    if posts.counts.size == 0:
        return "no change: no piece is live yet"
    if sum(order.credit > 0 for order in facts.orders) < 2:
        return "no change: fewer than two credited orders say nothing about what an order is worth"
    if len({order.customer for order in facts.orders if order.credit > 0}) < 2:
        return "no change: one customer alone says nothing about what an order is worth"
    return None


def _live_days(campaign: Campaign, day: dt.date, lead_days: int) -> int:
    """Return on how many days of the campaign a piece agreed on now can still go live."""
    return max((campaign.end_date - day).days - lead_days + 1, 0)


def _keep(at: int | None, reason: str) -> Advice:
    return Advice(at, "keep", 0.0, 0, None, reason)


def _spell(
    facts: CampaignFacts,
    day: dt.date,
    rule: BudgetPolicy,
    posts: Posts,
    lines: Sequence[Advice],
) -> list[Recommendation]:
    """Turn advice into lines whose money adds up: what one gets, others or the free money give."""
    phase = phase_of(max(facts.campaign.day_number(day), 0), rule)
    count = len(facts.offers)
    sold = np.bincount(posts.owners, weights=posts.counts, minlength=count)
    live = np.bincount(posts.owners, minlength=count)
    matured = np.bincount(posts.owners, weights=posts.matured, minlength=count)
    rows = [
        Recommendation(
            CREATOR, offer.creator_id, phase, line.action, _reason(line, offer), line.pieces,
            offer.open_amount, offer.open_amount + line.amount,
            float(sold[at]), int(live[at]), float(matured[at]),
            gain=line.gain, price_reason=offer.unavailable_reason,
            margin_rate=facts.campaign.margin_rate - offer.commission_rate,
        )
        for at, (offer, line) in enumerate(zip(facts.offers, lines[:count], strict=True))
    ]  # fmt: skip
    total = (float(sold.sum()), int(live.sum()), float(matured.sum()))
    return [*rows, *_spell_campaign(facts, phase, lines, total)]


def _spell_campaign(
    facts: CampaignFacts, phase: str, lines: Sequence[Advice], total: tuple[float, int, float]
) -> list[Recommendation]:
    """Return the lines on a new creator and on the money nobody was promised."""
    new, price = lines[-1], price_newcomer(facts)
    reason = new.reason
    if new.action == "add_creator" and price is not None:
        reason += f"; a piece is taken at {price.basis}"
    free = _free_amount(facts.campaign)
    left = free - sum(line.amount for line in lines)
    return [
        Recommendation(
            NEW_CREATOR, None, phase, new.action, reason, new.pieces, 0.0, new.amount, *total,
            gain=new.gain, quoted_price=price.amount if price else None,
        ),
        Recommendation(
            UNSPENT, None, phase, "keep", _spell_unspent(facts.campaign), 0, free, left, *total
        ),
    ]  # fmt: skip


def _free_amount(campaign: Campaign) -> float:
    """Return what of the budget nobody was promised; 0 without a budget."""
    return max((campaign.budget_amount or 0.0) - campaign.promised_amount, 0.0)


def _reason(line: Advice, offer: Offer) -> str:
    """Return the line's reason, or why the creator has no price to be judged at."""
    if offer.unavailable_reason in (None, PRODUCT_ONLY) or line.reason.startswith("no change"):
        return line.reason
    return f"no change: {offer.unavailable_reason}"


def _spell_unspent(campaign: Campaign) -> str:
    budget, promised = campaign.budget_amount, campaign.promised_amount
    if budget is None:
        return "no change: the plan names no budget, so nothing counts as free"
    free = _free_amount(campaign)
    if free == 0:
        return f"no change: of the budget of {budget:,.2f}, {promised:,.2f} are promised"
    return f"{free:,.2f} of the budget of {budget:,.2f} were promised to nobody"


def _with_ranking(
    row: Recommendation, at: int, ranking: Ranking, rates: Interval, pieces: NextPieces
) -> Recommendation:
    """Add what is known of the creator's next piece."""
    price = pieces.fee[at] + pieces.other_cost[at]
    return replace(
        row,
        p_best=_known(ranking.p_best[at]),
        p_top3=_known(ranking.p_top3[at]),
        p_above_target=_known(ranking.p_above_target[at]),
        orders_per_piece=_three(rates, at),
        next_piece_return=_three(ranking.returns, at),
        break_even_fee=_three(ranking.break_even_fee, at),
        quoted_price=_known(price),
    )


def _with_goal(row: Recommendation, orders_asked: float, rates: Floats) -> Recommendation:
    """Add what the plan's goal asks of the next piece; who has no price is asked for nothing."""
    if row.quoted_price is None:
        return row
    goal = orders_asked * row.quoted_price
    return replace(row, goal_orders=goal, p_above_goal=float((rates > goal).mean()))


def _three(interval: Interval, at: int) -> Three | None:
    if np.isnan(interval.mean[at]):
        return None
    return float(interval.mean[at]), float(interval.low[at]), float(interval.high[at])


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
