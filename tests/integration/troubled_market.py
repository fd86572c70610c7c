"""The campaign of five creators once more, with what goes wrong: rows beside the worksheet's.

eva's code leaks, her followers are bought, ana's comments repeat, GA4 disagrees with the shop, a
sale runs on two days, and six regions are compared. Plan, orders and the shop's report are those of
the worksheet (tests/fixtures/five_creators); the posts are these alone.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from five_creators import KEY, UTM
from hand_made_market import GA4, INSTAGRAM, SHOP, Market, utc
from psycopg.types.json import Jsonb

COUPON_SITE = "https://www.retailmenot.com/view/brand"
# Likes + comments of each of an account's three posts.
ENGAGEMENTS = {"ana": 500, "ben": 500, "cia": 400, "dan": 600, "eva": 180}
POSTS = (
    ("a1", "ana", "FEED", "2026-06-02 08:00"),
    ("a2", "ana", "REELS", "2026-06-06 08:00"),
    ("a0", "ana", "FEED", "2026-05-10 08:00"),
    ("b1", "ben", "FEED", "2026-06-03 09:00"),
    ("e1", "eva", "FEED", "2026-06-06 09:00"),
    *((f"{name}_{day}", name, "FEED", f"2026-05-{day} 09:00")
      for name, days in (("ben", (11, 20)), ("eva", (12, 20)), ("cia", (11, 15, 20)),
                         ("dan", (12, 16, 22)))
      for day in days),
)  # fmt: skip


def write_leak(market: Market) -> None:
    """EVA20 before eva's first post, twice by way of a coupon site, then a gift and her own order.

    ben's code is typed by a returning customer from Canada and by somebody who came by ana.
    """
    for customer, country in (("x1", "FR"), ("x2", "FR"), ("x3", "CA"), ("ve", None)):
        market.add(
            "shopify__customers", connection_id=SHOP, customer_id=customer, country_code=country
        )
    seen: dict[str, Any] = {"journey_moments_count": 1}
    for number, at, net, customer in ((21, "10:00", "20.00", "x1"), (22, "11:00", "30.00", "x2")):
        market.order(
            number, f"2026-06-04 {at}", net, codes=("EVA20",), customer_id=customer,
            customer_order_index=3, **seen,
        )  # fmt: skip
        market.visit(number, "v1", "2026-06-04 09:00", referrer_url=COUPON_SITE)
    market.order(23, "2026-06-05 12:00", "40.00", codes=("EVA20",))
    market.order(24, "2026-06-08 12:00", "10.00", codes=("BEN10",), **seen)
    market.visit(24, "v1", "2026-06-08 11:00", **UTM, utm_content="ana")
    market.order(
        25, "2026-06-08 13:00", "0.00", codes=("EVA20",), customer_id="ve",
        source_name="shopify_draft_order", total_discounts=Decimal(60),
    )  # fmt: skip
    market.order(26, "2026-06-09 13:00", "50.00", codes=("EVA20",), customer_id="ve")
    market.order(
        28, "2026-06-07 13:00", "15.00", codes=("BEN10",), customer_id="x3",
        customer_order_index=2, **seen,
    )  # fmt: skip
    market.visit(28, "v1", "2026-06-07 12:00", source="direct")
    market.connection.execute(
        "update raw.campaign_plan__creators set country_code = 'US' "
        "where creator_id in ('ben', 'eva')"
    )
    market.connection.execute(
        "update raw.campaign_plan__codes set compromised_from = '2026-06-12' where code = 'ANA20'"
    )


def write_ga4(market: Market) -> None:
    """GA4 was read on all days: direct visits of six weeks, and its own idea of the purchases."""
    start = dt.date(2026, 5, 4)
    for number in range(42):
        day = start + dt.timedelta(number)
        # 8 and 10 by turns, then 10 and 12, and 13 and 17 in the campaign.
        low, step = ((8, 2), (10, 2), (13, 4))[number // 14]
        key = {"connection_id": GA4, "property_id": "1", "date": day}
        count = low + step * (number % 2)
        market.add(
            "ga4__session_totals", **key, sessions=count, listed_sessions=count, time_zone="UTC",
            currency_code="USD",
        )  # fmt: skip
        market.add(
            "ga4__source_sessions", **key, session_source="(direct)", session_medium="(none)",
            session_campaign_name="(direct)", session_manual_ad_content="", sessions=count,
        )  # fmt: skip
    market.order(
        29, "2026-06-09 15:00", "200.00", source_name="pos", customer_order_index=1,
    )  # fmt: skip
    market.order(30, "2026-06-12 15:00", "100.00", presentment_currency_code="CAD")
    market.connection.execute(
        "update raw.shopify__orders set presentment_currency_code = 'USD' "
        "where presentment_currency_code = ''"
    )
    for name, day, revenue, count in (
        ("#12", "2026-06-04", "90.00", 2),
        ("#4", "2026-06-06", "60.00", 1),
        ("#5", "2026-06-07", "40.00", 1),
        ("#6", "2026-06-08", "37.40", 1),
        ("#8", "2026-06-10", "90.00", 1),
        ("#9", "2026-06-11", "120.00", 1),
        ("#10", "2026-06-11", "500.00", 1),
        ("#30", "2026-06-12", "97.00", 1),
        ("#4711", "2026-06-12", "12.34", 1),
    ):
        market.transaction(
            name, day, "", ecommerce_purchases=count, purchase_revenue=Decimal(revenue)
        )
    market.add(
        "files__paid_ads_costs", connection_id="files", file_name="ads.csv", line_number=1,
        cost_date=dt.date(2026, 6, 5), platform="meta", campaign_name="June", currency_code="USD",
        spend_amount=Decimal(10), orders=Decimal(3), revenue_amount=Decimal(150),
    )  # fmt: skip


def write_regions(market: Market) -> None:
    """Six regions after the campaign: 100.00 each on 18 June, and by their arm on the 20th."""
    arms = {
        "treatment": {"CA": "200.00", "WA": "400.00", "NV": "800.00"},
        "control": {"TX": "100.00", "FL": "200.00", "OH": "400.00"},
    }
    number = 40
    for role, regions in arms.items():
        market.add(
            "campaign_plan__experiment_arms", **KEY, experiment_id="west", experiment_kind="geo",
            arm_id=role, arm_role=role, regions=Jsonb([f"US-{region}" for region in regions]),
            valid_from=dt.date(2026, 6, 20), valid_to=dt.date(2026, 6, 21),
        )  # fmt: skip
        for region, sold in regions.items():
            market.add(
                "shopify__customers", connection_id=SHOP, customer_id=region, country_code="US",
                province_code=region,
            )  # fmt: skip
            market.order(number, "2026-06-18 12:00", "100.00", customer_id=region)
            market.order(number + 1, "2026-06-20 12:00", sold, customer_id=region)
            number += 2


def write_audiences(market: Market) -> None:
    """10,000 followers each on 20 days; eva wins 800 on the 12th of June and nobody else one."""
    for number in range(20):
        day = dt.date(2026, 5, 26) + dt.timedelta(number)
        start = {"connection_id": INSTAGRAM, "window_start": utc(f"{day} 00:00")}
        start |= {"captured_at": utc(f"{day} 06:00")}
        for name in ENGAGEMENTS:
            bought = 800 if name == "eva" and day >= dt.date(2026, 6, 12) else 0
            known = {**start, "username": f"{name}.ig", "followers_count": 10_000 + bought}
            if name == "ana":
                market.add("instagram__accounts", **known, account_id="ana")
            else:
                market.add("instagram__discovered_accounts", **known)
    texts = ["nice"] * 20 + ["where is it made"] * 40
    for number, text in enumerate(texts):
        market.add(
            "instagram__comments", connection_id=INSTAGRAM, comment_id=str(number), media_id="a1",
            account_id="ana", username=f"u{number}", text=text,
            timestamp=utc("2026-06-02 13:00") + dt.timedelta(minutes=number),
        )  # fmt: skip


def write_contents(market: Market) -> None:
    """Posts read on 13 June, e1 with more likes the day before; a story told by cia; two raters."""
    for media_id, name, product, at in POSTS:
        likes = ENGAGEMENTS[name] - 40
        if media_id == "e1":
            _write_reading(market, "2026-06-12", media_id, name, product, at, likes + 10)
        _write_reading(market, "2026-06-13", media_id, name, product, at, likes)
    market.add(
        "files__story_numbers", connection_id="files", file_name="cia.jsonl", line_number=1,
        platform="Instagram", creator_handle="@cia.ig", published_at=utc("2026-06-04 12:00"),
        reported_at=utc("2026-06-05 12:00"), reach=300, views=360, link_clicks=12,
    )  # fmt: skip
    scores = (("kim", "story", 4), ("kim", "light", 3), ("lou", "story", 5), ("lou", "light", 4))
    for number, (rater, criterion, score) in enumerate(scores, start=1):
        market.add(
            "files__content_ratings", connection_id="files", file_name="ratings.csv",
            line_number=number, post_url="https://www.instagram.com/p/a1/", criterion=criterion,
            rater=rater, score=Decimal(score), max_score=Decimal(5),
            rated_date=dt.date(2026, 6, 10), platform="instagram",
        )  # fmt: skip
    market.add(
        "campaign_plan__events", **KEY, event_id="sale", event_kind="promotion", event_name="Sale",
        valid_from=dt.date(2026, 6, 5), valid_to=dt.date(2026, 6, 6),
    )  # fmt: skip


def _write_reading(
    market: Market, day: str, media_id: str, name: str, product: str, at: str, likes: int
) -> None:
    """One reading of a post with 40 comments; what was posted in June is the campaign's."""
    key = {"connection_id": INSTAGRAM, "media_id": media_id, "window_start": utc(f"{day} 00:00")}
    key |= {"captured_at": utc(f"{day} 06:00")}
    shown = {
        "username": f"{name}.ig", "media_product_type": product, "timestamp": utc(at),
        "caption": "#june with #ad" if at >= "2026-06" else "a quiet day",
        "permalink": f"https://www.instagram.com/p/{media_id}/",
        "like_count": likes, "comments_count": 40,
    }  # fmt: skip
    if name != "ana":
        market.add("instagram__discovered_media", **key, **shown, view_count=5_000)
        return
    key["account_id"] = "ana"
    market.add("instagram__media", **key, **shown)
    market.add(
        "instagram__media_insights", **key, likes=likes, comments=40, shares=10, saved=10,
        reach=4_000, views=5_000,
        ig_reels_video_view_total_time=7_200_000 if product == "REELS" else None,
    )  # fmt: skip
