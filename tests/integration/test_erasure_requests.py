"""What becomes of a request: two passes, repetitions, answers, and files that are none of ours."""

from __future__ import annotations

import datetime as dt
import json
import os
import time

import psycopg
import pytest
from erasure_shop import ANA, ANAS, BEA, MAIL, PHONE, SOURCES, Shop, forget_ana

from include.errors import PermanentError
from include.privacy.requests import process_requests
from tests.fakes.small_shop import DAY

pytest_plugins = ("erasure_fixtures",)


def test_a_request_is_done_after_the_second_pass_and_says_what_it_touched(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA})
    assert process_requests(shop.places, shop.folder / "privacy", SOURCES).waiting == 1
    # Half a day has not passed: what was under way may still bring the person back.
    assert process_requests(shop.places, shop.folder / "privacy", SOURCES).waiting == 1
    assert path.exists()

    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        conn.execute(
            "insert into quality.measure_runs (day, run_id, opened_at)"
            " values (%s, 'm', now() - interval '1 hour')",
            [DAY.key],
        )
    assert shop.work().waiting == 1
    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        conn.execute("update quality.measure_runs set status = 'failed'")
    assert shop.work().done == 1
    assert not path.exists()

    [(origin, due, done, touched)] = shop.rows(
        "select origin, due_at - requested_at, done_at is not null, touched"
        " from quality.privacy_requests"
    )
    assert (origin, due, done) == ("file", dt.timedelta(days=30), True)
    assert touched["raw.small_shop__orders"] == 2
    assert touched["landing.small_shop__orders"] == 2
    assert touched["marts_v3.orders_of"] == 2


def test_the_same_request_again_is_ignored(shop: Shop) -> None:
    forget_ana(shop)
    shop.ask(customer={"id": int(ANA), "email": MAIL.upper(), "phone": PHONE})
    outcome = shop.work()
    assert (outcome.repeated, outcome.done, outcome.waiting) == (1, 0, 0)
    assert shop.rows("select count(*) from quality.privacy_requests") == [(1,)]
    assert not list((shop.folder / "privacy" / "inbox").rglob("*.json"))


def test_a_data_request_is_answered_in_a_private_file(shop: Shop) -> None:
    shop.name_shop()
    shop.ask("customers/data_request", customer={"id": int(ANA)}, orders_requested=[6001])
    assert shop.work().done == 1
    [answer] = (shop.folder / "privacy" / "answers").iterdir()
    assert answer.stat().st_mode & 0o777 == 0o600
    rows = json.loads(answer.read_text())["rows"]
    assert [row["order_id"] for row in rows["small_shop__orders"]] == ["6001", "6004"]
    assert {row["order_id"] for row in rows["small_shop__moments"]} == {"6001", "6004"}
    assert [row["customer_id"] for row in rows["small_shop__customers"]] == [ANA]
    assert BEA not in answer.read_text()
    # Nobody asked to be forgotten.
    assert ANA in dict(shop.rows("select customer_id, 1 from raw.small_shop__orders"))


def test_a_foreign_shop_and_a_broken_file_are_reported_after_the_rest(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})
    foreign = path.with_name("foreign.json")
    foreign.write_text(json.dumps({"shop_domain": "other.test", "customer": {"id": 1}}))
    broken = path.with_name("broken.json")
    broken.write_text('{"shop_domain": "' + MAIL)
    with pytest.raises(PermanentError) as failure:
        shop.work()
    assert "other.test" in str(failure.value)
    assert "broken.json is no JSON" in str(failure.value)
    assert MAIL not in str(failure.value)
    assert foreign.exists()
    assert broken.exists()
    assert shop.tables_with(*ANAS) == []


def test_what_a_killed_server_left_of_a_webhook_goes(shop: Shop) -> None:
    """It holds plain values, it is no file of the inbox, and the shop sends it again."""
    shop.name_shop()
    path = shop.ask(customer={"id": ANA})
    old, new = path.with_name(".0f3a.1b2c3d4e"), path.with_name(".9e8d.5f6a7b8c")
    for draft in (old, new):
        draft.write_text(f'{{"customer": {{"email": "{MAIL}')
    an_hour_ago = time.time() - 3_700
    os.utime(old, (an_hour_ago, an_hour_ago))
    process_requests(shop.places, shop.folder / "privacy", SOURCES, is_dry_run=True)
    assert old.exists()
    process_requests(shop.places, shop.folder / "privacy", SOURCES)
    assert (old.exists(), new.exists(), path.exists()) == (False, True, True)


def test_a_dry_run_changes_nothing(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA})
    before = shop.tables_with(ANA), shop.files_with(ANA)
    assert shop.work(is_dry_run=True).waiting == 1
    assert (shop.tables_with(ANA), shop.files_with(ANA)) == before
    assert path.exists()
    assert shop.rows("select count(*) from secrets.privacy_requests") == [(0,)]
