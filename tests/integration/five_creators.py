"""The worksheet of tests/fixtures/five_creators: inputs into raw tables, expectations read."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hand_made_market import GA4, INSTAGRAM, PLAN, SHOP, Market, utc
from psycopg.types.json import Jsonb

FOLDER = Path(__file__).parent.parent / "fixtures/five_creators"
FIRST_DAY, LAST_DAY = dt.date(2026, 6, 1), dt.date(2026, 6, 30)
KEY = {"connection_id": PLAN, "campaign_id": "june"}
UTM = {"utm_source": "instagram", "utm_medium": "influencer", "utm_campaign": "june"}


def read_inputs(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / f"inputs/{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True)
class Expected:
    """One mart of the worksheet: columns, how many of them are the key, a condition, the rows."""

    mart: str
    columns: tuple[str, ...]
    key_length: int
    condition: str
    rows: tuple[tuple[str, ...], ...]


def read_expected(path: Path) -> Expected:
    first, *rest = path.read_text(encoding="utf-8").splitlines()
    has_condition = first.startswith("# where ")
    condition = first.removeprefix("# where ") if has_condition else "true"
    header, *rows = csv.reader(rest if has_condition else [first, *rest])
    assert header[-1] == "why", path.name
    columns = tuple(column.removeprefix("*") for column in header[:-1])
    key_length = sum(column.startswith("*") for column in header)
    assert all(len(row) == len(header) for row in rows), path.name
    return Expected(
        path.stem, columns, key_length, condition, tuple(tuple(row[:-1]) for row in rows)
    )


def as_written(value: Any) -> str:
    """A cell as the worksheet writes it: 0.5, not 0.500000; an empty one is NULL."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value.normalize() + 0:f}"
    return str(value)


def as_number(cell: str) -> str:
    """A cell of a file in the same spelling: 0.50 and 0.5 are one number."""
    try:
        return as_written(Decimal(cell))
    except ArithmeticError:
        return cell


def as_expected(value: Any, cell: str) -> str:
    """What was found, as written; `~0.04` is met by what is within 5 % of it."""
    if cell.startswith("~") and value is not None:
        is_near = math.isclose(value, float(cell.removeprefix("~")), rel_tol=0.05)
        return cell if is_near else as_written(value)
    return as_written(value)


def write_quality(market: Market) -> None:
    """Further loads of the first days, and what was checked; no run of the marts consumes them."""
    for row in read_inputs("loads"):
        day = utc(f"{row['day']} 00:00")
        counts = [int(row[name]) for name in ("read", "merged", "unchanged", "deleted", "rejected")]
        market.connection.execute(
            "insert into quality.load_windows (load_id, source, stream, connection_id, "
            "partition_key, window_start, window_end, run_id, started_at, status, reason, "
            "rows_read, rows_merged, rows_unchanged, rows_deleted, rows_rejected, drifted_fields) "
            "overriding system value values (%s, %s, %s, %s, %s, %s, %s, 'test', %s, %s, %s, "
            "%s, %s, %s, %s, %s, %s)",
            [row["load"], row["source"], row["stream"], row["source"], row["day"], day,
             day + dt.timedelta(1), day, row["status"], row["reason"] or None, *counts,
             row["unknown_fields"].split()],
        )  # fmt: skip
    for row in read_inputs("checks"):
        market.connection.execute(
            "insert into quality.expectation_results (run_id, partition_key, suite, source, "
            "table_name, expectation, severity, success) "
            "values ('test', %s, 'raw', %s, 'orders', %s, %s, %s)",
            [row["day"], row["source"], row["expectation"], row["severity"], row["is_met"]],
        )


