"""Which dbt models are built, and which of them are tasks of their own."""

from __future__ import annotations

import pytest

from include import daily, dbt_tasks
from include.dbt_tasks import idle_staging
from include.settings import DBT_PROJECT_DIR


def test_only_staging_that_no_fact_reads_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts read TikTok's posts and WooCommerce's orders, whether or not a campaign has them."""
    assert idle_staging(["shopify", "campaign_plan"]) == []
    read = {path.name for path in (DBT_PROJECT_DIR / "models" / "staging").iterdir()}
    monkeypatch.setattr(dbt_tasks, "_staging_that_facts_read", lambda: read - {"woocommerce"})
    assert idle_staging(["shopify", "campaign_plan"]) == ["path:models/staging/woocommerce"]
    assert idle_staging(["woocommerce", "ga4_export"]) == []


def test_without_a_measure_run_there_is_nothing_to_close() -> None:
    assert "no measure run was opened" in daily.fail_run(None)
