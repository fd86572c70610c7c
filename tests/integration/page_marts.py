"""Hand-made marts for the pages: tables in a version's schema, views of them as publication makes.

Columns come from dbt's YAML, so a page is tested against what the marts promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import yaml
from psycopg import sql

from include.settings import DBT_PROJECT_DIR
from include.warehouse.mart_views import point_views

SCHEMA = "marts_v1"
DAY = "2026-03-31"


def promised_columns(mart: str) -> dict[str, str]:
    """Return name and type of a mart's columns."""
    path = DBT_PROJECT_DIR / "models" / "marts" / f"{mart}.yml"
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def publish(dsn: str, marts: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Create the marts with these rows (unnamed columns are NULL) and publish them as version 1."""
    with psycopg.connect(dsn) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
        for mart, rows in marts.items():
            table = sql.Identifier(SCHEMA, mart)
            columns = sql.SQL(", ").join(
                sql.Identifier(name) + sql.SQL(f" {kind}")  # type: ignore[arg-type]
                for name, kind in promised_columns(mart).items()
            )
            connection.execute(sql.SQL("create table {} ({})").format(table, columns))
            for row in rows:
                names = sql.SQL(", ").join(map(sql.Identifier, row))
                values = sql.SQL(", ").join(sql.Placeholder() * len(row))
                statement = sql.SQL("insert into {} ({}) values ({})").format(table, names, values)
                connection.execute(statement, list(row.values()))
        point_views(connection, SCHEMA, sorted(marts))


def profile(campaign_id: str, **more: object) -> dict[str, object]:
    """Return a campaign's row of `mart_campaign_profile`."""
    return {
        "campaign_id": campaign_id,
        "campaign_name": campaign_id.title(),
        "brand_name": "Glow",
        "start_date": "2026-03-01",
        "end_date": "2026-03-20",
        "shop_connection_ids": "shopify",
        "currency_code": "EUR",
        "attribution_model": "last_touch",
        "rule_version": "all",
        "creator_count": 1,
        "connected_creator_count": 0,
        "unseen_creator_count": 0,
        "is_final": False,
        "sources_missing": "",
        "as_of_date": DAY,
    } | more


def creator(number: int, **more: object) -> tuple[dict[str, object], dict[str, object]]:
    """Return a creator's rows of the scorecard and of `mart_creator_attribution`."""
    shared: dict[str, object] = {
        "campaign_id": "spring",
        "creator_id": f"c{number:05}",
        "creator_name": f"Creator {number:05}",
        "currency_code": "EUR",
        "cost_amount": 100,
        "credited_order_count": number,
        "net_revenue_amount": 10 * number,
        "roas": number / 10,
    } | more
    scorecard = {"platform": "instagram", "handle": f"c{number}", "views_count": 1000}
    version = {"attribution_model": "last_touch", "rule_version": "all", "is_default": True}
    return shared | scorecard, shared | version
