"""What must hold for the marts of results: advice, goals, lift, audiences, arms, candidates.

A rule of one mart is the condition that its bad rows meet, with the columns it reads: a mart
without them (an older one, or a test's) is not asked. What would mislead a decision stops a
publication; what is worth a look warns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from include.quality.rules import Rule, Severity, no_rows

Columns = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Bad:
    """Rows of a mart that must not be: a name for what must hold, and the condition of bad rows."""

    mart: str
    name: str
    columns: str
    condition: str
    severity: Severity = "critical"


ROWS = (
    _Bad(
        "mart_budget_recommendation",
        "chances lie between 0 and 1",
        "p_best p_above_target",
        "p_best not between 0 and 1 or p_above_target not between 0 and 1",
    ),
    _Bad(
        "mart_budget_recommendation",
        "money moves to a creator only past the evidence gate",
        "creator_id moved_amount is_gate_passed",
        "creator_id is not null and moved_amount > 0 and is_gate_passed is not true",
    ),
    _Bad(
        "mart_budget_recommendation",
        "every line says why",
        "action_reason",
        "coalesce(action_reason, '') = ''",
        "warning",
    ),
    _Bad(
        "mart_campaign_pacing",
        "a projected end lies between its ends",
        "projected_end_low projected_end_value projected_end_high",
        "projected_end_value not between projected_end_low and projected_end_high",
    ),
    _Bad(
        "mart_campaign_pacing",
        "a goal without a value says why",
        "actual_value unavailable_reason",
        "actual_value is null and unavailable_reason is null",
        "warning",
    ),
    _Bad(
        "mart_campaign_pacing",
        "the goals ask nothing impossible of each other",
        "goal_inconsistency",
        "goal_inconsistency is not null",
        "info",
    ),
    _Bad(
        "mart_brand_lift",
        "a change that is not known says why",
        "change_value unavailable_reason",
        "change_value is null and unavailable_reason is null",
        "warning",
    ),
    _Bad(
        "mart_halo_incrementality",
        "a lift is called measured only where it could be seen",
        "verdict lift_rate smallest_detectable_rate",
        "verdict = 'measured' and (smallest_detectable_rate is null"
        " or abs(lift_rate) < smallest_detectable_rate)",
    ),
    _Bad(
        "mart_halo_incrementality",
        "what cannot be told says why",
        "verdict unavailable_reason",
        "verdict = 'cannot be told' and unavailable_reason is null",
        "warning",
    ),
    _Bad(
        "mart_candidate_shortlist",
        "nobody is picked twice, nor more than there are",
        "picked_count candidate_count",
        "picked_count > candidate_count",
    ),
    _Bad(
        "mart_audience_quality",
        "a score lies between 0 and 1 and no sign is counted twice",
        "audience_score comment_count generic_comment_count duplicate_comment_count",
        "audience_score not between 0 and 1"
        " or generic_comment_count + duplicate_comment_count > comment_count",
    ),
    _Bad(
        "mart_audience_quality",
        "no audience looks bought",
        "is_alert",
        "is_alert",
        "warning",
    ),
    _Bad(
        "mart_campaign_profile",
        "a campaign ends after it starts and no creator is counted twice",
        "start_date end_date creator_count connected_creator_count unseen_creator_count",
        "end_date < start_date or connected_creator_count + unseen_creator_count > creator_count",
    ),
    _Bad(
        "mart_campaign_profile",
        "every campaign has creators",
        "creator_count",
        "creator_count = 0",
        "warning",
    ),
    _Bad(
        "mart_benchmark_comparison",
        "each comparison says variant, tier, platform, source and day",
        "measured_variant benchmark_variant benchmark_tier benchmark_platform source_name"
        " recorded_date explanation",
        "measured_variant is null or benchmark_variant is null or benchmark_tier is null"
        " or benchmark_platform is null or source_name is null or recorded_date is null"
        " or explanation is null",
        "warning",
    ),
    _Bad(
        "mart_tier_comparison",
        "no arm counts more pieces than are live",
        "counted_piece_count live_piece_count",
        "counted_piece_count > live_piece_count",
    ),
    _Bad(
        "mart_concentration",
        "shares are squared into an index between equality and one",
        "hhi hhi_of_equal_creators",
        "hhi not between hhi_of_equal_creators - 0.000001 and 1",
    ),
    _Bad(
        "mart_customer_cohort",
        "no more customers come back than came",
        "repeat_count customer_count",
        "repeat_count > customer_count",
    ),
    _Bad(
        "mart_funnel",
        "no step of the site has more people than the one before",
        "stage_number step_rate",
        "stage_number > 2 and step_rate > 1",
        "warning",
    ),
)


def build_result_rules(columns: Columns) -> list[Rule]:
    """Return the rules for those of these marts that are to be published."""
    rules = [
        no_rows(
            bad.name,
            f"marts_next.{bad.mart}",
            f"select * from marts_next.{bad.mart} where {bad.condition}",
            bad.severity,
        )
        for bad in ROWS
        if set(bad.columns.split()) <= columns.get(bad.mart, frozenset())
    ]
    return [*rules, *_sums(columns), *_intervals(columns)]


def _sums(columns: Columns) -> Iterator[Rule]:
    """Yield what must tie between rows, or between two marts."""
    advice, quarters = "mart_budget_recommendation", "mart_program_quarterly"
    if {"campaign_id", "moved_amount"} <= columns.get(advice, frozenset()):
        # Each line is rounded to the cent.
        yield no_rows(
            "advice moves money and makes none",
            f"marts_next.{advice}",
            f"select campaign_id, sum(moved_amount) as made_amount from marts_next.{advice} "
            "group by campaign_id having abs(sum(moved_amount)) > 0.01 * count(*)",
        )
    money = {"brand_name", "quarter_start_date", "creator_id", "currency_code"}
    if money | {"net_revenue_amount"} <= columns.get(quarters, frozenset()):
        yield no_rows(
            "a quarter is the sum of its creators",
            f"marts_next.{quarters}",
            f"""
            select brand_name, quarter_start_date, currency_code from marts_next.{quarters}
            group by brand_name, quarter_start_date, currency_code
            having sum(case when creator_id = '(all creators)' then net_revenue_amount
                else -net_revenue_amount end) <> 0
            """,
        )
    yield from _costs(columns)
    yield from _shares(columns)


def _costs(columns: Columns) -> Iterator[Rule]:
    arms, cards = "mart_tier_comparison", "mart_creator_scorecard"
    if not {"delivered_cost_amount", "arm", "window_days"} <= columns.get(arms, frozenset()):
        return
    if not {"campaign_id", "cost_amount"} <= columns.get(cards, frozenset()):
        return
    yield no_rows(
        "the arms hold every cent of the scorecard's cost",
        f"marts_next.{arms}",
        f"""
        select arms.campaign_id, arms.window_days, arms.cost_amount,
            cards.cost_amount as card_amount
        from (
            select campaign_id, window_days, sum(delivered_cost_amount) as cost_amount
            from marts_next.{arms} where arm <> 'hybrid' group by campaign_id, window_days
        ) as arms
        inner join (
            select campaign_id, sum(cost_amount) as cost_amount
            from marts_next.{cards} group by campaign_id
        ) as cards on arms.campaign_id = cards.campaign_id
        where arms.cost_amount <> cards.cost_amount
        """,
        "warning",
    )


def _shares(columns: Columns) -> Iterator[Rule]:
    places = "mart_geo_match"
    if not {"creator_id", "order_share_rate", "session_share_rate"} <= columns.get(
        places, frozenset()
    ):
        return
    yield no_rows(
        "a creator's shares by country add up to one",
        f"marts_next.{places}",
        f"""
        select campaign_id, creator_id from marts_next.{places}
        group by campaign_id, creator_id
        having abs(sum(order_share_rate) - 1) > 0.001 or abs(sum(session_share_rate) - 1) > 0.001
        """,
    )


def _intervals(columns: Columns) -> Iterator[Rule]:
    """Yield a rule per mart: the ends of its intervals are in order."""
    for mart in sorted(columns):
        names = columns[mart]
        stems = sorted(
            stem
            for name in names
            if name.endswith("_low") and f"{(stem := name.removesuffix('_low'))}_high" in names
        )
        if stems:
            turned = " or ".join(f"{stem}_low > {stem}_high" for stem in stems)
            yield no_rows(
                "the ends of every interval are in order",
                f"marts_next.{mart}",
                f"select * from marts_next.{mart} where {turned}",
            )
