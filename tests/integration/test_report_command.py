"""`python -m include.report` against marts written by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hand_made_marts import DAY_2, OWN, SPRING, make_marts, spring_marts

from include.report.__main__ import main
from include.warehouse.connection import connect

CREATORS = [
    {"creator_id": "ana", "creator_name": "Ana", "currency_code": "USD", "cost_amount": "100.00",
     "credited_order_count": "2.000000", "net_revenue_amount": "250.00", "roas": "2.500000",
     "roas_low": "1.100000", "roas_high": "4.200000"},
    {"creator_id": "bo", "creator_name": "Bo", "currency_code": "USD", "cost_amount": "50.00",
     "credited_order_count": "0.500000", "net_revenue_amount": "20.00", "roas": "0.400000",
     "roas_low": "0.100000", "roas_high": "1.200000"},
    {"creator_id": "cy", "creator_name": "[red]Cy[/red]", "currency_code": "USD",
     "cost_amount": "0.00", "credited_order_count": "0.000000", "net_revenue_amount": "0.00",
     "roas": None, "roas_low": None, "roas_high": None},
]  # fmt: skip


@pytest.fixture(scope="module")
def served(warehouse: Any) -> Iterator[Any]:
    """The session's server as WAREHOUSE_DSN names one, with the marts of campaign spring."""
    warehouse.reset()
    make_marts(warehouse.dsn("transformer"), spring_marts())
    yield warehouse
    warehouse.reset()


@pytest.fixture(autouse=True)
def _named_by_variable(
    request: pytest.FixtureRequest, warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse.server_dsn)
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(warehouse.cluster.data_dir))


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_the_scorecard_as_json_is_exact(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys, "scorecard") == {
        "report": "scorecard",
        "campaign_id": "spring",
        "campaign_name": "Spring 100 %",
        "attribution_model": "last_touch",
        "rule_version": "all",
        "currency_code": "USD",
        "as_of_date": "2026-03-02",
        "is_final": False,
        "day": None,
        "tables": {"creators": CREATORS},
    }


