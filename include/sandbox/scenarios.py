"""What the models miss, scenario by scenario: simulated markets through the real dbt models.

Every scenario and seed is a shop of its own in one warehouse, so one build serves them all. The
truth is asked of the markets themselves and never enters the warehouse.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from include.attribution.truth import (
    ModelError,
    TrueOrder,
    judge_model,
    true_orders,
    unseen_share,
)
from include.attribution.truth_credits import Credits, read_markov_credits
from include.campaigns.plan import load_plan
from include.removal_effects import solve_weeks
from include.sandbox.installation import SAMPLE_FOLDER
from include.sandbox.market_facts import MarketOptions
from include.sandbox.market_rows import load_market
from include.sandbox.world import Market, build_market
from include.warehouse.connection import connect

# One banner decides over GA4 and the shop's journey: else the shop sees what GA4 may not.
SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "base": {},
    "consent 50 %": {"consent_rate": 0.5, "one_banner": True},
    "leaky code": {"leaked_share": 0.15},
    "code-heavy audience": {"code_audience_share": 0.8},
    "many guests": {"guest_rate": 0.6},
    "heavy refunds": {"refund_rate": 0.35},
    # A journey is lost after a look-back: with so much history there are some from the start on.
    "event export": {"history_days": 37},
}
EXPORTED = frozenset({"event export"})  # those in which GA4's event export is read
Truth = tuple[list[TrueOrder], list[str]]  # kept orders, all creators
Amounts = dict[str, dict[str, dict[str, Decimal]]]  # model → order → creator → amount
Evidence = dict[str, set[str]]  # order → creators

RULE_VERSION = "all"
# What the credits need, nothing that only the marts read; in two steps, so that the planner knows
# how many touches there are before it joins them.
STEPS = (
    ("+fct_touchpoint", "+fct_order"),
    ("fct_attribution_credit", "+int_path_summary", "+dim_creator"),
)
CHAINS = (
    "int_measure_run_facts",
    "int_chain_days",
    "int_credits_chained",
    "int_chained_days_summed",
    "int_chained_days_outdated",
    "int_chained_credits_summed",
    "int_windows_credited",
)
BUILD = (
    "build", "--exclude-resource-type", "unit_test", "test",
    "--vars", f"{{attribution_rule_versions: [{RULE_VERSION}]}}", "--select",
)  # fmt: skip
SETTLING_DAYS = 25  # a refund comes at most so long after its order
CREDITS = """
select connection_id, order_id, creator_id, {models}
from core.fct_attribution_credit
where rule_version = %s and order_class = 'kept' and channel_type = 'creator'
group by connection_id, order_id, creator_id
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one market's truth says of the models' credit."""

    scenario: str
    seed: int
    order_count: int
    caused_amount: Decimal
    unseen_share: float
    errors: tuple[ModelError, ...]


def run_scenarios(
    warehouse_dsn: str,
    build: Callable[[Sequence[str]], None],
    names: Iterable[str],
    seeds: Iterable[int],
    *,
    scale: float = 1.0,
) -> list[Outcome]:
    """Simulate, load, build and judge; return one outcome per scenario and seed.

    warehouse_dsn: the admin's, of a migrated warehouse without rows. build: runs dbt there with the
    given arguments. scale: of orders and visits, 1 is the sample market's size.
    """
    truths: dict[str, tuple[str, int, Truth]] = {}
    wanted = [(name, seed) for name in names for seed in seeds]
    with connect(warehouse_dsn) as connection:
        for number, (name, seed) in enumerate(wanted, start=1):
            market, label = simulate(name, seed, scale), f"shop{number:03}"
            load_market(
                connection, market, label, judged_at(market), number, has_export=name in EXPORTED
            )
            # A market is large: only what it knows of the causes is kept.
            truths[label] = (name, seed, truth_of(market))
            last_day = market.end_date
    for selected in STEPS:
        # Without figures of the new rows the planner compares every order with every other.
        with connect(warehouse_dsn) as connection:
            connection.execute("analyze")
        build([*BUILD, *selected])
    _solve_chains(warehouse_dsn, last_day)
    build([*BUILD, *CHAINS])
    return judge_shops(warehouse_dsn, truths, last_day)


def _solve_chains(warehouse_dsn: str, last_day: dt.date) -> None:
    """Solve every week of every shop, as a measure run of the markets' last day does."""
    with connect(warehouse_dsn) as connection:
        row = connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id) "
            "values (%s, %s, 'scenarios') returning measure_run_id",
            [last_day, last_day],
        ).fetchone()
    assert row is not None
    solve_weeks(warehouse_dsn, int(row[0]))


