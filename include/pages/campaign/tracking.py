"""How much of the shop's sales can be seen, and whether everything adds up to the shop's figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from markupsafe import Markup
from psycopg import sql

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.charts import Part, shares, signed_bar, whole_bar
from include.pages.reader import Row, Snapshot
from include.report.queries import SHOP_DAYS

_COVERAGE_PARTS = (
    ("link_only_order_count", "Creator, by link", "a1"),
    ("link_and_code_order_count", "Creator, by link and code", "a2"),
    ("code_only_order_count", "Creator, by code", "a3"),
    ("survey_only_order_count", "Creator, by survey", "a4"),
    ("compromised_only_order_count", "Public code only", "warn"),
    ("other_channel_order_count", "Other channels", "b1"),
    ("direct_order_count", "Direct", "b2"),
    ("untracked_order_count", "No touch seen", "unknown"),
)
_CHANNELS = (
    ("attributed_amount", "Creators", "a1"),
    ("other_channel_amount", "Other channels", "b1"),
    ("direct_amount", "Direct", "b2"),
    ("unattributed_amount", "Unattributed", "unknown"),
)
CAUSES = (
    ("cancelled_amount", "Cancelled orders"),
    ("refund_timing_amount", "Refunds and their dates"),
    ("time_zone_amount", "Time zones"),
    ("consent_amount", "Tracking refused"),
    ("duplicate_amount", "Counted twice"),
    ("value_basis_amount", "Tax, shipping, discounts"),
    ("sales_channel_amount", "Tills, drafts, apps"),
    ("event_not_fired_amount", "Event not fired"),
    ("currency_amount", "Currency conversion"),
    ("test_order_amount", "Test orders"),
    ("unexplained_amount", "Unexplained"),
)
_COVERAGE = """
select
    sum(order_count) as order_count,
    sum(link_only_order_count) as link_only_order_count,
    sum(link_and_code_order_count) as link_and_code_order_count,
    sum(code_only_order_count) as code_only_order_count,
    sum(survey_only_order_count) as survey_only_order_count,
    sum(compromised_only_order_count) as compromised_only_order_count,
    sum(other_channel_order_count) as other_channel_order_count,
    sum(direct_order_count) as direct_order_count,
    sum(untracked_order_count) as untracked_order_count,
    sum(order_count - untracked_order_count)::numeric / nullif(sum(order_count), 0)
        as any_touch_rate,
    sum(consent_gap_order_count)::numeric / nullif(sum(online_known_order_count), 0)
        as consent_gap_rate
from marts.mart_tracking_coverage
where campaign_id = %(campaign_id)s
"""
# The shop's figure repeats per model: one model's rows are read, the reader's where it is there.
_OF_ONE_MODEL = f"""
from marts.mart_attribution_reconciliation as tied
where {SHOP_DAYS}
    and (attribution_model, rule_version) = (
        select attribution_model, rule_version
        from marts.mart_attribution_reconciliation
        order by
            (attribution_model = %(model)s and rule_version = %(rule_version)s) desc,
            (attribution_model = %(own_model)s and rule_version = %(own_rule_version)s) desc,
            rule_version, attribution_model
        limit 1
    )
