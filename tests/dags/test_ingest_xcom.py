"""What a load hands to Airflow: numbers alone, whatever the API said."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from include import daily, orchestration
from include.ingest import StreamResult
from include.settings import REPO_ROOT

SAID = "permission is missing: EAAGsecretsecret of maya@example.com, +1 212 555 0100"


def test_no_text_of_an_api_reaches_xcom(monkeypatch: pytest.MonkeyPatch) -> None:
    result = StreamResult(7, "loaded", SAID, rows_read=3, rows_rejected=1, drifted_fields=(SAID,))
    other = StreamResult(8, "loaded", SAID, rows_read=2)
    loaded = {1: [result], 18: [result, other]}
    monkeypatch.setattr(daily, "load_streams", lambda _, streams, *args, **kw: loaded[len(streams)])
    monkeypatch.setattr(orchestration, "partition_key", lambda: "2026-11-04")
    monkeypatch.setattr(orchestration, "run_id", lambda: "run")
    monkeypatch.setattr(orchestration, "form", lambda name: None)
    module = runpy.run_path(str(REPO_ROOT / "dags" / "ingest.py"))
    load: Any = module["load_streams"].function
    assert load("shopify", "orders", "shopify") == {"load_ids": [7], "rows": 3, "rejected": 1}
    plan = load("campaign_plan", "", "campaign_plan")
    assert plan == {"load_ids": [7, 8], "rows": 5, "rejected": 1}
