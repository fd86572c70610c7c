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
from include.attribution.truth_credits import read_markov_credits
from include.connections import read_connection
from include.errors import GroundswellError
from include.report import reports, sentences
from include.report.scope import Wanted, choose_scope
from include.report.warehouse import Marts, open_marts
from include.services.environment import ADMIN_USER, airflow_url
from include.warehouse.connection import connect, dsn_of
from include.warehouse.server import role_dsn

if TYPE_CHECKING:
    from rich.console import Console

    from include.demo import Demo, Stages

CAMPAIGN_DAYS = 61  # of the sample

ERROR_COLUMNS = (
    "total variation",
    "rank correlation",
    "credited ÷ caused",
    "error per creator",
    "farthest off",
    "would have come anyway",
    "another's",
)
SHOWN = 5  # creators at either end of the scorecard
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
    with open_marts(bi_reader) as marts:
        _show_marts(marts, demo, console)
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


def _show_marts(marts: Marts, demo: Demo, console: Console) -> None:
    """Print what `python -m include.report campaign` prints, and the scorecard's ends before it."""
    scope = choose_scope(marts, Wanted())
    days = reports.reconciliation_sheet(marts, scope)
    if not days.rows:
        raise GroundswellError("the marts are published but empty; see quality.load_windows")
    console.rule("Serum launch: what the creators brought")
    console.print(reports.scorecard_sheet(marts, scope, ends=SHOWN).to_table())
    days_shown = (demo.last_day - demo.first_day).days + 1
    if days_shown < CAMPAIGN_DAYS:
        console.print(
            f"Only the last {days_shown} of {CAMPAIGN_DAYS} days are loaded: costs are those of "
            "the whole campaign, orders are not, so ROAS is too low."
        )
    console.print(days.to_table())
    console.print(reports.gaps_sheet(marts, scope).to_table())
    console.print(sentences.coverage_sentence(reports.coverage_sheet(marts, scope)))
    console.print(reports.content_sheet(marts, scope).to_table())
    console.print("More: python -m include.report scorecard | campaign | day [--json]")


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
    # A creator whom a model gives nothing still has a row: every model knows the same evidence.
    evidence = next(iter(credited.values()), {})
    with connect(transformer) as connection:
        for _, of_shop in read_markov_credits(connection, "all", demo.last_day):
            for name, found in of_shop.items():
                credited.setdefault(name, {}).update({k: dict(v) for k, v in found.items()})
    errors = [judge_model(name, credited[name], orders, creators) for name in sorted(credited)]
    return errors, unseen_share(orders, evidence)


def _read(dsn: str, query: str, values: Sequence[object] = ()) -> list[dict[str, Any]]:
    with connect(dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(query.encode(), values or None))


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
            f"{error.worst_creator} {error.revenue_errors[error.worst_creator]:+.0f}",
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
