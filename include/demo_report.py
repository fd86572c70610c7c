"""What `make demo` prints at the end, read from the published marts as any analyst would.

Only the error against the truth needs more than the marts: the sandbox's truth (under its key) and
the credit of every model, which is read from `core`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from rich.table import Table

from include.attribution.truth import ModelError, judge_model, true_orders, unseen_share
from include.connections import read_connection
from include.errors import GroundswellError
from include.services.environment import ADMIN_USER, airflow_url
from include.warehouse.connection import connect, dsn_of
from include.warehouse.server import role_dsn

if TYPE_CHECKING:
    from include.demo import Demo, Stages

CAMPAIGN_DAYS = 61  # of the sample

ERROR_COLUMNS = (
    "total variation",
    "rank correlation",
    "credited ÷ caused",
    "error per creator",
    "would have come anyway",
    "another's",
)
SHOWN = 5  # creators at either end of the scorecard

SCORECARD = """ select creator_name, cost_amount, credited_order_count, net_revenue_amount, roas,
roas_low, roas_high from marts.mart_creator_scorecard order by roas desc nulls last,
net_revenue_amount desc, creator_id
"""
RECONCILIATION_LINES = {
    "shop_amount": "shop net sales",
    "creator_amount": "= creators",
    "other_amount": "+ other channels",
    "direct_amount": "+ direct",
    "unattributed_amount": "+ unattributed",
    "difference_amount": "difference, days added up",
}
RECONCILIATION = """
select connection_id, attribution_model, count(distinct order_date) as day_count,
    sum(shop_net_sales_amount) as shop_amount,
    sum(attributed_amount) as creator_amount, sum(other_channel_amount) as other_amount,
    sum(direct_amount) as direct_amount, sum(unattributed_amount) as unattributed_amount,
    sum(abs(difference_amount)) as difference_amount
from marts.mart_attribution_reconciliation
group by connection_id, attribution_model
order by connection_id, attribution_model
"""
GAP_LINES = {
    "shop_amount": "shop net sales",
    "ga4_amount": "= GA4 purchases",
    "refund_amount": "+ refunds and cancellations",
    "sales_channel_amount": "+ till, drafts, API",
    "consent_amount": "+ no visit known",
    "event_amount": "+ visits known, no purchase",
    "other_amount": "+ other causes",
    "unexplained_amount": "+ unexplained",
}
# One model stands for all: these figures repeat per model. Days without GA4 are left out.
GAPS = """
select connection_id, count(*) as day_count, sum(shop_net_sales_amount) as shop_amount,
    sum(ga4_purchase_amount) as ga4_amount,
    sum(cancelled_amount + refund_timing_amount) as refund_amount,
    sum(sales_channel_amount) as sales_channel_amount, sum(consent_amount) as consent_amount,
    sum(event_not_fired_amount) as event_amount,
    sum(difference_amount + time_zone_amount + duplicate_amount + value_basis_amount
        + currency_amount + test_order_amount) as other_amount,
    sum(unexplained_amount) as unexplained_amount
from marts.mart_attribution_reconciliation
where attribution_model = 'last_touch' and ga4_purchase_amount is not null
group by connection_id
order by connection_id
"""
COVERAGE = """
select sum(order_count) as orders, sum(creator_order_count) as creator_orders,
    sum(link_only_order_count) as link_only, sum(code_only_order_count) as code_only,
    sum(link_and_code_order_count) as both, sum(survey_only_order_count) as survey_only,
    sum(untracked_order_count) as untracked,
    sum(consent_gap_order_count) / nullif(sum(online_known_order_count), 0) as consent_gap,
    sum(ga4_missing_order_count) / nullif(sum(online_order_count), 0) as ga4_gap
from marts.mart_tracking_coverage
"""
CONTENT = """
select platform, access_path, metric_definition_version, count(*) as post_count,
    sum(views_count) as views_count,
    sum(case when engagement_basic_count is not null then views_count end) as rated_views_count,
    sum(case when views_count is not null then engagement_basic_count end) as engagement_count,
    sum(link_click_count) as link_click_count
from marts.mart_content_performance
group by platform, access_path, metric_definition_version
order by platform, access_path, metric_definition_version
"""
CREDITS = """
select attribution_model, order_id, creator_id, sum(credit_amount) as amount
from intermediate.int_credits_unpivoted
where order_class = 'kept' and channel_type = 'creator' and rule_version = 'all'
    and event_date <= %s
