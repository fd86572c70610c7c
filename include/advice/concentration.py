"""How much of a campaign's expected revenue hangs on few creators, and how much of that is chance.

The index of what was seen is a matter of arithmetic and lies in the mart. Here is what it cannot
tell by itself: the interval of the index of expected revenue, and the index that equal creators
would show with so many orders on so many pieces.
"""

from __future__ import annotations

import numpy as np

from include.advice.facts import CampaignFacts
from include.estimates import place_on_posts
from include.stats.concentration import Concentration, measure_concentration
from include.stats.orders import fit_orders
from include.stats.pacing import PIECE_VARIATION
from include.stats.values import OrderValues, draw_order_values


def measure_campaign(facts: CampaignFacts) -> Concentration | None:
    """Return the concentration of net revenue; None while nothing says what an order is worth."""
    index = {offer.creator_id: at for at, offer in enumerate(facts.offers)}
    orders = [order for order in facts.orders if order.creator_id in index and order.credit > 0]
    owners = [index[order.creator_id] for order in orders]
    credit = np.array([order.credit for order in orders])
    money = np.array([order.net_revenue for order in orders])
    bought = OrderValues.of(owners, [order.customer for order in orders], credit, money)
    values = draw_order_values(bought, len(index)) if orders else None
    if values is None:
        return None
    counts, on_post, _ = place_on_posts(index, facts.posts, orders)
    size = min(float((credit**2).sum() / credit.sum()), 1.0)
    # Joint draws: what creators share moves all of them and leaves the shares as they are.
    rates = fit_orders(counts, on_post, len(index), credit_size=size).draw(values.shape[1])
    pieces = np.bincount(on_post, minlength=len(index))
    worth = money / credit
    return measure_concentration(
        np.bincount(owners, weights=money, minlength=len(index)),
        order_count=float(credit.sum()),
        draws=rates * pieces[:, None] * values,
        value_variation=float(worth.std() / worth.mean()) if worth.mean() > 0 else 0.0,
        piece_count=float(len(counts)),
        piece_variation=PIECE_VARIATION,
    )
