"""Three campaign files, and an installation that reads them and builds credits of their orders."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from hand_made_market import Market, utc
from in_process_dbt import run_dbt

from include.ingest import StreamResult, day_window, run_stream
from include.sources._base import Connection
from include.sources.campaign_plan import SOURCE
from include.warehouse.connection import connect

ONE, TWO = "shopify", "shopify__second"
HEAD = """\
brand: {{name: {brand}, handles: {{instagram: {brand}}}}}
shop: {{connection_id: {shop}}}
reporting_timezone: America/New_York
currency: {currency}
sources: [{shop}, campaign_plan]
campaign:
  id: {id}
  name: {id}
  start_date: 2026-03-01
  end_date: 2026-04-30
  utm_campaign: {id}
creators:
"""
CREATOR = """\
  - id: {creator}
    name: {creator}
    accounts: [{{platform: instagram, handle: {creator}, access_path: none}}]
    contract: {contract}
    codes:
      - {{code: {code}, valid_from: {since}{until}}}
    links:
      - id: {creator}_{id}
        utm_source: instagram
        utm_medium: influencer
        utm_campaign: {id}
        utm_content: {creator}
        valid_from: 2026-03-01
"""
TERMS = """
      fee: 300
      terms:
        - {valid_from: 2026-03-01, valid_to: 2026-03-10, commission_rate: 0.1}
        - {valid_from: 2026-03-11, commission_rate: 0.2}"""
# Data tests about plans that hold without the marts.
PLAN_TESTS = (
    "assert_codes_have_one_owner", "assert_payments_sum_to_fee", "assert_shares_sum_to_one",
    "assert_plan_is_one_currency_and_zone", "assert_contract_terms_do_not_overlap", "dim_code",
    "dim_creator", "dim_campaign", "dim_contract_term", "dim_plan_version", "fct_creator_cost",
)  # fmt: skip
UNTIL_15 = ", valid_to: 2026-03-15"


def plan(campaign: str, brand: str, shop: str, currency: str, *creators: str) -> str:
    return HEAD.format(id=campaign, brand=brand, shop=shop, currency=currency) + "".join(creators)


def creator(
    name: str, campaign: str, code: str, since: str, until: str = "", contract: str = "{fee: 0}"
) -> str:
    values = {"creator": name, "id": campaign, "code": code, "since": since, "until": until}
    return CREATOR.format(**values, contract=contract)


ANA = creator("ana", "launch", "GLOW", "2026-03-01", UNTIL_15, TERMS)
BO = creator("bo", "launch", "glow", "2026-03-16")
LAUNCH = plan("launch", "glow", ONE, "USD", ANA, BO)
ENCORE = plan("encore", "glow", ONE, "USD", creator("ana", "encore", "ANA2", "2026-03-01"))
DEW = plan(
    "dew", "dew", TWO, "EUR",
    creator("ana", "dew", "DEW10", "2026-03-01"), creator("cy", "dew", "GLOW", "2026-03-01"),
)  # fmt: skip


class Installation:
    """A folder of campaign files, a warehouse, and a clock that says when the files are read."""

    def __init__(self, warehouse: Any, root: Path) -> None:
        self.warehouse, self.root = warehouse, root
        self.folder = root / "plans"
        self.folder.mkdir()
        self.read_at = dt.datetime(2026, 3, 18, 15, tzinfo=dt.UTC)
        self.orders = 0
        self.ids: dict[str, str] = {}

    def write(self, **texts: str | None) -> None:
        for name, text in texts.items():
            path = self.folder / f"{name}.yaml"
            if text is None:
                path.unlink()
            else:
                path.write_text(text, encoding="utf-8")

    def read_plans(self, at: str) -> dict[str, StreamResult]:
        """Load every stream of the plan in one session, as a run on that day would."""
        self.read_at = utc(at)
        window = day_window(self.read_at.date() - dt.timedelta(days=1), "America/New_York")
        dsn, day = self.warehouse.dsn("loader"), at.replace(":", "")
        with connect(dsn, autocommit=True) as session:
            loaded = {
                stream.name: run_stream(
                    SOURCE, stream, Connection("campaign_plan", extra={"path": str(self.folder)}),
                    window, dsn=dsn, warehouse=session, landing_url=str(self.root / "landing"),
                    hash_key=b"0" * 32, run_id=f"{stream.name}-{day}",
                )
                for stream in SOURCE.streams
            }  # fmt: skip
            left = "select count(*) from pg_class where relnamespace = pg_my_temp_schema()"
            assert session.execute(left).fetchone() == (0,)
        return loaded

    def order(self, shop: str, at: str, net: str, code: str = "", link: str = "") -> str:
        """Write an order, with a code or with a visit by the link of `campaign/creator`."""
        self.orders += 1
        key = {"connection_id": shop, "order_id": str(9_000_000_000 + self.orders)}
        currency = "USD" if shop == ONE else "EUR"
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = Market(connection, 1_000)
            market.add(
                "shopify__orders", **key, name=f"#{self.orders}", created_at=utc(at),
                processed_at=utc(at), updated_at=utc(at), currency_code=currency,
                subtotal_price=Decimal(net), journey_ready=True, test=False, source_name="web",
                display_financial_status="PAID",
            )  # fmt: skip
            market.add(
                "shopify__order_sales", **key, sale_id="1", happened_at=utc(at), reason="ORDER",
                action_type="ORDER", line_type="PRODUCT", total_amount=Decimal(net),
            )  # fmt: skip
            if code:
                market.add("shopify__order_discount_codes", **key, position=0, code=code)
            if link:
                campaign, content = link.split("/")
                market.add(
                    "shopify__order_moments", **key, visit_id="v", occurred_at=utc(at),
                    utm_source="instagram", utm_medium="influencer", utm_campaign=campaign,
                    utm_content=content,
                )  # fmt: skip
        return key["order_id"]

    def build(self, *loads: int) -> None:
        """Build the facts in a measure run over some loads, check the plan, close the run."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            day = dt.date(2026, 3, 31)
            row = connection.execute(
                "insert into quality.measure_runs (day, as_of_date, run_id, sources_present) "
                "values (%s, %s, 'test', '{shopify}') returning measure_run_id",
                [day, day],
            ).fetchone()
            assert row is not None
            for load_id in loads:
                connection.execute(
                    "insert into quality.measure_run_loads values (%s, %s)", [row[0], load_id]
                )
        tables = ["fct_creator_cost", "dim_code", "dim_plan_version", "dim_creator"]
        not_tests = ("--exclude-resource-type", "test", "unit_test")
        chosen = (*(f"+{table}" for table in tables), "staging.campaign_plan")
        self.dbt("build", "--select", *chosen, *not_tests)
        self.dbt(
            "test", "--select", *PLAN_TESTS, "--indirect-selection", "cautious",
            "--exclude-resource-type", "unit_test",
        )  # fmt: skip
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            connection.execute("update quality.measure_runs set status = 'published'")

    def dbt(self, *arguments: str) -> None:
        run_dbt(self.warehouse, arguments, self.root / "target")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()

    def credited(self) -> dict[str, tuple[Any, ...]]:
        """Who has the credit of each order: campaign and creator, or None and the channel."""
        rows = self.rows(
            "select order_id, campaign_id, coalesce(creator_id, channel_type) "
            "from core.fct_attribution_credit where rule_version = 'all' and last_touch_share = 1"
        )
        return {row[0]: row[1:] for row in rows}

    def owners(self, code: str, day: str) -> list[tuple[Any, ...]]:
        """Who owned a code on a day, per shop, by the SQL an analyst writes."""
        return self.rows(
            "select connection_id, campaign_id, creator_id from core.dim_code "
            f"where code_key = upper('{code}') and date '{day}' >= valid_from_date "
            f"and date '{day}' <= coalesce(valid_to_date, 'infinity') order by 1, 2, 3"
        )