def judge_shops(
    warehouse_dsn: str, truths: Mapping[str, tuple[str, int, Truth]], until: dt.date
) -> list[Outcome]:
    """Compare every shop's credit with its truth, one shop at a time."""
    found = read_credits(warehouse_dsn)
    outcomes = {}
    with connect(warehouse_dsn) as connection:
        for label, chained in read_markov_credits(connection, RULE_VERSION, until):
            amounts, evidence = found.pop(label)
            outcomes[label] = judge(*truths[label], {**amounts, **chained}, evidence)
    return [outcomes[label] for label in truths]


def simulate(name: str, seed: int, scale: float = 1.0) -> Market:
    """Return a scenario's market over the sample campaign, with a week before it."""
    plan = load_plan(next(iter(sorted(SAMPLE_FOLDER.glob("*.yaml")))))
    options = MarketOptions(scale=scale, **{"history_days": 7, **SCENARIOS[name]})
    days = options.history_days + plan.campaign.days + SETTLING_DAYS
    return build_market(plan, seed, days, options)


def judged_at(market: Market) -> dt.datetime:
    """Return the end of the market's last day, when every refund has come."""
    midnight = dt.datetime.combine(
        market.end_date + dt.timedelta(days=1), dt.time(), tzinfo=market.timezone
    )
    return midnight.astimezone(dt.UTC)


def read_credits(dsn: str) -> dict[str, tuple[Amounts, Evidence]]:
    """Return per shop what each model credits to creators, and whom the paths name."""
    found: dict[str, tuple[Amounts, Evidence]] = {}
    with connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        models = _model_names(connection)
        sums = ", ".join(f"sum({model}_amount) as {model}" for model in models)
        for row in cursor.execute(CREDITS.format(models=sums).encode(), [RULE_VERSION]):
            amounts, evidence = found.setdefault(row["connection_id"], ({}, {}))
            evidence.setdefault(row["order_id"], set()).add(row["creator_id"])
            for model in models:
                orders = amounts.setdefault(model, {})
                orders.setdefault(row["order_id"], {})[row["creator_id"]] = row[model]
    return found


def _model_names(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "select left(column_name, -6) from information_schema.columns where table_schema = 'core' "
        "and table_name = 'fct_attribution_credit' and column_name like '%\\_share' order by 1"
    ).fetchall()
    return [str(name) for (name,) in rows]


def truth_of(market: Market) -> Truth:
    """Return the kept orders of the shop that was loaded, and all creators."""
    loaded = {str(order.order_id) for order in market.orders_at(judged_at(market))}
    orders, creators = true_orders(market.truth(market.end_date))
    return [order for order in orders if order.order_id in loaded], creators


def judge(scenario: str, seed: int, truth: Truth, amounts: Credits, evidence: Evidence) -> Outcome:
    """Compare a market's credit with its truth."""
    orders, creators = truth
    return Outcome(
        scenario=scenario,
        seed=seed,
        order_count=len(orders),
        caused_amount=sum((o.amount for o in orders if o.cause), Decimal(0)),
        unseen_share=unseen_share(orders, evidence),
        errors=tuple(judge_model(n, amounts[n], orders, creators) for n in sorted(amounts)),
    )
