"""The weekly review against a hand-made warehouse: lines, the question, the answer, reruns."""

from __future__ import annotations

import datetime as dt
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from include.connections import read_connection
from include.errors import WeekIncomplete
from include.review import steps, store, week
from include.services.environment import _warehouse_connection
from include.warehouse.connection import connect
from tests.integration.reviewed_market import (
    ADVICE,
    MONDAY,
    SOURCES,
    arrive,
    clear,
    publish_week,
)

PLAN = """\
brand: {name: Glow, handles: {instagram: glow}}
shop: {connection_id: shopify}
reporting_timezone: UTC
currency: EUR
sources: [shopify, ga4]
campaign:
  {id: spring, name: Spring, start_date: 2026-03-01, end_date: 2026-03-31, utm_campaign: spring}
creators:
  - id: ana
    name: Ana
    accounts: [{platform: instagram, handle: ana, access_path: public}]
    contract: {fee: 250}
  - id: bo
    name: Bo
    accounts: [{platform: instagram, handle: bo, access_path: public}]
    contract:
      fee: 150.50  # agreed by telephone
"""
ADMIN = {"id": "1", "name": "dana"}


@pytest.fixture(scope="module")
def empty(warehouse):
    """The warehouse as it was right after migration, once for all tests."""
    warehouse.reset()
    yield warehouse
    warehouse.reset()


@pytest.fixture
def house(empty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The transformer's connection to a warehouse with a whole week, and a campaign file."""
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "spring.yaml").write_text(PLAN)
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    for role in ("loader", "transformer"):
        variable = f"AIRFLOW_CONN_WAREHOUSE_{role.upper()}"
        monkeypatch.setenv(variable, _warehouse_connection(empty.dsn(role)))
    clear(empty)
    with connect(empty.dsn("transformer"), autocommit=True) as transformer:
        publish_week(transformer)
        yield transformer


@pytest.fixture
def arrived(house, empty) -> Callable[..., None]:
    def arrive_days(days: range, sources: tuple[str, ...] = SOURCES) -> None:
        with connect(empty.dsn("loader")) as loader:
            arrive(loader, days, sources)

    return arrive_days


def write(day: dt.date = MONDAY, **options: object) -> list[dict]:
    return steps.write_reviews(day, [], run_id="test", read=read_connection, **options)  # type: ignore[arg-type]


def lines(house: psycopg.Connection) -> list[tuple[str, str, str]]:
    return house.execute(
        "select section, kind, message from quality.review_findings order by section, position"
    ).fetchall()


def answer(option: str, user: dict | None = None, note: str = "") -> dict:
    return {
        "chosen_options": [option],
        "params_input": {"note": note},
        "responded_at": dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC),
        "responded_by_user": user,
    }


def decision(house: psycopg.Connection) -> tuple:
    row = house.execute(
        "select decision, decided_by, decided_at, note, patch_path from quality.budget_decisions"
    ).fetchone()
    assert row is not None
    return row


def test_a_checkout_that_broke_weeks_ago_is_a_risk(house) -> None:
    """In February 5 of 100 sessions bought until the 14th, then 1 of 100; nobody read 20 days."""
    house.execute(
        "insert into marts.mart_creator_campaign_daily (campaign_id, creator_id, creator_name,"
        " metric_date, currency_code, session_count, session_purchase_count)"
        " select 'spring', 'ana', 'Ana', date '2026-02-01' + n, 'EUR', 100,"
        " case when n < 14 then 5 else 1 end from generate_series(0, 27) as n"
    )
    house.execute(
        "insert into marts.mart_creator_campaign_daily (campaign_id, creator_id, metric_date)"
        " select 'spring', 'bo', date '2026-02-01' + n from generate_series(0, 19) as n"
    )
    write()
    found = [message for _, kind, message in lines(house) if kind == "level_changed"]
    told = (
        "purchases per session changed for good about 2026-02-15, 5.0 % before and 1.0 % since; "
        "look at link, page and checkout"
    )
    assert found == [f"all creators: {told}", f"Ana: {told}"]


def test_one_missing_day_is_named_and_two_are_too_many(house, arrived) -> None:
    arrived(range(5))
    with pytest.raises(WeekIncomplete, match=r"5 of 7 days.*missing: 2026-03-14, 2026-03-15"):
        steps.check_week(MONDAY)
    arrived(range(5, 6), ("shopify",))  # one source of two is no day
    with pytest.raises(WeekIncomplete, match="5 of 7 days"):
        steps.check_week(MONDAY)
    arrived(range(5, 6), ("ga4",))
    assert steps.check_week(MONDAY + dt.timedelta(days=3)) == ["2026-03-15"]
    arrived(range(6, 7))
    assert steps.check_week(MONDAY) == []


def test_days_after_the_publication_are_not_published(house, arrived) -> None:
    arrived(range(7, 14))  # all sources came, but nothing was measured since
    with pytest.raises(WeekIncomplete, match="0 of 7 days"):
        steps.check_week(MONDAY + dt.timedelta(days=7))