def write_plan(market: Market) -> None:
    """The campaign, its five creators with contracts and codes, pieces and payments."""
    market.add("campaign_plan__plan_versions", **KEY, plan_version="1")
    market.add(
        "campaign_plan__campaigns", **KEY, plan_version="1", campaign_name="June",
        brand_name="Brand", brand_handles=Jsonb({"instagram": "brand"}),
        shop_connection_id=SHOP, start_date=dt.date(2026, 6, 1),
        end_date=dt.date(2026, 6, 14), reporting_timezone="UTC", currency_code="USD",
        hashtag="#june", utm_campaign="june", lookback_days=30, budget_amount=Decimal(1500),
        default_attribution_model="linear", default_rule_version="all",
    )  # fmt: skip
    market.add(
        "campaign_plan__goals", **KEY, goal_id="followers", metric="follower_growth", unit="rate",
        scope="all", target_value=Decimal("0.1"), baseline_date=FIRST_DAY,
    )  # fmt: skip
    for row in read_inputs("arms"):
        market.add(
            "campaign_plan__experiment_arms", **KEY, experiment_id="east", experiment_kind="geo",
            arm_id=row["arm"], arm_role=row["role"], regions=Jsonb(row["regions"].split()),
            valid_from=dt.date(2026, 6, 8), valid_to=dt.date(2026, 6, 11),
        )  # fmt: skip
    for row in read_inputs("candidates"):
        _write_candidate(market, row)
    for row in read_inputs("creators"):
        _write_creator(market, row)
    for row in read_inputs("pieces"):
        planned = dt.date.fromisoformat(row["planned_date"])
        market.add(
            "campaign_plan__deliverables", **KEY, creator_id=row["creator_id"],
            deliverable_id=row["deliverable_id"], platform="instagram",
            content_format=row["content_format"], planned_date=planned, due_date=planned,
            promised_views_count=int(row["promised_views"]) if row["promised_views"] else None,
            draft_due_date=row["draft_due"] or None, approved_date=row["approved"] or None,
            draft_submitted_date=row["draft_submitted"] or None,
        )  # fmt: skip
    for row in read_inputs("payments"):
        market.add(
            "campaign_plan__payments", **KEY, creator_id=row["creator_id"],
            payment_number=int(row["payment_number"]), payment_amount=Decimal(row["amount"]),
            due_date=dt.date.fromisoformat(row["due_date"]), currency_code="USD",
        )  # fmt: skip


def _write_candidate(market: Market, row: dict[str, str]) -> None:
    """An account that was considered: 5,000 to 50,000 followers, 3 % of them, in skin care."""
    market.add(
        "campaign_plan__candidates", **KEY, platform="instagram", handle=row["handle"],
        niche=row["niche"], region=row["region"], currency_code="USD", evaluator="kim",
        quoted_price_amount=Decimal(row["quoted_price"]), candidate_status=row["status"],
        quoted_piece_count=row["quoted_pieces"] or None,
        niche_post_count=row["niche_posts"] or None,
        collaboration_count=row["collaborations"] or None,
        audience_overlap_rate=row["audience_overlap"] or None,
        creator_id=row["creator_id"] or None, evaluated_date=dt.date(2026, 5, 20),
        followers_count=int(row["followers"]) if row["followers"] else None,
        sampled_post_count=int(row["sampled_posts"]),
        sampled_engagement_count=int(row["engagements"]), note=row["note"] or None,
        followers_low=5_000, followers_high=50_000, er_by_followers_low=Decimal("0.03"),
        niches=Jsonb(["skin"]), regions=Jsonb([]),
    )  # fmt: skip


