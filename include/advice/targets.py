"""What the plan's own goals ask of a piece: the orders that its price must bring.

A goal of units sold and a budget say what the plan means to pay for a unit. At that price a piece
that costs p must bring p ÷ (budget ÷ units) units, and with the units an order has so far, so many
orders. Nothing is judged by it: a goal nobody can reach asks too much of every creator.
"""

from __future__ import annotations

from include.advice.facts import CampaignFacts


def orders_per_money(facts: CampaignFacts) -> float | None:
    """Return the orders the plan asks for per unit of money; None when it does not say.

    None as well before the first credited order, when nobody knows how many units an order has.
    """
    goal = next((goal for goal in facts.goals if goal.metric == "units_sold"), None)
    money = facts.campaign.budget_amount or facts.campaign.promised_amount
    if goal is None or money <= 0:
        return None
    units = sum((day.value or 0.0) - day.other for day in goal.days)
    orders = sum(order.credit for order in facts.orders)
    if units <= 0 or orders <= 0:
        return None
    return float(goal.target_value) / money * orders / units