group by attribution_model, order_id, creator_id
"""


def show(demo: Demo, stages: Stages) -> None:
    """Print the scorecard, the tie-out, coverage, model errors, timings and addresses."""
    console = stages.console
    bi_reader = role_dsn(demo.settings, demo.secrets, "bi_reader")
    scorecard = _read(bi_reader, SCORECARD)
    days = _read(bi_reader, RECONCILIATION)
    coverage = _read(bi_reader, COVERAGE)[0]
    if not scorecard or not days:
        raise GroundswellError("the marts are published but empty; see quality.load_windows")
    console.rule("Serum launch: what the creators brought")
    console.print(_scorecard_table(scorecard))
    days_shown = (demo.last_day - demo.first_day).days + 1
    if days_shown < CAMPAIGN_DAYS:
        console.print(
            f"Only the last {days_shown} of {CAMPAIGN_DAYS} days are loaded: costs are those of "
            "the whole campaign, orders are not, so ROAS is too low."
        )
    console.print(_reconciliation_table(days))
    console.print(_gaps_table(_read(bi_reader, GAPS)))
    console.print(
        f"Coverage: {coverage['creator_orders']} of {coverage['orders']} orders show a creator "
        f"(link only {coverage['link_only']}, code only {coverage['code_only']}, both "
        f"{coverage['both']}, survey only {coverage['survey_only']}); {coverage['untracked']} show "
        f"nothing at all. Of the online orders the shop knows no visit of "
        f"{_percent(coverage['consent_gap'])}, GA4 no purchase of {_percent(coverage['ga4_gap'])}."
    )
    console.print(_content_table(_read(bi_reader, CONTENT)))
    errors, unseen = _compare_with_truth(demo)
    console.print(_errors_table(errors))
    console.print(f"{unseen:.0%} of the revenue creators caused no evidence leads to.")
    console.print(_timing_table(stages.seconds))
    console.print(
        f"Airflow    {airflow_url(demo.settings)}  login {ADMIN_USER}  "
        f"password {demo.secrets.admin_password}",
        soft_wrap=True,
    )
    console.print(f"BI tools   {bi_reader}  (schema marts, read-only)", soft_wrap=True)
    console.print("Airflow stays up until: make down")


def _compare_with_truth(demo: Demo) -> tuple[list[ModelError], float]:
    """Return every model's error, and the share of the caused revenue that nothing can see.

    Both sides begin with the first order that was loaded (a short demo skips most of the campaign)
    and end with the last day: the shop was read hours after it, with refunds of that night.
    """
    credited: dict[str, dict[str, dict[str, Decimal]]] = {}
    transformer = dsn_of(read_connection("warehouse_transformer"))
    for row in _read(transformer, CREDITS, [demo.last_day]):
        by_order = credited.setdefault(row["attribution_model"], {})
        by_order.setdefault(row["order_id"], {})[row["creator_id"]] = row["amount"]
    loaded = {row["order_id"] for row in _read(transformer, "select order_id from core.fct_order")}
    orders, creators = true_orders(demo.control.truth(demo.last_day))
    orders = [order for order in orders if order.order_id in loaded]
    errors = [judge_model(name, credited[name], orders, creators) for name in sorted(credited)]
    # A creator whom a model gives nothing still has a row: every model knows the same evidence.
    evidence = next(iter(credited.values()), {})
    return errors, unseen_share(orders, evidence)


def _read(dsn: str, query: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
    with connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(query.encode(), values or None))


def _scorecard_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        title=f"top and bottom {SHOWN} of {len(rows)} creators, by ROAS as credited\n"
        "(from, to: 90 % interval of what to expect)"
    )
    table.add_column("creator")
    for name in ("cost", "credited orders", "net revenue", "ROAS", "from", "to"):
        table.add_column(name, justify="right")
    for number, row in enumerate(rows):
        if SHOWN <= number < len(rows) - SHOWN:
            if number == SHOWN:
                table.add_section()
            continue
        table.add_row(
            row["creator_name"],
            f"{row['cost_amount']:,.2f}",
            f"{row['credited_order_count']:,.1f}",
            f"{row['net_revenue_amount']:,.2f}",
            *(_ratio(row[name]) for name in ("roas", "roas_low", "roas_high")),
        )
    return table


def _reconciliation_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(
        title=f"net sales of {rows[0]['day_count']} days: the shop's own report, and credit"
    )
    table.add_column("shop", overflow="fold")
    table.add_column("model", min_width=15)
    for label in RECONCILIATION_LINES.values():
        table.add_column(label, justify="right", overflow="fold")
    for row in rows:
        amounts = (f"{row[column]:,.2f}" for column in RECONCILIATION_LINES)
        table.add_row(row["connection_id"], row["attribution_model"], *amounts)
    return table


def _gaps_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Show why GA4's purchases are not the shop's sales, a line a figure, a column a shop."""
    table = Table(title="why GA4 shows another figure, order by order")
    table.add_column("")
    for row in rows:
        table.add_column(f"{row['connection_id']}, {row['day_count']} days", justify="right")
    for column, label in GAP_LINES.items():
        table.add_row(label, *(f"{row[column]:,.2f}" for row in rows))
    return table


def _content_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Show what is known of the posts, one line per way of knowing: they are never added up."""
    table = Table(title="campaign posts by platform and by how their numbers are obtained")
    for name in ("platform", "access path", "definition of a view"):
        table.add_column(name, overflow="fold")
    for name in ("posts", "views", "likes + comments ÷ views", "link clicks"):
        table.add_column(name, justify="right")
    for row in rows:
        rated, engaged = row["rated_views_count"], row["engagement_count"]
        table.add_row(
            row["platform"],
            row["access_path"],
            row["metric_definition_version"],
            str(row["post_count"]),
            _count(row["views_count"]),
            f"{engaged / rated:.1%}" if rated and engaged is not None else "–",
            _count(row["link_click_count"]),
        )
    return table


def _errors_table(errors: Sequence[ModelError]) -> Table:
    table = Table(title="against what really happened (known only to the sandbox market)")
    table.add_column("model", overflow="fold")
    for name in ERROR_COLUMNS:
        table.add_column(name, justify="right", overflow="fold")
    for error in errors:
        table.add_row(
            error.model,
            f"{error.total_variation:.3f}",
            f"{error.rank_correlation:.2f}",
            f"{error.revenue_ratio:.2f}",
            f"{error.revenue_error:.0%}",
            f"{error.anyway_share:.0%}",
            f"{error.mistaken_share:.0%}",
        )
    return table


def _timing_table(seconds: Mapping[str, float]) -> Table:
    table = Table(title="time")
    table.add_column("stage")
    table.add_column("seconds", justify="right")
    for name, took in seconds.items():
        table.add_row(name, f"{took:.0f}")
    return table


def _count(value: Decimal | int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _percent(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _ratio(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:.2f}"
