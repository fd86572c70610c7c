"""What a weekly review needs to know of each campaign, read from core and intermediate.

Money and shares come as floats: from here on they are inputs of estimates, not of sums that tie.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal

import psycopg

from include.estimates import CreditedOrder, read_posts


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign on the day of the review.

    margin_rate: what is left of net revenue after goods, payment and fulfilment, before commission.
    cost_coverage_rate: share of credited units whose cost is known. promised_amount: fees, products
    and shipping agreed, and commission earned. piece_lead_days, new_creator_lead_days: days from an
    agreement to a live piece, of a creator of the campaign and of a new one. exploration_rate: part
    of the open money the plan keeps for creators not tried yet, None where it does not say.
    """

    campaign_id: str
    start_date: dt.date
    end_date: dt.date
    reporting_timezone: str
    attribution_model: str
    rule_version: str
    budget_amount: float | None
    margin_rate: float
    cost_coverage_rate: float | None
    promised_amount: float
    piece_lead_days: int
    new_creator_lead_days: int
    exploration_rate: float | None = None

    def day_number(self, day: dt.date) -> int:
        """Return a day's place in the campaign, 1 on the first."""
        return (day - self.start_date).days + 1


@dataclass(frozen=True, slots=True)
class Offer:
    """What one more piece of a creator costs; `unavailable_reason` says why it has no price.

    open_amount: fees of promised pieces that are not under way: planned `piece_lead_days` ahead.
    """

    creator_id: str
    quoted_fee: float | None
    product_amount: float
    open_amount: float
    commission_rate: float
    unavailable_reason: str | None

    @property
    def fee(self) -> float:
        """The fee a creator competes with; NaN for who has no price, or has left."""
        if self.unavailable_reason is not None or self.quoted_fee is None:
            return float("nan")
        return self.quoted_fee


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is not in the plan, meets its criteria and names a price; of one piece."""

    platform: str
    handle: str
    price: float


@dataclass(frozen=True, slots=True)
class GoalDay:
    """What one day brought, in the goal's unit; `other` came without a creator's credit."""

    day: dt.date
    value: float | None
    other: float
    squared: float
    is_final: bool


@dataclass(frozen=True, slots=True)
class Goal:
    """A target of the plan with its days, ascending and without gaps."""

    days: tuple[GoalDay, ...]
    goal_id: str
    metric: str
    scope: str
    target_value: Decimal
    baseline_date: dt.date | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece that is live, or planned for a day to come; its format tells its kind."""

    day: dt.date
    content_format: str
    is_live: bool


@dataclass(slots=True)
class CampaignFacts:
    """Everything one campaign's review reads; posts ascending by creator, pieces by day."""

    campaign: Campaign
    offers: list[Offer] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    posts: dict[str, list[dt.datetime]] = field(default_factory=dict)
    orders: list[CreditedOrder] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)


def read_facts(connection: psycopg.Connection, day: dt.date) -> list[CampaignFacts]:
    """Return every campaign with what is known at the end of `day`, but for its orders."""
    found = {row.campaign_id: CampaignFacts(row) for row in _read_campaigns(connection)}
    for campaign_id, offer in _read_offers(connection):
        found[campaign_id].offers.append(offer)
    for campaign_id, candidate in _read_candidates(connection):
        found[campaign_id].candidates.append(candidate)
    for (campaign_id, creator_id), lives in read_posts(connection, day).items():
        found[campaign_id].posts[creator_id] = lives
    for campaign_id, piece in _read_pieces(connection, day):
        found[campaign_id].pieces.append(piece)
    for campaign_id, goal in _read_goals(connection):
        found[campaign_id].goals.append(goal)
    return list(found.values())


def _read_campaigns(connection: psycopg.Connection) -> list[Campaign]:
    rows = connection.execute(
        """
        select
            campaigns.campaign_id, campaigns.start_date, campaigns.end_date,
            campaigns.reporting_timezone, campaigns.default_attribution_model,
            campaigns.default_rule_version, campaigns.budget_amount::float8,
            margins.margin_rate::float8, margins.cost_coverage_rate::float8,
            coalesce(promised.cost_amount, 0)::float8,
            margins.piece_lead_days, margins.new_creator_lead_days,
            campaigns.exploration_rate::float8
        from core.dim_campaign as campaigns
        inner join intermediate.int_campaign_margins as margins
            on campaigns.campaign_id = margins.campaign_id
        left join (
            select campaign_id, sum(cost_amount) as cost_amount
            from core.fct_creator_cost
            where cost_basis = 'committed'
                or (cost_basis = 'delivered' and cost_type = 'commission')
            group by campaign_id
        ) as promised on campaigns.campaign_id = promised.campaign_id
        order by campaigns.campaign_id
        """
    )
    return [Campaign(*row) for row in rows]