def _write_creator(market: Market, row: dict[str, str]) -> None:
    owner = {**KEY, "creator_id": row["creator_id"]}
    market.add("campaign_plan__creators", **owner, creator_name=row["creator_id"].title())
    market.add(
        "campaign_plan__creator_accounts", **owner, platform="instagram",
        handle=f"{row['creator_id']}.ig", access_path=row["access_path"],
    )  # fmt: skip
    market.add(
        "campaign_plan__contracts", **owner, contract_id=f"k_{row['creator_id']}",
        fee_amount=Decimal(row["fee"]), product_cost_amount=Decimal(row["product"]),
        shipping_cost_amount=Decimal(row["shipping"]), product_sent_date=dt.date(2026, 5, 25),
        commission_rate=Decimal(row["commission_rate"]), signed_date=dt.date(2026, 5, 26),
        commission_hold_days=int(row["hold_days"]), currency_code="USD", rule_version="all",
    )  # fmt: skip
    market.add(
        "campaign_plan__links", **owner, link_id=f"{row['creator_id']}_bio", **UTM,
        utm_content=row["creator_id"], valid_from=dt.date(2026, 5, 1),
    )  # fmt: skip
    market.add("campaign_plan__codes", **owner, code=row["code"], valid_from=dt.date(2026, 5, 1))


def write_posts(market: Market) -> None:
    """Followers of creators and brand, and every reading of a post's counters."""
    for row in read_inputs("brand"):
        market.add(
            "instagram__accounts", connection_id=INSTAGRAM, username="brand", account_id="brand",
            followers_count=int(row["followers"]), window_start=utc(f"{row['day']} 00:00"),
            captured_at=utc(f"{row['day']} 06:00"),
        )  # fmt: skip
    creators = {row["creator_id"]: row for row in read_inputs("creators")}
    start = {"connection_id": INSTAGRAM, "window_start": utc("2026-06-01 00:00")}
    start |= {"captured_at": utc("2026-06-01 06:00")}
    for creator, row in creators.items():
        if row["followers"]:
            known = {**start, "username": f"{creator}.ig", "followers_count": int(row["followers"])}
            if row["access_path"] == "own_account":
                market.add("instagram__accounts", **known, account_id=creator)
            else:
                market.add("instagram__discovered_accounts", **known)
    for row in read_inputs("posts"):
        _write_post(market, row, creators[row["creator_id"]]["access_path"])


def _write_post(market: Market, row: dict[str, str], access_path: str) -> None:
    window = f"{row['snapshot_date']} 00:00"
    key = {"connection_id": INSTAGRAM, "media_id": row["post_id"], "window_start": utc(window)}
    key |= {"captured_at": utc(window) + dt.timedelta(hours=30)}
    shown = {
        "username": f"{row['creator_id']}.ig", "caption": "#june with #ad",
        "media_product_type": {"feed": "FEED", "reel": "REELS"}[row["content_format"]],
        "timestamp": utc(row["published_at"]),
        "like_count": int(row["likes"]), "comments_count": int(row["comments"]),
    }  # fmt: skip
    if access_path != "own_account":
        market.add("instagram__discovered_media", **key, **shown, view_count=int(row["views"]))
        return
    key["account_id"] = row["creator_id"]
    market.add("instagram__media", **key, **shown)
    names = ("likes", "comments", "shares", "reach", "views")
    market.add(
        "instagram__media_insights", **key, **{name: int(row[name]) for name in names},
        saved=int(row["saves"]),
    )  # fmt: skip


def write_places(market: Market) -> None:
    """Where followers live, by a creator's file, and where visitors come from, by GA4."""
    for number, row in enumerate(read_inputs("audience"), start=1):
        market.add(
            "files__audience_breakdown", connection_id="files", file_name="audience.json",
            line_number=number, platform="instagram", creator_handle=f"{row['creator_id']}.ig",
            as_of_date=FIRST_DAY, dimension="country", segment=row["country"],
            share_rate=Decimal(row["share"]),
        )  # fmt: skip
    for row in read_inputs("geography"):
        market.add(
            "ga4__geography", connection_id=GA4, property_id="1",
            date=dt.date.fromisoformat(row["date"]), country=row["country"],
            session_campaign_name="june", session_manual_ad_content=row["creator_id"],
            sessions=int(row["sessions"]), time_zone="UTC", currency_code="USD",
        )  # fmt: skip


