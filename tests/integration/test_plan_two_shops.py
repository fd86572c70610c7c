"""Three campaigns, two brands, two shops: from campaign files to credits, and back out of them.

Glow sells in `shopify` (USD, New York) with the campaigns `launch` and, meanwhile, `encore`; Dew in
`shopify__second` (EUR). Both shops have a code GLOW. ana works in all three campaigns.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hand_made_market import Market, utc
from two_shops_plan import (
    ANA,
    DEW,
    ENCORE,
    LAUNCH,
    ONE,
    TWO,
    Installation,
    plan,
)

from include.errors import PublishRefused
from include.quality import check_source
from include.replay import replay_all
from include.sources.campaign_plan import SOURCE, client


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The three files and their orders, built once."""
    warehouse.reset()
    shop = Installation(warehouse, tmp_path_factory.mktemp("two_shops"))
    shop.write(a_launch=LAUNCH, b_encore=ENCORE, c_dew=DEW)
    patch = pytest.MonkeyPatch()
    patch.setattr(client, "read_clock", lambda: shop.read_at)
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1_000)
        for connection_id, currency in ((ONE, "USD"), (TWO, "EUR")):
            market.add(
                "shopify__shop", connection_id=connection_id, shop_id=connection_id, name="Shop",
                currency_code=currency, iana_timezone="America/New_York",
                window_start=utc("2026-03-01 05:00"),
            )  # fmt: skip
        market.record_load("shopify", "orders", dt.date(2026, 3, 18))
    # 16 March begins at 04:00 UTC in New York.
    shop.ids = {
        "ana_last_minute": shop.order(ONE, "2026-03-16 03:59:30", "10.00", "GLOW"),
        "bo_first_minute": shop.order(ONE, "2026-03-16 04:00:30", "20.00", "glow"),
        "other_shop": shop.order(TWO, "2026-03-16 03:59:30", "30.00", "GLOW"),
        "stray_code": shop.order(ONE, "2026-03-12 12:00", "40.00", "DEW10"),
        "stray_link": shop.order(ONE, "2026-03-12 12:00", "50.00", link="dew/cy"),
        "own_link": shop.order(TWO, "2026-03-12 12:00", "60.00", link="dew/cy"),
        "encore_code": shop.order(ONE, "2026-03-12 12:00", "70.00", "ANA2"),
        "launch_link": shop.order(ONE, "2026-03-10 12:00", "80.00", link="launch/ana"),
        "encore_link": shop.order(ONE, "2026-03-12 12:00", "90.00", link="encore/ana"),
        "late_encore": shop.order(ONE, "2026-03-20 12:00", "15.00", "ANA2"),
        "late_bo": shop.order(ONE, "2026-03-20 12:00", "25.00", "GLOW"),
    }
    loads = shop.read_plans("2026-03-18 15:00")
    shop.build(1_000, *(result.load_id for result in loads.values()))
    yield shop
    patch.undo()
    warehouse.reset()
    shutil.rmtree(shop.folder)


def credit_of(shop: Installation) -> dict[str, Any]:
    found = shop.credited()
    return {name: found[order_id] for name, order_id in shop.ids.items()}


NOBODY = (None, "unattributed")
AT_FIRST = {
    "ana_last_minute": ("launch", "ana"),
    "bo_first_minute": ("launch", "bo"),
    "other_shop": ("dew", "cy"),
    "stray_code": NOBODY,
    "stray_link": (None, "other_channel"),
    "own_link": ("dew", "cy"),
    "encore_code": ("encore", "ana"),
    "launch_link": ("launch", "ana"),
    "encore_link": ("encore", "ana"),
    "late_encore": ("encore", "ana"),
    "late_bo": ("launch", "bo"),
}


def test_orders_go_to_the_campaign_of_their_own_shop_and_day(built: Installation) -> None:
    assert credit_of(built) == AT_FIRST
    assert built.rows(
        "select count(*) from core.fct_attribution_credit as credits "
        "inner join core.dim_campaign as campaigns using (campaign_id) "
        "where campaigns.shop_connection_id <> credits.connection_id"
    ) == [(0,)]


def test_who_owned_a_code_on_a_day_is_one_query(built: Installation) -> None:
    dew = (TWO, "dew", "cy")
    assert built.owners("glow", "2026-02-28") == []
    assert built.owners("GLOW", "2026-03-01") == [(ONE, "launch", "ana"), dew]
    assert built.owners("GLOW", "2026-03-15") == [(ONE, "launch", "ana"), dew]
    assert built.owners("GLOW", "2026-03-16") == [(ONE, "launch", "bo"), dew]


def test_each_campaign_keeps_its_shops_currency(built: Installation) -> None:
    assert built.rows(
        "select distinct campaign_id, currency_code from core.fct_creator_cost order by 1"
    ) == [("dew", "EUR"), ("encore", "USD"), ("launch", "USD")]


def test_commission_follows_the_term_of_the_orders_day(built: Installation) -> None:
    """80.00 on the 10th at 10 %, 10.00 late on the 15th at 20 %."""
    assert built.rows(
        "select cost_date, cost_amount, reference_id from core.fct_creator_cost "
        "where cost_type = 'commission' and campaign_id = 'launch' order by cost_date"
    ) == [
        (dt.date(2026, 3, 10), Decimal("8.00"), "launch.ana 2026-03-10"),
        (dt.date(2026, 3, 15), Decimal("2.00"), "launch.ana 2 2026-03-15"),
    ]


