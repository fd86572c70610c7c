"""Which dbt models are built, and which of them are tasks of their own."""

from __future__ import annotations

from include.dbt_tasks import idle_staging


def test_only_staging_that_no_fact_reads_is_left_out() -> None:
    """Facts read TikTok's posts and GA4's export, whether or not a campaign has them."""
    assert idle_staging(["shopify", "campaign_plan"]) == ["path:models/staging/woocommerce"]
    assert idle_staging(["woocommerce", "ga4_export"]) == []
