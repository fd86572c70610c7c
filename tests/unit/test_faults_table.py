"""Every bad day is there by its name, and the table of docs/sandbox.md says who plays it."""

from __future__ import annotations

from include.sandbox.faults_names import FILE_MEANINGS, MEANINGS
from include.sandbox.faults_table import fault_table
from include.sandbox.server import discover_faults, discover_sandboxes
from include.settings import REPO_ROOT

EVERYWHERE = {
    "throttle",
    "truncated_body",
    "slow_body",
    "connection_reset",
    "html_page",
    "clock_skew",
}
OF_THE_MARKET = {
    "counter_falls",
    "late_ga4_rows",
    "journey_not_ready",
    "refund_after_20_days",
    "deleted_order",
    "merged_customer",
}
# Sources with tokens, lists of pages and metrics must play these; the others have none of them.
PAGED = {"instagram", "shopify", "tiktok", "youtube"}
REPORTING = {*PAGED, "ga4"}
OF_THE_PROTOCOL = {
    "token_expiry": REPORTING,
    "empty_last_page": PAGED,
    "fewer_items": {*REPORTING, "woocommerce"},
    "empty_for_missing_permission": REPORTING,
    "refused_metric": REPORTING,
    "missing_keys": {*REPORTING, "woocommerce"},
    "duplicate_across_pages": {*REPORTING, "woocommerce"},
    "bulk_slice_lost": {"shopify"},
    "new_field": {*REPORTING, "woocommerce", "exchange_rates"} - {"shopify"},
    "field_gone": {*REPORTING, "woocommerce", "exchange_rates"},
    "type_changed": {*REPORTING, "woocommerce", "exchange_rates"},
}


def test_every_named_bad_day_exists() -> None:
    assert MEANINGS.keys() >= EVERYWHERE | OF_THE_MARKET


def test_every_source_plays_what_its_protocol_has() -> None:
    offered = discover_faults()
    played = {
        name: {source for source, faults in offered.items() if name in faults}
        for name in OF_THE_PROTOCOL
    }
    assert played == OF_THE_PROTOCOL
    # A platform that limits its rate does so in its own way.
    assert {s for s, faults in offered.items() if "throttle" in faults} == {
        *REPORTING,
        "woocommerce",
    }


def test_the_table_of_the_docs_is_the_codes() -> None:
    sandboxes = discover_sandboxes()
    folders = [name for name, module in sandboxes.items() if hasattr(module, "write_files")]
    table = "\n".join(fault_table(discover_faults(), folders))
    assert f"\n\n{table}\n\n" in (REPO_ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
    assert all(f"| {name} (file) |" in table for name in FILE_MEANINGS)
