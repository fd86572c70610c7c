"""The dashboard as code: files equal the description, charts name what the marts promise."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest
import yaml

from include.bi.superset import answers
from include.bi.superset.bundle import (
    FOLDER,
    URI,
    build_bundle,
    dataset_columns,
    id_of,
    mart_columns,
    to_yaml,
    zip_bundle,
)
from include.bi.superset.description import CHARTS, METRICS, QUESTIONS, Chart
from include.bi.superset.labels import label_of
from include.bi.superset.server import outdate
from include.errors import CountMismatch

BUNDLE = build_bundle()
README = (FOLDER.parents[3] / "README.md").read_text()


def columns_of(mart: str) -> set[str]:
    return {column["name"] for column in mart_columns(mart)}


def by_slug(chart: Chart) -> str:
    return chart.slug


def test_the_files_are_what_the_description_says() -> None:
    written = {p.relative_to(FOLDER).as_posix(): p.read_text() for p in FOLDER.rglob("*.yaml")}
    assert written == {path: to_yaml(document) for path, document in BUNDLE.items()}


@pytest.mark.parametrize("chart", CHARTS, ids=by_slug)
def test_every_column_of_a_chart_stands_in_the_marts_contract(chart: Chart) -> None:
    promised = {column["name"] for column in dataset_columns(chart.mart)}
    assert not promised - columns_of(chart.mart) - {"campaign", "creator"}
    metrics = {metric.name for metric in METRICS[chart.mart]}
    used = {*chart.columns, *chart.filters, *([chart.shown_only] if chart.shown_only else [])}
    assert used <= promised
    assert set(chart.metrics) <= metrics
    assert chart.order is None or chart.order in ({*metrics} if chart.metrics else promised)


@pytest.mark.parametrize("mart", METRICS)
def test_every_metric_sums_columns_of_its_mart(mart: str) -> None:
    for metric in METRICS[mart]:
        words = set(re.findall(r"[a-z][a-z0-9_]+", metric.expression))
        assert words - {"sum", "nullif", "abs"} <= columns_of(mart), metric.name


def test_figures_that_repeat_per_model_are_never_added_over_models() -> None:
    for chart in CHARTS:
        if chart.mart == "mart_attribution_reconciliation":
            kept = {*chart.columns, *chart.filters}
            assert {"attribution_model", "rule_version"} <= kept, chart.slug


def test_nothing_is_ever_added_over_campaigns() -> None:
    """Money may be of two currencies; an order of a shop that two campaigns share is in both."""
    for chart in CHARTS:
        if chart.metrics and "campaign_id" in columns_of(chart.mart):
            assert "campaign" in chart.columns, chart.slug


def test_bars_of_campaigns_stand_beside_each_other() -> None:
    parameters = BUNDLE["charts/coverage.yaml"]["params"]
    assert (parameters["groupby"], parameters["stackDimension"]) == (["campaign"], "campaign")


@pytest.mark.parametrize("chart", CHARTS, ids=by_slug)
def test_no_table_shows_an_id_where_there_is_a_name(chart: Chart) -> None:
    assert not {"campaign_id", "creator_id", "creator_name"} & {*chart.columns}


@pytest.mark.parametrize("mart", METRICS)
def test_every_column_and_metric_is_called_by_words_of_its_own(mart: str) -> None:
    dataset = BUNDLE[f"datasets/Groundswell/{mart}.yaml"]
    labels = {column["column_name"]: column["verbose_name"] for column in dataset["columns"]}
    assert [label for label in labels.values() if "_" in label or not label[0].isupper()] == []
    assert len(set(labels.values())) == len(labels), "two columns are called the same"
    metrics = {metric["metric_name"]: metric["verbose_name"] for metric in dataset["metrics"]}
    assert [label for label in metrics.values() if not label[0].isupper()] == []
    # What is a column and its sum is called one thing.
    assert {name: labels[name] for name in metrics.keys() & labels} == {
        name: metrics[name] for name in metrics.keys() & labels
    }


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("net_revenue_amount", "Net revenue"),
        ("roas_low", "ROAS, low"),
        ("direct_order_count", "Direct orders"),
        ("reach_count", "Reach"),
        ("views_day7_count", "Views, day 7"),
        ("er_by_reach", "Engagement rate by reach"),
        ("credited_order_count_low", "Credited orders, low"),
        ("ga4_join_rate", "GA4 join rate"),
        ("permalink", "Post"),
    ],
)
def test_labels_follow_from_names(column: str, label: str) -> None:
    assert label_of(column) == label


def test_the_five_questions_are_the_readmes_and_each_is_answered() -> None:
    assert len(QUESTIONS) == 5
    for question in QUESTIONS:
        assert f"| {question} |" in README
        assert any(chart.question == question for chart in CHARTS)


def test_ids_fit_together() -> None:
    datasets = {d["uuid"]: d for path, d in BUNDLE.items() if path.startswith("datasets/")}
    charts = {d["uuid"] for path, d in BUNDLE.items() if path.startswith("charts/")}
    database = BUNDLE["databases/Groundswell.yaml"]
    assert {d["database_uuid"] for d in datasets.values()} == {database["uuid"]}
    for path, document in BUNDLE.items():
        if path.startswith("charts/"):
            assert document["dataset_uuid"] in datasets
            json.loads(document["query_context"])
    position = BUNDLE["dashboards/groundswell.yaml"]["position"]
    cells = [item for item in position.values() if isinstance(item, dict)]
    assert {c["meta"]["uuid"] for c in cells if c["type"] == "CHART"} == charts
    children = [child for cell in cells for child in cell.get("children", [])]
    assert len(children) == len(set(children))
    assert set(children) <= position.keys()


def test_no_password_is_in_the_files_and_the_import_brings_its_own() -> None:
    assert BUNDLE["databases/Groundswell.yaml"]["sqlalchemy_uri"] == URI
    assert ":XXXXXXXXXX@" in URI
    with zipfile.ZipFile(io.BytesIO(zip_bundle("postgresql+psycopg2://a:b@c:1/d"))) as archive:
        names = {name.removeprefix("groundswell/") for name in archive.namelist()}
        database = yaml.safe_load(archive.read("groundswell/databases/Groundswell.yaml"))
    assert names == BUNDLE.keys()
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://a:b@c:1/d"
    assert not any(database[right] for right in ("allow_dml", "allow_ctas", "allow_cvas"))


def test_the_altered_bundle_would_be_noticed_in_every_chart() -> None:
    """`make test-superset` imports it first: what stays of it must not go unseen."""
    with zipfile.ZipFile(io.BytesIO(outdate(zip_bundle()))) as archive:
        for chart in CHARTS:
            document = yaml.safe_load(archive.read(f"groundswell/charts/{chart.slug}.yaml"))
            assert json.loads(document["query_context"])["queries"][0]["row_limit"] == 1
        scorecard = archive.read("groundswell/datasets/Groundswell/mart_creator_scorecard.yaml")
    assert b"expression: min(net_revenue_amount)" in scorecard


class OneAnswer:
    """Marts that answer every query with the same rows."""

    def read(self, query: str, values: object = None) -> list[dict[str, Any]]:
        return [{"cost_amount": 1.0}]


def test_a_chart_that_differs_from_the_warehouse_is_named() -> None:
    same = {id_of("chart", chart.slug): [{"cost_amount": 1}] for chart in CHARTS}
    assert len(list(answers.compare(OneAnswer(), same))) == len(CHARTS)  # type: ignore[arg-type]
    other = same | {id_of("chart", "creators"): [{"cost_amount": 2}]}
    with pytest.raises(CountMismatch, match=r"'Creators by ROAS.*the first that differ"):
        list(answers.compare(OneAnswer(), other))  # type: ignore[arg-type]
    same.pop(id_of("chart", "coverage"))
    with pytest.raises(CountMismatch, match="is not on the dashboard"):
        list(answers.compare(OneAnswer(), same))  # type: ignore[arg-type]
