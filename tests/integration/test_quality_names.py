"""Alerts and restatements name campaigns and creators as people know them, not by their ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from fastapi.testclient import TestClient

from include.pages.quality_names import CAMPAIGN_KINDS, CAUSES
from include.settings import DBT_PROJECT_DIR
from include.warehouse.connection import connect
from tests.integration import page_marts
from tests.integration.pages_client import api_server, token_of
from tests.integration.quality_rows import insert

NOW = "2026-03-31 14:00+00"
RESTATED = {
    "measure_run_id": 1,
    "campaign_id": "spring",
    "metric_date": page_marts.DAY,
    "measured_date": page_marts.DAY,
    "cause": "late_touch",
    "is_restated": True,
    "currency_code": "EUR",
    "net_revenue_difference_amount": -1,
}


@pytest.fixture(scope="module")
def pages(warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A campaign of one creator, restated under two models; a goal and a source that are late."""
    warehouse.reset()
    scorecard, version = page_marts.creator(1, creator_id="ana_b", creator_name="Ana B")
    marts = {
        "mart_campaign_profile": [page_marts.profile("spring", campaign_name="Spring Glow")],
        "mart_creator_scorecard": [scorecard],
        "mart_creator_attribution": [version],
        "mart_restatements": [
            RESTATED | {"creator_id": creator, "attribution_model": model}
            for model, creator in (("linear", "ana_b"), ("last_touch", "ana_b"), ("linear", "bo"))
        ],
    }
    page_marts.publish(warehouse.dsn("transformer"), marts)
    with connect(warehouse.admin_dsn) as admin:
        for kind, subject in (("pacing", "spring/sales"), ("source_late", "tiktok")):
            alert = {"kind": kind, "subject": subject, "message": "late", "page_path": "/x"}
            times = {"began_at": NOW, "last_seen_at": NOW}
            insert(admin, "quality.alerts", alert | times, "alert_id")
    with api_server(warehouse, tmp_path_factory.mktemp("api-server")) as client:
        yield client
    warehouse.reset()


def read(client: TestClient, page: str) -> str:
    headers = {"Accept": "text/html", "Authorization": f"Bearer {token_of('viewer')}"}
    answer = client.get(f"/groundswell/quality/{page}", headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_an_alert_is_about_a_campaign_by_its_name(pages: TestClient) -> None:
    shown = read(pages, "alerts")
    assert 'Spring Glow<span class="below">sales</span>' in shown
    assert "spring/sales" not in shown
    assert '<th scope="row" class="wrap">tiktok</th>' in shown


def test_restated_figures_are_a_creators_by_name_under_the_campaigns_model(
    pages: TestClient,
) -> None:
    shown = read(pages, "restatements")
    assert '<option value="last_touch" selected>' in shown, "not the first by name"
    assert '<td>Spring Glow</td> <th scope="row">Ana B</th>' in shown
    assert "a visit or code of an order was seen later" in shown
    linear = read(pages, "restatements?model=linear")
    assert '<th scope="row">bo</th>' in linear, "who is in no scorecard keeps the id"


def test_every_cause_is_explained_and_every_campaign_kind_is_watched() -> None:
    from include.alerts.watch import NEEDED_MARTS

    path = DBT_PROJECT_DIR / "models" / "marts" / "mart_restatements.yml"
    (model,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    (cause,) = (column for column in model["columns"] if column["name"] == "cause")
    (allowed,) = (test for test in cause["data_tests"] if isinstance(test, dict))
    assert set(allowed["accepted_values"]["arguments"]["values"]) == set(CAUSES)
    assert set(CAMPAIGN_KINDS) == set(NEEDED_MARTS)
