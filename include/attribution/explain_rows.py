"""Read from `core` what an explanation needs; nothing is written.

`core` is the transformer's: BI tools and the UI see published marts only. The connection
`warehouse_transformer` names the server where Airflow's connections are set, else the installation
in GROUNDSWELL_DATA_DIR.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg

from include.attribution.explain import CreatorDay, OrderRows
from include.connections import has_connection, read_connection
from include.services.credentials import read_secrets
from include.settings import read_settings
from include.warehouse.connection import connect, dsn_of
from include.warehouse.server import role_dsn

CONNECTION = "warehouse_transformer"
DEFAULT_RULE_VERSION = "all"
# Joined by every column of the key, so that a condition on the credits reaches the view.
CREDIT = "select * from core.fct_attribution_credit as credits"
CREDIT_WITH_CHAIN = """
select credits.*, chained.markov_path_share, chained.markov_path_amount
from core.fct_attribution_credit as credits
left join (
    select
        connection_id, order_id, event_date, rule_version, touch_id,
        credit_share as markov_path_share, credit_amount as markov_path_amount
    from intermediate.int_credits_chained
) as chained using (connection_id, order_id, event_date, rule_version, touch_id)
"""
CHAIN = """
select solves.*
from intermediate.int_chain_days as days
inner join analysis.markov_solves as solves on days.solve_id = solves.solve_id
where days.connection_id = %(connection)s and days.order_date = %(day)s
"""
CHANGES = """
select orders.*, runs.last_day, runs.previous_last_day
from analysis.restated_orders as orders
inner join analysis.restated_runs as runs on orders.measure_run_id = runs.measure_run_id
inner join quality.measure_runs as measured on orders.measure_run_id = measured.measure_run_id
where orders.creator_id = %(creator)s and orders.metric_date = %(day)s
    and measured.status = 'published'
order by orders.measure_run_id desc, orders.connection_id, orders.order_id, orders.attribution_model
"""
# `markov` has weeks, dated by their Sunday.
WEEK_CHANGES = """
select weeks.*, runs.last_day, runs.previous_last_day
from analysis.restatements as weeks
inner join analysis.restated_runs as runs on weeks.measure_run_id = runs.measure_run_id
inner join quality.measure_runs as measured on weeks.measure_run_id = measured.measure_run_id
where weeks.creator_id = %(creator)s
    and weeks.metric_date = date_trunc('week', %(day)s::date)::date + 6
    and weeks.attribution_model in ('markov', 'markov_converting_only')
    and measured.status = 'published'
order by weeks.measure_run_id desc, weeks.campaign_id
limit 5
"""


def warehouse_dsn() -> str:
    """Return the transformer's URI; `InvalidSettings` when nothing names one."""
    if has_connection(CONNECTION):
        return dsn_of(read_connection(CONNECTION))
    settings = read_settings()
    return role_dsn(settings, read_secrets(settings.data_dir), "transformer")


def read_orders(dsn: str, order: str, rule_version: str = DEFAULT_RULE_VERSION) -> list[OrderRows]:
    """Return the orders of any shop with that id or name (with or without #)."""
    with connect(dsn) as connection:
        connection.read_only = True
        found = _select(
            connection,
            """
            select * from core.fct_order
            where order_id = %(order)s or order_name in (%(order)s, '#' || %(order)s)
            order by connection_id, order_id
            """,
            {"order": order},
        )
        return [_read_order(connection, row, rule_version) for row in found]