def write_sessions(market: Market) -> None:
    """GA4's sessions by the creators' links."""
    for row in read_inputs("sessions"):
        key = {
            "connection_id": GA4, "property_id": "1", "date": dt.date.fromisoformat(row["date"]),
        }  # fmt: skip
        counts = {
            "sessions": int(row["sessions"]), "engaged_sessions": int(row["engaged"]),
            "user_engagement_duration": Decimal(row["seconds"]),
            "add_to_carts": int(row["add_to_carts"]), "checkouts": int(row["checkouts"]),
            "ecommerce_purchases": int(row["purchases"]),
        }  # fmt: skip
        market.add(
            "ga4__session_totals", **key, **counts, listed_sessions=int(row["sessions"]),
            time_zone="UTC", currency_code="USD",
        )  # fmt: skip
        market.add(
            "ga4__source_sessions", **key, **counts, session_source="instagram",
            session_medium="influencer", session_campaign_name="june",
            session_manual_ad_content=row["creator_id"],
        )  # fmt: skip


def write_orders(market: Market) -> None:
    """The shop: one line an order, 8 % tax, returns of money alone, and its own report."""
    market.add(
        "shopify__shop", connection_id=SHOP, shop_id="1", name="Shop", currency_code="USD",
        iana_timezone="UTC", window_start=utc("2026-06-01 00:00"),
    )  # fmt: skip
    for variant, cost in (("v1", Decimal(20)), ("v2", None)):
        market.add(
            "shopify__product_variants", connection_id=SHOP, variant_id=variant, product_id="p",
            sku=variant, unit_cost=cost, unit_cost_currency_code="USD",
        )  # fmt: skip
    for row in read_inputs("customers"):
        market.add(
            "shopify__customers", connection_id=SHOP, customer_id=row["customer"],
            country_code=row["country"], province_code=row["province"],
        )  # fmt: skip
    for row in read_inputs("orders"):
        _write_order(market, row)
    for row in read_inputs("visits"):
        number, at = int(row["order"]), utc(row["visited_at"])
        key = {"connection_id": SHOP, "order_id": str(9_000_000_000 + number)}
        key |= {"visit_id": f"{number} {row['visited_at']}", "occurred_at": at}
        tags = {
            "email": {"utm_source": "news", "utm_medium": "email"}, "direct": {"source": "direct"},
        }.get(row["by"], {**UTM, "utm_content": row["by"]})  # fmt: skip
        market.add("shopify__order_moments", **key, **tags, referrer_url=row["referrer"] or None)
    for row in read_inputs("refunds"):
        market.sale(int(row["order"]), "refund", row["refunded_at"], row["net"], "REFUND")
    for row in read_inputs("reported"):
        market.daily_sales(row["day"], row["net_sales"], int(row["orders"]))


def _write_order(market: Market, row: dict[str, str]) -> None:
    number, is_cancelled = int(row["order"]), row["kind"] == "cancelled"
    key = {"connection_id": SHOP, "order_id": str(9_000_000_000 + number)}
    visits = sum(visit["order"] == row["order"] for visit in read_inputs("visits"))
    market.order(
        number, row["ordered_at"], row["net"],
        codes=(row["code"],) if row["code"] else (),
        customer_id=row["customer"] or None,
        customer_order_index=int(row["customer_index"]) if row["customer_index"] else None,
        journey_moments_count=visits, test=row["kind"] == "test",
        cancelled_at=utc("2026-06-11 18:00") if is_cancelled else None,
    )  # fmt: skip
    market.add(
        "shopify__order_lines", **key, line_id="l1", sku=row["variant"],
        variant_id=row["variant"], quantity=int(row["units"]), current_quantity=int(row["units"]),
    )  # fmt: skip
    market.connection.execute(
        "update raw.shopify__order_sales set line_id = 'l1', quantity = %s, "
        "total_discount_before_taxes = %s where order_id = %s and sale_id = 'sale'",
        [int(row["units"]), Decimal(row["discount"]), key["order_id"]],
    )
