"""Which dbt models are built, and which of them are tasks of their own."""

from __future__ import annotations

import pytest

from include import dbt_tasks
from include.dbt_tasks import idle_staging


def test_staging_that_facts_read_is_never_left_out() -> None:
    """Facts read every source there is, whether or not a campaign has it."""
    assert idle_staging(["shopify", "campaign_plan"]) == []


def test_staging_that_no_fact_reads_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_tasks, "_staging_that_facts_read", lambda: {"shopify", "tiktok"})
    left_out = idle_staging(["ga4"])
    assert "path:models/staging/woocommerce" in left_out
    assert not {f"path:models/staging/{n}" for n in ("shopify", "tiktok", "ga4")} & set(left_out)