def test_another_model_has_its_own_figures_and_interval(
    served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    found = as_json(capsys, "scorecard", "--model", "linear", "--campaign", "spring")
    figures = [
        (row["creator_id"], row["net_revenue_amount"], row["roas"], row["roas_low"])
        for row in found["tables"]["creators"]
    ]
    # 200 ÷ 100, 70 ÷ 50, nothing ÷ nothing
    assert figures == [
        ("ana", "200.00", "2.000000", "0.900000"),
        ("bo", "70.00", "1.400000", None),
        ("cy", "0.00", None, None),
    ]


def test_other_rules_have_figures_and_say_that_they_have_no_interval(
    served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = ["--model", "linear", "--rule-version", "code_first"]
    found = as_json(capsys, "scorecard", *choice)["tables"]["creators"]
    figures = [(row["creator_id"], row["net_revenue_amount"], row["roas_low"]) for row in found]
    assert figures == [("ana", "240.00", None), ("bo", "30.00", None), ("cy", "0.00", None)]
    assert main(["scorecard", *choice]) == 0
    assert "intervals exist under the" in capsys.readouterr().out


def test_the_scorecard_as_a_table(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scorecard"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "Spring 100 % (spring): model last_touch, rules all, USD, as of 2026-03-02 "
        "(may still be restated)"
    )
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert cells == [
        ["Ana", "100.00", "2.0", "250.00", "2.50", "1.10", "4.20"],
        ["Bo", "50.00", "0.5", "20.00", "0.40", "0.10", "1.20"],
        ["[red]Cy[/red]", "0.00", "0.0", "0.00", "–", "–", "–"],
    ]


def test_a_campaign_ties_out(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tables = as_json(capsys, "campaign")["tables"]
    assert tables["totals"] == [
        {"creator_count": 3, "selling_creator_count": 2, "committed_cost_amount": "170.00",
         "cost_amount": "150.00", "credited_order_count": "2.500000",
         "net_revenue_amount": "270.00", "roas": "1.800000", "cpa": "60.000000"}
    ]  # fmt: skip
    assert tables["reconciliation"] == [
        {"connection_id": "shopify", "attribution_model": "last_touch", "day_count": 2,
         "shop_amount": "500.00", "creator_amount": "270.00", "other_amount": "120.00",
         "direct_amount": "60.00", "unattributed_amount": "50.01", "difference_amount": "0.01"},
        {"connection_id": "shopify", "attribution_model": "linear", "day_count": 2,
         "shop_amount": "500.00", "creator_amount": "270.00", "other_amount": "120.00",
         "direct_amount": "60.00", "unattributed_amount": "50.01", "difference_amount": "0.01"},
    ]  # fmt: skip
    # GA4 knows day 1 alone: 400 - 310 = -15 + 20 + 30 + 50 + (2 - 1) + 4.
    assert tables["ga4_gaps"] == [
        {"connection_id": "shopify", "day_count": 1, "shop_amount": "400.00",
         "ga4_amount": "310.00", "refund_amount": "-15.00", "sales_channel_amount": "20.00",
         "consent_amount": "30.00", "event_amount": "50.00", "other_amount": "1.00",
         "unexplained_amount": "4.00"}
    ]  # fmt: skip
    # Of its six online orders GA4 holds four; of day 2 nobody knows.
    assert tables["coverage"] == [
        {"orders": 10, "creator_orders": 5, "link_only": 1, "code_only": 2, "both": 1,
         "survey_only": 1, "untracked": 3, "consent_gap": "0.142857", "ga4_gap": "0.333333"}
    ]  # fmt: skip
    assert tables["content"] == [
        {"platform": "instagram", "access_path": "own_account",
         "metric_definition_version": "instagram_views_2025", "post_count": 2,
         "views_count": 1000, "engagement_rate": "0.030000", "link_click_count": 7}
    ]  # fmt: skip
    shown = ("attribution_model", "is_default_model", "net_revenue_amount", "top_creator_name")
    assert [tuple(row[name] for name in shown) for row in tables["models"]] == [
        ("last_touch", True, "270.00", "Ana"),
        ("linear", False, "270.00", "Ana"),
    ]
    assert (tables["goals"], tables["pieces"]) == ([], [])


def test_a_reader_that_has_seen_enough_is_no_error(
    served: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `| head -1` does: the pipe is closed before everything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        monkeypatch.setattr("sys.stdout", closed)
        assert main(["campaign", "--json"]) == 0
        monkeypatch.undo()


def test_a_model_that_was_asked_for_stands_alone(
    served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = as_json(capsys, "campaign", "--model", "linear")["tables"]
    assert [row["attribution_model"] for row in tables["reconciliation"]] == ["linear"]
    assert tables["totals"][0]["credited_order_count"] == "2.500000"


def test_the_newest_day_is_the_default(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    newest = as_json(capsys, "day")
    assert (newest["day"], newest["tables"]["ga4_gaps"]) == ("2026-03-02", [])
    assert newest["tables"]["reconciliation"][0]["creator_amount"] == "70.00"
    assert newest["tables"]["creators"] == [
        {"creator_id": "ana", "creator_name": "Ana", "attribution_model": "last_touch",
         "currency_code": "USD", "published_post_count": 0, "session_count": 4,
         "credited_order_count": "0.500000", "net_revenue_by_order_date_amount": "50.00",
         "delivered_cost_amount": "0.00", "plan_events": None}
    ]  # fmt: skip
    assert newest["tables"]["sources"][0]["rejected_row_count"] == 1
    first = as_json(capsys, "day", "--day", "2026-03-01")["tables"]
    assert first["coverage"][0]["orders"] == 8
    assert [row["creator_id"] for row in first["creators"]] == ["ana"]
    assert first["sources"] == []


def test_a_day_as_tables(served: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["day"]) == 0
    shown = capsys.readouterr().out
    assert "why GA4 shows another figure, order by order: nothing" in shown
    assert "Coverage: 1 of 2 orders show a creator (link only 0, code only 1," in shown
    assert all(len(line) <= 120 for line in shown.splitlines())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scorecard", "--campaign", "summer"],
         "campaign 'summer' is not published; allowed: spring"),
        (["scorecard", "--model", "shapely"],
         "model 'shapely' is not published for campaign spring; allowed: last_touch, linear"),
        (["campaign", "--rule-version", "code_first"],
         ("rule version 'code_first' is not published for campaign spring and model last_touch; "
          "allowed: all")),
        (["day", "--day", "2026-03-03"],
         "day 2026-03-03 of campaign spring is not published; allowed: 2026-03-01 to 2026-03-02"),
    ],
)  # fmt: skip
def test_errors_name_what_is_allowed(
    served: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert refusal(capsys, *arguments) == f"{arguments[0]} failed: {message}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["weekly"], "invalid choice: 'weekly' (choose from"),
        (["day", "--day", "yesterday"], "'yesterday' is not a day; allowed: YYYY-MM-DD"),
        (["scorecard", "--day", "2026-03-01"], "--day belongs to the report day"),
    ],
)
def test_usage_errors(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_the_embedded_warehouse_is_found_as_make_dsn_does(
    served: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WAREHOUSE_DSN")
    monkeypatch.setenv("GROUNDSWELL_POSTGRES_PORT", str(served.port))
    assert as_json(capsys, "scorecard")["tables"]["creators"] == CREATORS


def test_inside_airflows_containers_their_connection_is_used(
    served: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": served.port,
        "login": "ui_reader",
        "password": served.secrets.role_password("ui_reader"),
        "schema": "warehouse",
    }
    monkeypatch.delenv("WAREHOUSE_DSN")
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", "/nowhere")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_UI_READER", json.dumps(fields))
    assert as_json(capsys, "scorecard")["tables"]["creators"] == CREATORS


def test_nothing_published_is_said(
    clean_warehouse: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "nothing is published yet" in refusal(capsys, "scorecard")
    make_marts(clean_warehouse.dsn("transformer"), {})
    assert "the published marts hold no campaign" in refusal(capsys, "campaign")


def test_a_campaign_without_orders_is_no_error(
    clean_warehouse: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    card = SPRING | OWN | {"campaign_name": "Spring", "creator_id": "ana", "creator_name": "Ana"}
    card |= {"cost_amount": 0, "credited_order_count": 0, "net_revenue_amount": 0}
    make_marts(clean_warehouse.dsn("transformer"), {"mart_creator_scorecard": [card]})
    totals = as_json(capsys, "campaign")["tables"]["totals"][0]
    assert (totals["roas"], totals["cpa"], totals["selling_creator_count"]) == (None, None, 0)
    assert main(["campaign"]) == 0
    assert "Coverage: no orders." in capsys.readouterr().out
    assert "no day of campaign spring is published yet" in refusal(capsys, "day")


def test_two_campaigns_ask_for_a_name(
    clean_warehouse: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    card = SPRING | OWN | {"campaign_name": "x", "creator_id": "ana", "creator_name": "Ana"}
    rows = [card, card | {"campaign_id": "summer"}]
    make_marts(clean_warehouse.dsn("transformer"), {"mart_creator_scorecard": rows})
    assert "name one with --campaign spring or --campaign summer" in refusal(capsys, "scorecard")
    assert as_json(capsys, "scorecard", "--campaign", "summer")["campaign_id"] == "summer"


def test_without_a_warehouse_nothing_is_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("WAREHOUSE_DSN")
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "none"))
    assert f"there is no warehouse in {tmp_path / 'none'}: run `make demo`" in refusal(
        capsys, "scorecard"
    )
    assert not (tmp_path / "none").exists()


def test_a_server_that_does_not_answer_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", f"postgresql://x:pass@127.0.0.1:{free_port}/postgres")
    said = refusal(capsys, "scorecard")
    assert "the warehouse does not answer" in said
    assert "pass" not in said.replace("password", "")


def test_shop_days_of_other_campaigns_are_left_out(
    clean_warehouse: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = spring_marts()
    rows["mart_tracking_coverage"] = rows["mart_tracking_coverage"][1:]
    make_marts(clean_warehouse.dsn("transformer"), rows)
    found = as_json(capsys, "campaign")["tables"]["reconciliation"]
    assert [(row["day_count"], row["shop_amount"]) for row in found] == [(1, "100.00")] * 2
    with connect(clean_warehouse.dsn("bi_reader")) as reader:
        assert reader.execute("select max(order_date) from mart_tracking_coverage").fetchone() == (
            DAY_2,
        )
