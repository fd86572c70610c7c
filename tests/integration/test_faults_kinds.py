"""Faults one by one: lost rows that must be noticed, tokens that end, fields that change."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
import requests

from include.errors import (
    BadCredentials,
    CountMismatch,
    GroundswellError,
    TooManyRejects,
    Truncated,
    Unavailable,
)
from include.ingest import day_window
from include.sandbox.server import discover_faults
from include.sources._base import Window
from tests.integration.faulty_sandbox import (
    NEW_YORK,
    Bench,
    Ingest,
    Rows,
    assert_same_rows,
    run_time,
)
from tests.integration.single_fault import DAYS, load

pytest_plugins = ("tests.integration.fault_fixtures",)

# A stream of each source whose API says how many rows there are.
COUNTED = {"shopify": "orders", "ga4": "session_totals", "tiktok": "reports"}
# YouTube says in the very answer how many videos it holds, so the request is repeated at once; GA4
# goes on where the rows that came end.
REPEATED = {"youtube": "videos", "ga4": "transactions"}
LOSING = sorted(name for name, faults in discover_faults().items() if "lost_page" in faults)
# A stream of each source whose tokens end that asks more than once with one token.
EXPIRING = {
    "ga4": "sessions",
    "instagram": "media",
    "shopify": "orders",
    "tiktok": "comments",
    "youtube": "videos",
}


# Names and the control


def test_the_control_lists_what_can_be_switched(bench: Bench) -> None:
    known = bench.known_faults()
    assert known["token_expiry"]["sources"][:1] == ["ga4"]
    assert known["server_error"]["sources"] == "all"
    assert known["deleted_order"]["changes_truth"]
    assert not known["throttle"]["changes_truth"]
    with pytest.raises(requests.HTTPError, match="422"):
        bench.control("faults", {"trottle": 0.1})


# Lost rows


@pytest.mark.parametrize(
    "name", [name for name in LOSING if name in COUNTED or name not in REPEATED]
)
def test_a_lost_page_fails_the_window_and_the_next_run_repairs_it(
    ingest_of: Callable[[str], Ingest], bench: Bench, name: str
) -> None:
    ingest = ingest_of(name)
    stream = COUNTED.get(name, ingest.source.streams[0].name)
    load(ingest, stream, DAYS[0])
    before = ingest.rows()
    with bench.faults(lost_page=1), pytest.raises((CountMismatch, Truncated)):
        load(ingest, stream, DAYS[1])
    assert_same_rows(ingest.rows(), before)
    loaded = "select count(*) from quality.load_windows where status = 'loaded'"
    assert ingest.query(loaded) == [(1,)]
    repaired = load(ingest, stream, DAYS[1])
    assert repaired.rows_merged > 0


@pytest.mark.parametrize("name", REPEATED)
def test_lost_rows_that_an_answer_tells_of_are_asked_for_again_at_once(
    ingest_of: Callable[[str], Ingest], bench: Bench, name: str
) -> None:
    ingest = ingest_of(name)
    load(ingest, REPEATED[name], DAYS[0])
    before = ingest.rows()
    ingest.empty()
    with bench.faults(lost_page=1):
        load(ingest, REPEATED[name], DAYS[0])
        assert bench.known_faults()["lost_page"]["hits"] >= 2
    assert_same_rows(ingest.rows(), before)


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        ("bulk_slice_lost", CountMismatch, r"Shopify counts \d+ orders .* its answers held \d+"),
        ("bulk_failed", Unavailable, "ended as FAILED .*partial data is left alone"),
        ("bulk_file_short", CountMismatch, r"the bulk operation found \d+ objects"),
    ],
)
def test_a_spoilt_bulk_operation_loads_nothing_and_the_next_run_repairs_it(
    ingest_of: Callable[[str], Ingest],
    bench: Bench,
    fault: str,
    error: type[Exception],
    message: str,
) -> None:
    ingest = ingest_of("shopify")
    bench.set_clock(run_time(DAYS[-1]))
    days = day_window(DAYS[-1], NEW_YORK)
    window = Window(days.start - dt.timedelta(days=9), days.end, days.key)
    ingest.extra["bulk_days"] = 9
    orders = ingest.source.stream("orders")
    with bench.faults(**{fault: 1}), pytest.raises(error, match=message):
        ingest.load(orders, window)
    assert ingest.query("select count(*) from raw.shopify__orders") == [(0,)]
    assert ingest.query("select count(*) from quality.load_windows") == [(0,)]
    repaired = ingest.load(orders, window)
    assert ingest.query("select count(*) from raw.shopify__orders") == [(repaired.rows_read,)]
    assert repaired.rows_read > 500


# Tokens that end


def test_every_source_with_tokens_that_end_plays_it(bench: Bench) -> None:
    assert bench.known_faults()["token_expiry"]["sources"] == sorted(EXPIRING)


@pytest.mark.parametrize("name", EXPIRING)
def test_a_token_that_ends_while_a_window_is_read_is_replaced(
    ingest_of: Callable[[str], Ingest], bench: Bench, name: str
) -> None:
    ingest = ingest_of(name)
    load(ingest, EXPIRING[name], DAYS[0])
    before = ingest.rows()
    assert any(before.values())
    ingest.empty()
    with bench.faults(token_expiry=1):
        load(ingest, EXPIRING[name], DAYS[0])
        assert bench.known_faults()["token_expiry"]["hits"] > 0
    assert_same_rows(ingest.rows(), before)


def test_an_hourly_token_of_a_shop_is_renewed_with_its_rotating_refresh_token(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("shopify")
    load(ingest, "orders", DAYS[0])
    before = ingest.rows()
    ingest.empty()
    ingest.extra["refresh_token"] = bench.credentials["shopify"]["refresh_token"]
    with bench.faults(token_expiry=1):
        load(ingest, "orders", DAYS[0])
        assert bench.known_faults()["token_expiry"]["hits"] > 0
    assert_same_rows(ingest.rows(), before)
    # The first refresh token is void by now; the stored one is not.
    load(ingest, "orders", DAYS[1])


@pytest.mark.parametrize(("name", "stream"), [("shopify", "orders"), ("instagram", "media")])
def test_a_permanent_token_that_is_refused_fails_the_window_and_a_person_repairs_it(
    ingest_of: Callable[[str], Ingest], bench: Bench, name: str, stream: str
) -> None:
    ingest = ingest_of(name)
    ingest.password = bench.credentials[name]["access_token"]
    ingest.extra |= {"client_id": "", "client_secret": "", "renew_token": False}
    load(ingest, stream, DAYS[0])
    before = ingest.rows()
    with bench.faults(token_expiry=1), pytest.raises(BadCredentials):
        load(ingest, stream, DAYS[1])
    assert_same_rows(ingest.rows(), before)
    assert load(ingest, stream, DAYS[1]).rows_merged > 0


# Drift


@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("exchange_rates", "rates"),
        ("ga4", "sessions"),
        ("instagram", "media"),
        ("tiktok", "videos"),
        ("woocommerce", "orders"),
        ("youtube", "videos"),
    ],
)
def test_a_new_field_is_kept_aside_and_reported(
    ingest_of: Callable[[str], Ingest], bench: Bench, name: str, stream: str
) -> None:
    ingest = ingest_of(name)
    load(ingest, stream, DAYS[0])
    before = plain(ingest.rows("_extra", "_content_hash"))
    ingest.empty()
    with bench.faults(new_field=1):
        result = load(ingest, stream, DAYS[0])
    assert len(result.drifted_fields) == 1
    assert plain(ingest.rows("_extra", "_content_hash")) == before
    extra = f"select count(*) from raw.{name}__{stream} where _extra is null"
    assert ingest.query(extra) == [(0,)]


def plain(rows: Rows) -> Rows:
    return {table: sorted(found) for table, found in rows.items()}


@pytest.mark.parametrize("fault", ["field_gone", "type_changed"])
@pytest.mark.parametrize(
    ("name", "stream"),
    [
        ("ga4", "sessions"),
        ("instagram", "media"),
        ("shopify", "orders"),
        ("tiktok", "videos"),
        ("youtube", None),
        ("woocommerce", "orders"),
        ("exchange_rates", "rates"),
    ],
)
def test_a_field_that_is_gone_or_changed_stops_the_window(
    ingest_of: Callable[[str], Ingest], bench: Bench, name: str, stream: str | None, fault: str
) -> None:
    ingest = ingest_of(name)
    # YouTube's uploads lose a field, its videos' counters change.
    stream = stream or ("uploads" if fault == "field_gone" else "videos")
    load(ingest, stream, DAYS[0])
    before = ingest.rows()
    with bench.faults(**{fault: 1}), pytest.raises(GroundswellError) as caught:
        load(ingest, stream, DAYS[1])
    assert re.search(r"do not fit|doesn't exist", str(caught.value))
    assert_same_rows(ingest.rows(), before)
    load(ingest, stream, DAYS[1])
    if isinstance(caught.value, TooManyRejects):
        unresolved = "select count(*) from quarantine.rejects where resolved_at is null"
        assert ingest.query(unresolved) == [(0,)]