"""
_RECONCILIATION = f"""
select
    sum(shop_net_sales_amount) as shop_net_sales_amount,
    sum(attributed_amount) as attributed_amount,
    sum(other_channel_amount) as other_channel_amount,
    sum(direct_amount) as direct_amount,
    sum(unattributed_amount) as unattributed_amount,
    sum(difference_amount) as difference_amount,
    {{unpriced}} as unpriced_order_count,
    {{converted}} as converted_entry_count,
    sum(shop_net_sales_amount) filter (where ga4_purchase_amount is not null) as ga4_shop_amount,
    sum(ga4_purchase_amount) as ga4_purchase_amount,
    sum(ga4_difference_amount) as ga4_difference_amount,
    sum(cancelled_amount) as cancelled_amount,
    sum(refund_timing_amount) as refund_timing_amount,
    sum(time_zone_amount) as time_zone_amount,
    sum(consent_amount) as consent_amount,
    sum(duplicate_amount) as duplicate_amount,
    sum(value_basis_amount) as value_basis_amount,
    sum(sales_channel_amount) as sales_channel_amount,
    sum(event_not_fired_amount) as event_not_fired_amount,
    sum(currency_amount) as currency_amount,
    sum(test_order_amount) as test_order_amount,
    sum(unexplained_amount) as unexplained_amount,
    min(attribution_model) as attribution_model,
    min(rule_version) as rule_version,
    count(distinct order_date) as day_count
{_OF_ONE_MODEL}
"""
MARTS = ("marts.mart_attribution_reconciliation", "marts.mart_tracking_coverage")
TIE_OUT = sql.SQL(f"select tied.* {_OF_ONE_MODEL}")
CSV_COLUMNS = (
    "connection_id", "order_date", "attribution_model", "rule_version", "currency_code",
    "shop_net_sales_amount", "attributed_amount", "other_channel_amount", "direct_amount",
    "unattributed_amount", "difference_amount", "unpriced_order_count", "converted_entry_count",
    "ga4_purchase_amount", "ga4_difference_amount", *(name for name, _ in CAUSES),
    "ga4_unavailable_reason", "is_final", "as_of_date",
)  # fmt: skip


def read_tracking(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return coverage by evidence and the tie-out with the shop; None where nothing was counted."""
    coverage = reconciliation = None
    has_days = bool(snapshot.columns("marts.mart_tracking_coverage"))
    if has_days:
        coverage = snapshot.row(_COVERAGE, selection.parameters)
    columns = snapshot.columns("marts.mart_attribution_reconciliation")
    if has_days and columns:
        statement = sql.SQL(_RECONCILIATION).format(
            unpriced=_count(columns, "unpriced_order_count"),
            converted=_count(columns, "converted_entry_count"),
        )
        reconciliation = snapshot.row(statement, selection.parameters)
    has_orders = coverage is not None and bool(coverage["order_count"])
    has_sales = reconciliation is not None and bool(reconciliation["day_count"])
    return {
        "coverage": coverage if has_orders else None,
        "coverage_bar": _coverage_bar(coverage) if coverage and has_orders else None,
        "reconciliation": reconciliation if has_sales else None,
        "sales_bar": _sales_bar(reconciliation, selection)
        if reconciliation and has_sales
        else None,
        "causes": _causes(reconciliation) if reconciliation and has_sales else [],
    }


def _count(columns: Collection[str], name: str) -> sql.Composable:
    # Marts that were published before the column was there counted none.
    return sql.SQL("sum({})").format(sql.Identifier(name)) if name in columns else sql.SQL("0")


def _coverage_bar(row: Row) -> Mapping[str, object]:
    parts = [
        Part(title, row[name], kind, formats.number(row[name]))
        for name, title, kind in _COVERAGE_PARTS
        if row[name]
    ]
    label = "Orders by what is known of them: " + ", ".join(
        f"{part.name} {part.shown}" for part in parts
    )
    return {
        "title": "Orders by evidence",
        "chart": whole_bar(parts, label),
        "legend": shares(parts),
    }


def _sales_bar(row: Row, selection: Selection) -> Mapping[str, object]:
    parts = [
        Part(title, row[name], kind, formats.money(row[name], selection.currency_code))
        for name, title, kind in _CHANNELS
    ]
    label = "The shop's net sales by channel: " + ", ".join(
        f"{part.name} {part.shown}" for part in parts
    )
    return {
        "title": "Net sales by channel",
        "chart": whole_bar(parts, label),
        "legend": shares(parts),
    }


def _causes(row: Row) -> list[tuple[str, Decimal, Markup]]:
    """Return the causes of GA4's difference that hold money, largest first, each with its bar."""
    found = [(title, Decimal(row[name])) for name, title in CAUSES if row[name]]
    found.sort(key=lambda cause: abs(cause[1]), reverse=True)
    most = abs(found[0][1]) if found else Decimal(1)
    return [(title, amount, signed_bar(amount, most, title)) for title, amount in found]