def test_the_review_says_what_changed_who_won_and_what_is_at_risk(house) -> None:
    write()
    assert lines(house) == [
        ("change", "orders", "credited orders: 5, the week before 4 (+25 %)"),
        ("change", "net_revenue", "net revenue: 230.00 EUR, the week before 140.00 EUR (+64 %)"),
        ("change", "cost", "delivered cost: 5.00 EUR, the week before 30.00 EUR (-83 %)"),
        ("change", "posts", "pieces live: 1, the week before 1 (+0 %)"),
        ("change", "creator", "Ana: +150.00 EUR net revenue against the week before"),
        ("change", "creator", "Bo: -60.00 EUR net revenue against the week before"),
        ("change", "restated", "corrections of earlier days: -20.00 EUR by refund"),
        ("risk", "disclosure_missing", lines(house)[7][2]),
        ("risk", "piece_missing", "Bo: TikTok video due 2026-03-10 (bo_1) is not live"),
        ("risk", "piece_late", "Ana: TikTok video due 2026-03-14 (ana_2) went live 1 day late"),
        ("risk", "code_leaked", lines(house)[10][2]),
        ("risk", "audience", lines(house)[11][2]),
        ("winner", "winner", lines(house)[12][2]),
        ("winner", "winner", lines(house)[13][2]),
    ]
    assert [message for section, _, message in lines(house) if section == "winner"] == [
        "Ana: P(best next piece) 91 %; ROAS so far 10.00× (90 %: 4.00× to 20.00×)",
        "Bo: P(best next piece) 9 %; ROAS so far 12.00× (90 %: 3.00× to 30.00×)",
    ]


def test_a_rerun_replaces_the_review_and_asks_again_until_it_is_answered(house) -> None:
    assert len(write()) == 1
    before = lines(house)
    (question,) = write()
    assert lines(house) == before
    steps.record_answer(MONDAY, question["proposal"], answer("No decision"))
    assert decision(house)[:2] == ("no_decision", None)
    (question,) = write()
    steps.record_answer(MONDAY, question["proposal"], answer("Decline", ADMIN, "not now"))
    assert write() == []
    assert decision(house)[:2] == ("declined", "dana")
    house.execute("update marts.mart_budget_recommendation set moved_amount = moved_amount / 2")
    assert len(write()) == 1, "another proposal is another question"


def test_a_question_that_waits_in_another_run_is_not_asked_twice(house) -> None:
    (question,) = write()
    again = steps.write_reviews(MONDAY, [], run_id="another", read=read_connection)
    assert again == []
    house.execute("update quality.budget_decisions set asked_at = now() - interval '97 hours'")
    assert len(steps.write_reviews(MONDAY, [], run_id="another", read=read_connection)) == 1
    steps.record_answer(MONDAY, question["proposal"], answer("Approve", ADMIN))
    late = {"id": "2", "name": "eve"}
    assert steps.record_answer(MONDAY, question["proposal"], answer("Decline", late)) == "approved"
    assert decision(house)[:2] == ("approved", "dana"), "the first answer of a person stays"


def test_an_audience_that_looks_bought_is_a_risk(house) -> None:
    house.execute(
        "create table marts.mart_audience_quality as select 'spring'::text as campaign_id,"
        " 'bo'::text as creator_id, 'tiktok'::text as platform, 'bo.b'::text as handle,"
        " 0.75 as audience_score, true as is_alert, 'spike, comments'::text as reasons"
    )
    write()
    found = [message for _, kind, message in lines(house) if kind == "audience"]
    assert found[1] == "Bo: look at the audience of @bo.b on TikTok (score 0.75: spike, comments)"


def test_an_approval_keeps_who_and_when_and_writes_a_patch_that_applies(house, tmp_path) -> None:
    (question,) = write()
    assert "```diff" in question["body"]
    steps.record_answer(MONDAY, question["proposal"], answer("Approve", ADMIN, "go"))
    kept = decision(house)
    assert kept[:4] == ("approved", "dana", dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC), "go")
    plan = tmp_path / "campaigns" / "spring.yaml"
    assert plan.read_text() == PLAN, "nothing edits the file by itself"
    subprocess.run(["patch", "-p1", "-i", kept[4]], cwd=plan.parent, check=True)
    expected = PLAN.replace("fee: 250", "fee: 350").replace("fee: 150.50", "fee: 50.50")
    said = "# review of 2026-03-09: "
    text = [line for line in plan.read_text().splitlines() if said not in line]
    assert text == expected.splitlines()


def test_no_decision_and_decline_write_no_patch(house, tmp_path) -> None:
    (question,) = write()
    steps.record_answer(MONDAY, question["proposal"], answer("Decline", ADMIN))
    assert decision(house)[4] is None
    assert not (tmp_path / "reviews").exists()


def test_without_the_mart_the_review_is_written_and_nobody_is_asked(house) -> None:
    house.execute("drop table marts.mart_budget_recommendation")
    assert write() == []
    reason = house.execute("select advice_reason from quality.campaign_reviews").fetchone()
    assert reason == ("no advice yet: marts.mart_budget_recommendation is not published",)
    house.execute(ADVICE.encode())
    assert len(write()) == 1


def test_a_dry_run_and_another_campaign_keep_nothing(house) -> None:
    assert write(is_dry_run=True) == []
    assert write(campaign_id="autumn") == []
    counts = house.execute(
        "select (select count(*) from quality.campaign_reviews),"
        " (select count(*) from quality.budget_decisions)"
    ).fetchone()
    assert counts == (0, 0)


def test_the_review_is_read_back_as_text_with_its_decision(house) -> None:
    from include.review.text import review_text

    (question,) = write()
    steps.record_answer(MONDAY, question["proposal"], answer("Approve", ADMIN, "go"))
    found = store.read_review(house, "spring", week.week_of(MONDAY))
    text = review_text(found)
    assert text.startswith("Spring: week 2026-03-09 to 2026-03-15\nby linear under all")
    assert text.endswith(
        "- asked: best with P = 0.91\n- approved by dana, 2026-03-16 12:00 UTC: go"
    )
