"""What is on the dashboard: charts over marts, a section for each question.

Charts name columns of the marts' contracts, campaigns and creators by their names (`names`); sums
and quotients are metrics of their dataset, so that every chart that shows a figure takes it from
one place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

TITLE = "Groundswell: the five questions"
SLUG = "groundswell"
ROWS = 10_000  # of a chart: 1,000 creators under ten models, 100 days of 100 campaigns


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a dataset: its name, how it is called, the SQL of it."""

    name: str
    label: str
    expression: str
    format: str = ",.2f"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over one mart.

    kind: `rows` (the mart's own rows), `table` (grouped), `days` (bars by the first column, metrics
    stacked; each value of the second has a bar of its own, as what it holds is not to be added up).
    filters: column → value it must have; `shown_only`: a column that must not be NULL.
    order: the column or metric to sort by, descending.
    """

    slug: str
    title: str
    question: str
    mart: str
    kind: str
    columns: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    filters: dict[str, str] = field(default_factory=dict)
    shown_only: str | None = None
    order: str | None = None


def _sum(column: str, label: str, decimals: int = 2) -> Metric:
    return Metric(column, label, f"sum({column})", f",.{decimals}f")


METRICS: dict[str, tuple[Metric, ...]] = {
    "mart_creator_scorecard": (
        _sum("cost_amount", "Cost"),
        _sum("net_revenue_amount", "Net revenue"),
        _sum("credited_order_count", "Credited orders", 1),
        Metric("roas", "ROAS", "sum(net_revenue_amount) / nullif(sum(cost_amount), 0)"),
    ),
    "mart_attribution_reconciliation": (
        _sum("shop_net_sales_amount", "Shop net sales"),
        _sum("attributed_amount", "Creators"),
        _sum("other_channel_amount", "Other channels"),
        _sum("direct_amount", "Direct"),
        _sum("unattributed_amount", "Unattributed"),
        Metric("untied_amount", "Untied, days added up", "sum(abs(difference_amount))"),
        _sum("ga4_purchase_amount", "GA4 purchases"),
        Metric(
            "refund_amount",
            "Refunds, cancellations",
            "sum(cancelled_amount + refund_timing_amount)",
        ),
        _sum("sales_channel_amount", "Till, drafts, API"),
        _sum("consent_amount", "No visit known"),
        _sum("event_not_fired_amount", "Visits known, no purchase"),
        Metric(
            "other_amount",
            "Other causes",
            "sum(difference_amount + time_zone_amount + duplicate_amount + value_basis_amount"
            " + currency_amount + test_order_amount)",
        ),
        _sum("unexplained_amount", "Unexplained"),
    ),
    "mart_attribution_comparison": (),
    "mart_content_performance": (),
    "mart_tracking_coverage": (
        _sum("link_only_order_count", "Link only", 0),
        _sum("code_only_order_count", "Code only", 0),
        _sum("link_and_code_order_count", "Link and code", 0),
        _sum("survey_only_order_count", "Survey only", 0),
        _sum("compromised_only_order_count", "Public code only", 0),
        _sum("other_channel_order_count", "Other channels", 0),
        _sum("direct_order_count", "Direct", 0),
        _sum("untracked_order_count", "Nothing at all", 0),
    ),
}

EARNED = "Which creators earned their cost, and how sure are we?"
TIES = "Do our numbers tie to the shop's own report, and why does GA4 show others?"
DEPENDS = "How much does a creator's result depend on the model?"
WORKED = "Which post worked, at the same age?"
SEEN = "How much of the shop's orders can we see at all?"
QUESTIONS = (EARNED, TIES, DEPENDS, WORKED, SEEN)

CHARTS = (
    Chart(
        "campaigns",
        "Campaigns",
        EARNED,
        "mart_creator_scorecard",
        "table",
        columns=("campaign", "currency_code", "attribution_model"),
        metrics=("cost_amount", "credited_order_count", "net_revenue_amount", "roas"),
        order="net_revenue_amount",
    ),
    Chart(
        "creators",
        "Creators by ROAS, with what to expect (90 %)",
        EARNED,
        "mart_creator_scorecard",
        "rows",
        columns=(
            "campaign",
            "creator",
            "cost_amount",
            "credited_order_count",
            "net_revenue_amount",
            "roas",
            "roas_low",
            "roas_high",
        ),
        order="roas",
    ),
    Chart(
        "tie_out",
        "Tie-out with the shop's report, by model",
        TIES,
        "mart_attribution_reconciliation",
        "table",
        columns=("connection_id", "attribution_model", "rule_version"),
        metrics=(
            "shop_net_sales_amount",
            "attributed_amount",
            "other_channel_amount",
            "direct_amount",
            "unattributed_amount",
            "untied_amount",
        ),
        order="shop_net_sales_amount",
    ),
    Chart(
        "ga4_gap",
        "Why GA4 shows another figure",
        TIES,
        "mart_attribution_reconciliation",
        "table",
        columns=("connection_id",),
        metrics=(
            "shop_net_sales_amount",
            "ga4_purchase_amount",
            "refund_amount",
            "sales_channel_amount",
            "consent_amount",
            "event_not_fired_amount",
            "other_amount",
            "unexplained_amount",
        ),
        # One model stands for all: these figures repeat per model.
        filters={"attribution_model": "last_touch", "rule_version": "all"},
        shown_only="ga4_purchase_amount",
        order="shop_net_sales_amount",
    ),
    Chart(
        "models",
        "Net revenue under every model: lowest, highest, rank",
        DEPENDS,
        "mart_attribution_comparison",
        "rows",
        columns=(
            "campaign",
            "creator",
            "attribution_model",
            "net_revenue_amount",
            "net_revenue_lowest_amount",
            "net_revenue_highest_amount",
            "revenue_rank",
            "revenue_rank_best",
            "revenue_rank_worst",
        ),
        order="net_revenue_highest_amount",
    ),
    Chart(
        "posts",
        "Posts at an age of seven days",
        WORKED,
        "mart_content_performance",
        "rows",
        columns=(
            "campaign",
            "creator",
            "platform",
            "access_path",
            "metric_definition_version",
            "published_date",
            "permalink",
            "views_day7_count",
            "er_basic_by_views_day7",
        ),
        shown_only="er_basic_by_views_day7",
        order="er_basic_by_views_day7",
    ),
    Chart(
        "coverage",
        "Orders by what they show, by day and campaign",
        SEEN,
        "mart_tracking_coverage",
        "days",
        columns=("order_date", "campaign"),
        metrics=(
            "link_only_order_count",
            "code_only_order_count",
            "link_and_code_order_count",
            "survey_only_order_count",
            "compromised_only_order_count",
            "other_channel_order_count",
            "direct_order_count",
            "untracked_order_count",
        ),
    ),
)