def test_what_leaves_the_plan_is_closed_and_may_come_back(built: Installation) -> None:
    """bo leaves launch and encore's file is taken away on the 20th, before that day's reading."""
    assert_the_same_files_change_nothing(built)
    built.write(a_launch=plan("launch", "glow", ONE, "USD", ANA), b_encore=None)
    loads = built.read_plans("2026-03-20 15:00")
    assert {name: r.rows_deleted for name, r in loads.items() if r.rows_deleted} == {}
    # The day alone tells that files changed: no order of this run is new.
    built.build(loads["plan_days"].load_id)
    assert credit_of(built) == {**AT_FIRST, "late_encore": NOBODY, "late_bo": NOBODY}
    assert built.owners("GLOW", "2026-03-19") == [(ONE, "launch", "bo"), (TWO, "dew", "cy")]
    assert built.owners("GLOW", "2026-03-20") == [(TWO, "dew", "cy")]
    assert_dimensions_know_the_last_day(built)
    assert_old_versions_answer(built)
    assert_files_come_back(built)
    assert_landing_rebuilds_raw(built)


def assert_the_same_files_change_nothing(built: Installation) -> None:
    for result in built.read_plans("2026-03-18 16:00").values():
        assert (result.rows_merged, result.rows_deleted) == (0, 0)
    # Another day is a new row of plan_days, and no change of the plan.
    changed = {name: r.rows_merged for name, r in built.read_plans("2026-03-19 15:00").items()}
    assert {name: count for name, count in changed.items() if count} == {"plan_days": 1}


def assert_dimensions_know_the_last_day(built: Installation) -> None:
    last = dt.date(2026, 3, 19)
    assert built.rows(
        "select campaign_id, creator_id, last_planned_date from core.dim_creator order by 1, 2"
    ) == [
        ("dew", "ana", None), ("dew", "cy", None), ("encore", "ana", last), ("launch", "ana", None),
        ("launch", "bo", last),
    ]  # fmt: skip
    campaigns = "select campaign_id, last_planned_date from core.dim_campaign order by 1"
    assert built.rows(campaigns) == [("dew", None), ("encore", last), ("launch", None)]


def assert_old_versions_answer(built: Installation) -> None:
    """What the plan said on a day: the version of the day, and the whole file of that version."""
    said = """
        select versions.valid_from_date, versions.valid_to_date, creator ->> 'id',
            creator -> 'codes' -> 0 ->> 'valid_from'
        from core.dim_plan_version as versions
        inner join staging.stg_campaign_plan__plan_versions as files
            using (campaign_id, plan_version)
        cross join lateral jsonb_array_elements(files.document -> 'creators') as creator
        where versions.campaign_id = 'launch' and date '{day}' >= versions.valid_from_date
            and date '{day}' <= coalesce(versions.valid_to_date, 'infinity') order by 3
    """
    first, last, now = dt.date(2026, 3, 18), dt.date(2026, 3, 19), dt.date(2026, 3, 20)
    assert built.rows(said.format(day="2026-03-19")) == [
        (first, last, "ana", "2026-03-01"), (first, last, "bo", "2026-03-16"),
    ]  # fmt: skip
    assert built.rows(said.format(day="2026-03-20")) == [(now, None, "ana", "2026-03-01")]


def assert_files_come_back(built: Installation) -> None:
    """The old files make no new version; who is named again owns again, without a gap."""
    built.write(a_launch=LAUNCH, b_encore=ENCORE)
    loads = built.read_plans("2026-03-22 15:00")
    assert loads["plan_versions"].rows_merged == 0
    built.build(loads["plan_days"].load_id)
    assert credit_of(built) == AT_FIRST
    spans = built.rows(
        "select campaign_id, valid_from_date, valid_to_date from core.dim_plan_version "
        "where campaign_id <> 'dew' order by 1, 2"
    )
    day = dt.date(2026, 3, 1)
    assert [(c, f.day, t and t.day) for c, f, t in spans if f > day] == [
        ("encore", 18, None), ("launch", 18, 19), ("launch", 20, 21), ("launch", 22, None),
    ]  # fmt: skip


def assert_landing_rebuilds_raw(built: Installation) -> None:
    """Also the rows of those whom only older files named: replayed, oldest reading first."""
    tables = [f"campaign_plan__{stream.name}" for stream in SOURCE.streams]

    def contents() -> dict[str, list[str]]:
        return {
            table: sorted(
                row
                for (row,) in built.rows(
                    f"select (to_jsonb(r) - '_load_id' - '_loaded_at')::text from raw.{table} as r"
                )
            )
            for table in tables
        }

    before = contents()
    with psycopg.connect(built.warehouse.admin_dsn) as connection:
        for table in (*(f"raw.{table}" for table in tables), "quality.load_windows"):
            connection.execute(f"truncate {table} cascade".encode())
    dsn, landing_url = built.warehouse.dsn("loader"), str(built.root / "landing")
    for stream in SOURCE.streams:
        replay_all(SOURCE, stream, "campaign_plan", dsn=dsn, landing_url=landing_url)
    assert contents() == before


def test_a_code_of_two_owners_in_one_shop_fails_the_check(built: Installation) -> None:
    """GLOW of the two shops does not; a second owner in one shop does."""
    loader, day = built.warehouse.dsn("loader"), "2026-03-17"
    assert check_source(loader, SOURCE, day, "run-1").failed == ()
    with psycopg.connect(built.warehouse.admin_dsn) as connection:
        Market(connection, 2_000).add(
            "campaign_plan__codes", connection_id="campaign_plan", campaign_id="encore",
            creator_id="ana", code="Glow", valid_from=dt.date(2026, 5, 1),
        )  # fmt: skip
    try:
        with pytest.raises(PublishRefused, match="a code names one creator"):
            check_source(loader, SOURCE, day, "run-2")
    finally:
        with psycopg.connect(built.warehouse.admin_dsn) as connection:
            connection.execute("delete from raw.campaign_plan__codes where _load_id = 2000")