def read_creator_day(
    dsn: str, creator_id: str, day: dt.date, rule_version: str | None = None
) -> CreatorDay:
    """Return the credit of a creator that counts on a business date.

    Without a rule version each campaign's own is read: what is published, and restated, goes by it.
    Raise ValueError for a creator whom no plan names and no order credits.
    """
    with connect(dsn) as connection:
        connection.read_only = True
        own = _read_own_versions(connection, creator_id)
        asked = [rule_version or version for version in own.values()]
        credit = _select(
            connection,
            (CREDIT_WITH_CHAIN if _has_chains(connection) else CREDIT)
            + """
            where credits.creator_id = %(creator)s and credits.event_date = %(day)s
                and (coalesce(credits.campaign_id, ''), credits.rule_version) in (
                    select * from unnest(%(campaigns)s::text[], %(versions)s::text[])
                )
            order by connection_id, ordered_at, order_id, touch_number
            """,
            {"creator": creator_id, "day": day, "campaigns": list(own), "versions": asked},
        )
        found = {"creator": creator_id, "day": day}
        has_chains = _has_chains(connection)
        changes = _select(connection, CHANGES, found) if has_chains else []
        weeks = _select(connection, WEEK_CHANGES, found) if has_chains else []
        if not (credit or changes or weeks):
            _check_creator(connection, creator_id)
    title = ", ".join(sorted(set(asked))) or rule_version or DEFAULT_RULE_VERSION
    return CreatorDay(creator_id, day, title, credit, changes, weeks)


def _read_own_versions(connection: psycopg.Connection, creator_id: str) -> dict[str, str]:
    """Return the default rule version of every campaign that has credited the creator."""
    found = {
        row["campaign_id"]: DEFAULT_RULE_VERSION
        for row in _select(
            connection,
            "select distinct coalesce(campaign_id, '') as campaign_id"
            " from core.fct_attribution_credit where creator_id = %(creator)s",
            {"creator": creator_id},
        )
    }
    if _has_plan(connection):
        query = (
            "select campaign_id, default_rule_version from core.dim_campaign"
            " where campaign_id = any(%(campaigns)s)"
        )
        for row in _select(connection, query, {"campaigns": list(found)}):
            found[row["campaign_id"]] = row["default_rule_version"]
    return found


def _has_plan(connection: psycopg.Connection) -> bool:
    """Say whether campaigns are known: cases are built without a plan."""
    (row,) = _select(connection, "select to_regclass('core.dim_campaign') as name", {})
    return row["name"] is not None


def _check_creator(connection: psycopg.Connection, creator_id: str) -> None:
    """Raise when a creator of that name has never been planned nor credited."""
    tables = ["core.fct_attribution_credit"]
    tables += ["core.dim_creator"] if _has_plan(connection) else []
    names = {
        row["creator_id"]
        for table in tables
        for row in _select(connection, f"select distinct creator_id from {table}", {})
    }
    if creator_id not in names:
        known = ", ".join(sorted(name for name in names if name))
        raise ValueError(f"there is no creator {creator_id!r}; there are {known}")


def _read_order(
    connection: psycopg.Connection, order: dict[str, Any], rule_version: str
) -> OrderRows:
    key = {
        "connection": order["connection_id"],
        "order": order["order_id"],
        "rule_version": rule_version,
    }
    of_order = "where connection_id = %(connection)s and order_id = %(order)s"
    of_rule = f"{of_order} and rule_version = %(rule_version)s"
    versions = _select(
        connection,
        f"select distinct rule_version from core.fct_attribution_credit {of_order} order by 1",
        key,
    )
    computed = [row["rule_version"] for row in versions]
    if computed and rule_version not in computed:
        raise ValueError(
            f"rule version {rule_version!r} is not computed for order {order['order_id']}; "
            f"computed: {', '.join(computed)}"
        )
    touches = _select(
        connection,
        f"select * from core.fct_touchpoint {of_rule} order by touched_at, evidence_rank, touch_id",
        key,
    )
    has_chains = _has_chains(connection)
    source = CREDIT_WITH_CHAIN if has_chains else CREDIT
    credit = _select(connection, f"{source} {of_rule} order by event_date, touch_number", key)
    day = {"connection": order["connection_id"], "day": order["order_date"]}
    chain = _select(connection, CHAIN, day) if has_chains else []
    names = [row["rule_version"] for row in versions]
    return OrderRows(order, rule_version, names, touches, credit, chain[0] if chain else None)


def _has_chains(connection: psycopg.Connection) -> bool:
    """Say whether solves can be asked about: a database made for cases holds none."""
    (row,) = _select(
        connection, "select to_regclass('intermediate.int_credits_chained') as found", {}
    )
    return row["found"] is not None


def _select(
    connection: psycopg.Connection, query: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
