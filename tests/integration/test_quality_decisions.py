"""Alerts and weekly reviews as the pages show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from include.pages import quality_decisions
from include.pages.reader import Reader, Snapshot
from include.warehouse.connection import connect
from tests.integration.pages_client import api_server, token_of
from tests.integration.quality_rows import HOSTILE, insert

BEGAN = dt.datetime(2026, 11, 20, 14, 0, tzinfo=dt.UTC)


@pytest.fixture
def filled(clean_warehouse):
    """Two alerts, one ended; a review of a week with three lines and two decisions."""
    with connect(clean_warehouse.admin_dsn) as admin:
        found = admin.execute("select to_regclass('quality.campaign_reviews')").fetchone()
        if found is None or found[0] is None:
            pytest.skip("this warehouse has no weekly reviews")
        add_alerts(admin)
        add_review(admin)
    return clean_warehouse


def add_alerts(admin) -> None:
    late = {"kind": "late_source", "subject": "tiktok", "page_path": "/groundswell/quality"}
    times = {"began_at": BEGAN, "last_seen_at": BEGAN}
    insert(admin, "quality.alerts", {**late, **times, "message": "no 19th"}, "alert_id")
    ended = {"kind": "code_leak", "subject": HOSTILE, "page_path": "javascript:alert(1)"}
    ended |= {"ended_at": BEGAN, "sent_at": BEGAN, "sent_through": ["smtp"], "message": HOSTILE}
    insert(admin, "quality.alerts", {**ended, **times}, "alert_id")


def add_review(admin) -> None:
    week = {"campaign_id": "launch", "week_start_date": "2026-11-09"}
    review = {
        "week_end_date": "2026-11-15",
        "campaign_name": HOSTILE,
        "attribution_model": "linear",
        "rule_version": "all",
        "missing_dates": [dt.date(2026, 11, 12)],
        "advice_reason": "enough orders",
        "run_id": "r",
    }
    insert(admin, "quality.campaign_reviews", {**week, **review}, "campaign_id")
    for place, section in enumerate(("risk", "change", "winner")):
        line = {"section": section, "position": place, "kind": "k", "subject": "maya"}
        line["message"] = f"line of {section}"
        insert(admin, "quality.review_findings", {**week, **line}, "position")
    for key, decision in (("a", "approved"), ("b", "open")):
        decided = {"decision": decision, "proposal_key": key, "proposal": "{}", "run_id": "r"}
        if decision == "approved":
            decided |= {"decided_by": "ana", "decided_at": BEGAN, "plan_change": "+ fee: 600"}
        insert(admin, "quality.budget_decisions", {**week, **decided}, "proposal_key")


@pytest.fixture
def snapshot(filled) -> Iterator[Snapshot]:
    reader = Reader(lambda: filled.dsn("ui_reader"))
    with reader.snapshot() as found:
        yield found
    reader.close()


def test_open_alerts_come_without_the_ended_ones(snapshot: Snapshot) -> None:
    assert [row["subject"] for row in quality_decisions.read_alerts(snapshot).rows] == ["tiktok"]
    ended = quality_decisions.read_alerts(snapshot, state="ended", kind="code_leak").rows
    assert [row["sent_through"] for row in ended] == [["smtp"]]
    assert quality_decisions.read_alert_kinds(snapshot) == ["code_leak", "late_source"]
    assert quality_decisions.count_open_alerts(snapshot) == 1


def test_a_review_has_its_lines_and_decisions(snapshot: Snapshot) -> None:
    [review] = quality_decisions.read_reviews(snapshot).rows
    assert [line["message"] for line in review["findings"]] == [
        "line of change",
        "line of risk",
        "line of winner",
    ]
    decided = [(d["decision"], d["decided_by"], d["plan_change"]) for d in review["decisions"]]
    assert decided == [("approved", "ana", "+ fee: 600"), ("open", None, None)]


def test_the_pages_escape_them_and_link_only_to_our_pages(filled, tmp_path) -> None:
    with api_server(filled, tmp_path) as client:
        headers = {"Accept": "text/html", "Authorization": f"Bearer {token_of('viewer')}"}
        alerts = read(client, "alerts?state=all", headers)
        reviews = read(client, "reviews", headers)
        overview = read(client, "", headers)
    assert 'href="/groundswell/quality"' in alerts
    assert "javascript:alert" not in alerts
    assert "&lt;script&gt;alert(" in alerts
    assert "&lt;script&gt;alert(" in reviews
    assert "by ana" in reviews
    assert "Open alerts" in overview


def read(client: TestClient, page: str, headers: dict[str, str]) -> str:
    answer = client.get(f"/groundswell/quality/{page}".rstrip("/"), headers=headers)
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    return str(answer.text)
