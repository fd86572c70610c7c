"""What the dashboard's charts answer over marts written by hand: their parts make the whole."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hand_made_marts import DAY_1, make_marts, spring_marts

from include.bi.superset.answers import build_query
from include.bi.superset.description import CHARTS
from include.report.warehouse import Marts, open_marts

CLASSES = (
    "link_only_order_count", "code_only_order_count", "link_and_code_order_count",
    "survey_only_order_count", "compromised_only_order_count", "other_channel_order_count",
    "direct_order_count", "untracked_order_count",
)  # fmt: skip


@pytest.fixture(scope="module")
def marts(warehouse: Any) -> Iterator[Marts]:
    """The marts of campaign spring; its 36 orders of day 1 are those of campaign autumn, too."""
    shared = {"connection_id": "shopify", "order_date": DAY_1, "order_count": 36}
    counts = {"spring": range(1, 9), "autumn": range(8, 0, -1)}
    covered = [
        {"campaign_id": campaign} | shared | dict(zip(CLASSES, numbers, strict=True))
        for campaign, numbers in counts.items()
    ]
    profiles = [{"campaign_id": name, "campaign_name": name.title()} for name in counts]
    warehouse.reset()
    make_marts(
        warehouse.dsn("transformer"),
        spring_marts() | {"mart_campaign_profile": profiles, "mart_tracking_coverage": covered},
    )
    with open_marts(warehouse.dsn("bi_reader")) as opened:
        yield opened
    warehouse.reset()


def shown(marts: Marts, slug: str) -> list[dict[str, Any]]:
    """Return the rows of a chart."""
    [chart] = [chart for chart in CHARTS if chart.slug == slug]
    return marts.read(build_query(chart), chart.filters)


def test_each_campaigns_bar_reaches_the_orders_of_its_day(marts: Marts) -> None:
    bars = {(row.pop("campaign"), row.pop("order_date")): row for row in shown(marts, "coverage")}
    assert bars.keys() == {("Autumn", DAY_1), ("Spring", DAY_1)}
    assert {key: sum(bar.values()) for key, bar in bars.items()} == dict.fromkeys(bars, 36)
    assert bars["Spring", DAY_1]["compromised_only_order_count"] == 5


def test_the_causes_make_the_gap_between_shop_and_ga4(marts: Marts) -> None:
    """400 = 310 - 15 + 20 + 30 + 50 + (2 - 1) + 4; GA4 knows nothing of day 2."""
    [gap] = shown(marts, "ga4_gap")
    assert gap.pop("connection_id") == "shopify"
    assert gap.pop("shop_net_sales_amount") == 400 == sum(gap.values())
    assert (gap["refund_amount"], gap["other_amount"]) == (Decimal(-15), Decimal(1))


def test_the_channels_make_the_shops_figure_but_for_what_is_untied(marts: Marts) -> None:
    """500 = 270 + 120 + 60 + 50.01 - 0.01, under each of the two models."""
    tied = shown(marts, "tie_out")
    assert {row["attribution_model"] for row in tied} == {"last_touch", "linear"}
    for row in tied:
        parts = [amount for name, amount in row.items() if name.endswith("_amount")]
        assert parts[0] == 500
        assert sum(parts[1:-1]) - parts[-1] == 500