def _read_offers(connection: psycopg.Connection) -> list[tuple[str, Offer]]:
    rows = connection.execute(
        """
        select
            campaign_id, creator_id, quoted_fee_amount::float8, product_amount::float8,
            open_amount::float8, commission_rate::float8, unavailable_reason
        from intermediate.int_next_piece_prices
        order by campaign_id, creator_id
        """
    )
    return [(campaign_id, Offer(*values)) for campaign_id, *values in rows]


def _read_candidates(connection: psycopg.Connection) -> list[tuple[str, Candidate]]:
    rows = connection.execute(
        """
        select campaign_id, platform, handle, price_per_piece::float8
        from intermediate.int_candidate_prices
        order by campaign_id, platform, handle
        """
    )
    return [(campaign_id, Candidate(*values)) for campaign_id, *values in rows]


def read_order_keys(connection: psycopg.Connection) -> dict[str, tuple[object, ...]]:
    """Return what tells one state of a campaign's credited orders from another.

    Hashes of whole credits, kept by day: of shares and money, of who ordered and when.
    """
    rows = connection.execute(
        """
        select campaign_id, sum(own_hash)
        from intermediate.int_credit_keys_summed
        group by campaign_id
        """
    )
    return {campaign_id: tuple(values) for campaign_id, *values in rows}


def read_orders(
    connection: psycopg.Connection, campaigns: Collection[str]
) -> dict[str, list[CreditedOrder]]:
    """Return kept orders with credit under their campaign's own model and rule version."""
    rows = connection.execute(
        """
        select
            campaign_id, creator_id,
            coalesce(customer_id, 'order ' || order_id) as customer,
            ordered_at,
            sum(credit_share * conversion_count)::float8 as credit,
            sum(credit_amount)::float8 as net_revenue
        from intermediate.int_default_credits
        where order_class = 'kept' and campaign_id = any(%s)
        group by 1, 2, 3, 4, connection_id, order_id
        order by connection_id, order_id, creator_id
        """,
        [list(campaigns)],
    )
    orders: dict[str, list[CreditedOrder]] = defaultdict(list)
    for campaign_id, *values in rows:
        orders[campaign_id].append(CreditedOrder(*values))
    return orders


def _read_pieces(connection: psycopg.Connection, day: dt.date) -> list[tuple[str, Piece]]:
    """Return live pieces and those still to come; one overdue by a week is not waited for.

    What nobody lets us see counts as live on its planned day, as it does for cost.
    """
    rows = connection.execute(
        """
        with pieces as materialized (
            select pieces.*, creators.last_planned_date
            from intermediate.int_deliverables_matched as pieces
            inner join core.dim_creator as creators
                on pieces.campaign_id = creators.campaign_id
                and pieces.creator_id = creators.creator_id
        )

        select campaign_id, published_date as day, content_format, true as is_live
        from intermediate.int_posts_matched
        where published_date <= %(day)s
        union all
        select campaign_id, live_date, content_format, true
        from pieces
        where post_id is null and live_date <= %(day)s
        union all
        select campaign_id, greatest(planned_date, %(day)s::date + 1), content_format, false
        from pieces
        where coalesce(live_date > %(day)s, true)
            and planned_date > %(day)s::date - 7
            and last_planned_date is null
        order by campaign_id, day, content_format
        """,
        {"day": day},
    )
    return [(campaign_id, Piece(*values)) for campaign_id, *values in rows]


def _read_goals(connection: psycopg.Connection) -> list[tuple[str, Goal]]:
    days: dict[tuple[str, str], list[GoalDay]] = defaultdict(list)
    for campaign_id, goal_id, *values in connection.execute(
        """
        select campaign_id, goal_id, metric_date, goal_value::float8, other_value::float8,
            squared_value::float8, is_final
        from intermediate.int_goal_days
        order by campaign_id, goal_id, metric_date
        """
    ):
        days[campaign_id, goal_id].append(GoalDay(*values))
    rows = connection.execute(
        """
        select campaign_id, goal_id, metric, scope, target_value, baseline_date
        from staging.stg_campaign_plan__goals
        order by campaign_id, goal_id
        """
    )
    return [
        (campaign_id, Goal(tuple(days[campaign_id, goal_id]), goal_id, *plan))
        for campaign_id, goal_id, *plan in rows
    ]
