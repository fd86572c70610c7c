"""The tables of the campaign page as CSV files: whole, in the page's order, without formulas."""

from __future__ import annotations

import csv
import io

import psycopg
import pytest
from fastapi.testclient import TestClient
from page_marts import creator, profile, promised_columns, publish
from psycopg import sql

from include.pages.campaign.exports import EXPORTS, Export, csv_links
from include.pages.campaign.selection import Selection
from tests.conftest import Warehouse
from tests.integration.campaign_rows import CHANNEL_AMOUNTS, covered, piece

pytest_plugins = ("tests.integration.campaign_page_client",)


def rows_of(file: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def test_the_export_holds_no_formula_and_numbers_stay_numbers(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    hostile = ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "plain"]
    pairs = [creator(n, creator_name=name) for n, name in enumerate(hostile, 1)]
    pairs.append(creator(9, creator_name="minus", net_revenue_amount=-5, roas=-0.05))
    publish(
        clean_warehouse.dsn("transformer"),
        {
            "mart_campaign_profile": [profile("spring")],
            "mart_creator_scorecard": [scorecard for scorecard, _ in pairs],
            "mart_creator_attribution": [version for _, version in pairs],
        },
    )
    answer = client.get("/campaign/creators.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="creators.csv"'
    rows = rows_of(answer.content)
    assert {row["creator_name"] for row in rows} == {
        "'=1+1", "'+A1", "'-A1", "'@SUM(A1)", "'\t=1", "'\r=1", "'\n=1", "plain", "minus",
    }  # fmt: skip
    assert rows[-1]["net_revenue_amount"] == "-5.00"


HOSTILE_TEXT = "=1+1"
# Of each table: two rows of its mart, and what the file has to say of them, in its order.
EXPORTED: dict[str, tuple[str, list[dict[str, object]], list[dict[str, str]]]] = {
    "posts": (
        "mart_content_performance",
        [
            {"post_id": "1", "caption": "\n=1", "views_count": 10, "published_date": "2026-03-02"},
            {"post_id": "2", "caption": "#ad, really", "views_count": 20, "has_code": True},
        ],
        [
            {"post_id": "2", "caption": "#ad, really", "views_count": "20", "has_code": "true"},
            {"post_id": "1", "caption": "'\n=1", "views_count": "10", "has_code": ""}
            | {"published_date": "2026-03-02"},
        ],
    ),
    "pieces": (
        "mart_deliverable_status",
        [
            piece("p00", unavailable_reason="-"),
            piece("p01", absent_phrases="vegan", rights_status="used_after_expiry"),
        ],
        [
            {"deliverable_id": "p01", "due_date": "2026-03-10"}
            | {"what": "paid ads ran after the usage right ended; phrase missing: vegan"},
            {"deliverable_id": "p00", "what": "", "unavailable_reason": "'-"},
        ],
    ),
    "accounts": (
        "mart_audience_quality",
        [
            {"handle": "@ana", "audience_score": 0.25, "spike_score": 0.5, "generic_score": 0},
            {"handle": "bo", "audience_score": None, "comment_unavailable_reason": "no comments"},
        ],
        [
            {"handle": "'@ana", "audience_score": "0.2500", "known_part_count": "2"},
            {"handle": "bo", "known_part_count": "0", "why": "no comments"},
        ],
    ),
    "tie_out": (
        "mart_attribution_reconciliation",
        [
            {"connection_id": "=shop", "order_date": day, "attribution_model": model}
            | {"rule_version": "all", "shop_net_sales_amount": amount, "refund_timing_amount": -5}
            | dict.fromkeys(CHANNEL_AMOUNTS, 0)
            for day, amount in (("2026-03-02", 20), ("2026-03-01", 10))
            for model in ("last_touch", "linear")
        ],
        [
            {"connection_id": "'=shop", "order_date": "2026-03-01", "refund_timing_amount": "-5.00"}
            | {"shop_net_sales_amount": "10.00", "attribution_model": "last_touch"},
            {"order_date": "2026-03-02", "shop_net_sales_amount": "20.00"},
        ],
    ),
    "models": (
        "mart_attribution_comparison",
        [
            {"creator_id": f"c0000{n}", "is_default_model": True}
            | {"net_revenue_lowest_amount": 10, "net_revenue_highest_amount": 10 * n}
            for n in (1, 2)
        ],
        [
            {"creator_id": "c00002", "spread_amount": "10.00", "net_revenue_amount": "20.00"},
            {"creator_id": "c00001", "spread_amount": "0.00", "creator_name": "'=1+1"},
        ],
    ),
    "codes": (
        "mart_code_leakage",
        [
            {"code": "+ANA", "code_key": "+ANA", "creator_id": "c00001", "leak_score": 2},
            {"code": "BO15", "code_key": "BO15", "leak_score": 6, "leaked_net_revenue_amount": -1},
        ],
        [
            {"code": "BO15", "creator_name": "", "leaked_net_revenue_amount": "-1.00"},
            {"code": "'+ANA", "creator_name": "'=1+1", "leaked_net_revenue_amount": ""},
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("table", EXPORTED)
def test_each_table_is_exported_whole_and_without_formulas(
    client: TestClient, clean_warehouse: Warehouse, table: str
) -> None:
    mart, rows, expected = EXPORTED[table]
    if "campaign_id" in promised_columns(mart):
        rows = [row | {"campaign_id": name} for row in rows for name in ("spring", "autumn")]
    creators = [creator(1, creator_name=HOSTILE_TEXT), creator(2)]
    marts = {
        "mart_campaign_profile": [profile("spring"), profile("autumn", start_date="2026-01-01")],
        "mart_creator_scorecard": [scorecard for scorecard, _ in creators],
        "mart_creator_attribution": [version for _, version in creators],
        "mart_tracking_coverage": covered(rows) if table == "tie_out" else [],
    }
    publish(clean_warehouse.dsn("transformer"), marts | {mart: rows})
    answer = client.get(f"/campaign/{table}.csv?campaign=spring")
    assert answer.headers["content-disposition"] == f'attachment; filename="{table}.csv"'
    found = rows_of(answer.content)
    assert [
        {name: row[name] for name in wanted} for row, wanted in zip(found, expected, strict=True)
    ] == expected
    assert f'href="/campaign/{table}.csv?campaign=spring&amp;model=last_touch&amp;rules=all"' in (
        client.get("/campaign?campaign=spring").text
    )


def test_every_exported_column_is_one_of_its_table(clean_warehouse: Warehouse) -> None:
    names = {mart.removeprefix("marts.") for export in EXPORTS.values() for mart in export.marts}
    publish(clean_warehouse.dsn("transformer"), {name: [] for name in names})
    nobody = dict.fromkeys(
        ("campaign_id", "model", "rule_version", "own_model", "own_rule_version"), ""
    )
    assert EXPORTED.keys() | {"creators"} == EXPORTS.keys()
    with psycopg.connect(clean_warehouse.dsn("ui_reader")) as connection:
        for table, export in EXPORTS.items():
            found = connection.execute(export.statement, nobody).description or ()
            assert set(export.columns) <= {column.name for column in found}, table


CHOSEN = Selection((), {"campaign_id": "spring & co"}, (), (), "linear", "code_first")


class OneMart:
    """A publication that holds one of two marts; reading rows of it would fail."""

    def columns(self, mart: str) -> tuple[str, ...]:
        return ("code",) if mart == "marts.first" else ()


def test_a_file_waits_for_all_its_marts() -> None:
    export = Export(("marts.first", "marts.second"), ("code",), sql.SQL("select"), sql.SQL(""))
    assert export.read_rows(OneMart(), CHOSEN) == []  # type: ignore[arg-type]


def test_the_files_are_of_what_the_reader_chose() -> None:
    links = csv_links("/pages", CHOSEN)
    assert links.keys() == EXPORTS.keys()
    assert links["codes"] == (
        "/pages/campaign/codes.csv?campaign=spring+%26+co&model=linear&rules=code_first"
    )
