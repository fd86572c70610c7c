"""Alerts against a hand-made warehouse: told once while they last, and again when they return."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cryptography.fernet import Fernet

from include.alerts import days, deadline, situation, steps
from include.connections import read_connection
from include.errors import InvalidSettings
from include.notices import MAIL, SLACK, Notice, open_channels, send
from include.services.environment import _warehouse_connection
from include.settings import REPO_ROOT
from include.sources._base import Connection, RefreshToken, TokenGrant
from include.warehouse.connection import connect
from include.warehouse.tokens import current_token
from tests.integration.quality_rows import add_result, add_run
from tests.integration.reviewed_market import arrive, clear, publish_week

# Monday 16 March 2026, 09:30 in New York (UTC-4): the 15th was due half an hour ago.
NOW = dt.datetime(2026, 3, 16, 13, 30, tzinfo=dt.UTC)
PLAN = """\
brand: {name: Glow, handles: {instagram: glow}}
shop: {connection_id: shopify}
reporting_timezone: America/New_York
currency: EUR
sources: [shopify, ga4]
campaign: {id: spring}
"""


class Outbox:
    """Stands for Airflow's connections and collects what is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Notice] = []
        self.is_broken = False
        self.connections: dict[str, Connection] = {}
        monkeypatch.setattr(steps, "open_channels", lambda find: {"fake": self.take})

    def take(self, notice: Notice) -> None:
        if self.is_broken:
            raise OSError("no route to host")
        self.sent.append(notice)

    def find(self, conn_id: str) -> Connection | None:
        return self.connections.get(conn_id)


@pytest.fixture(scope="module")
def empty(warehouse):
    """The warehouse as it was right after migration, once for all tests."""
    warehouse.reset()
    yield warehouse
    warehouse.reset()


@pytest.fixture
def transformer(empty, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A published week whose day arrived, nothing wrong but what the marts say."""
    (tmp_path / "spring.yaml").write_text(PLAN)
    monkeypatch.setenv("GROUNDSWELL_CAMPAIGNS_DIR", str(tmp_path))
    for role in ("loader", "transformer"):
        variable = f"AIRFLOW_CONN_WAREHOUSE_{role.upper()}"
        monkeypatch.setenv(variable, _warehouse_connection(empty.dsn(role)))
    clear(empty)
    with connect(empty.dsn("transformer"), autocommit=True) as connection:
        publish_week(connection)
        connection.execute(
            """
            update marts.mart_deliverable_status set disclosure_status = 'caption';
            update marts.mart_code_leakage set leak_class = 'clean';
            create table core.dim_creator (campaign_id text, creator_id text, creator_name text);
            insert into core.dim_creator values ('spring', 'bo', 'Bo');
            create table core.dim_code (
                campaign_id text, creator_id text, code text, compromised_from_date date
            );
            create table core.dim_campaign (
                campaign_id text, campaign_name text, start_date date, end_date date
            );
            insert into core.dim_campaign
            values ('spring', 'Spring glow', '2026-03-01', '2026-03-31');
            """
        )
        yield connection


@pytest.fixture
def loader(empty, transformer) -> Iterator[psycopg.Connection]:
    with connect(empty.dsn("loader"), autocommit=True) as connection:
        arrive(connection, range(7))
        yield connection


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    return Outbox(monkeypatch)


@pytest.fixture
def look(loader, outbox: Outbox) -> Callable[..., dict[str, int]]:
    def look_at(now: dt.datetime = NOW, **options: bool) -> dict[str, int]:
        return steps.raise_alerts(now, find=outbox.find, read=read_connection, **options)

    return look_at


def open_alerts(transformer: psycopg.Connection) -> list[tuple[str, str]]:
    return transformer.execute(
        "select kind, subject from quality.alerts where ended_at is null order by kind, subject"
    ).fetchall()


def undisclosed(transformer: psycopg.Connection, piece: str, status: str = "absent") -> None:
    transformer.execute(
        "update marts.mart_deliverable_status set disclosure_status = %s where deliverable_id = %s",
        [status, piece],
    )


def test_when_nothing_is_wrong_nothing_is_sent(look, outbox) -> None:
    assert look() == {"began": 0, "ended": 0, "open": 0, "sent": 0}
    assert outbox.sent == []


def test_the_same_state_twice_is_sent_once(look, outbox, transformer) -> None:
    undisclosed(transformer, "ana_1")
    assert look() == {"began": 1, "ended": 0, "open": 1, "sent": 1}
    assert look(NOW + dt.timedelta(minutes=30)) == {"began": 0, "ended": 0, "open": 1, "sent": 0}
    assert len(outbox.sent) == 1
    assert (
        "Ana: TikTok video due 2026-03-04 (ana_1) is not disclosed: https://x/1"
        in outbox.sent[0].text
    )
    assert "campaign=spring" in outbox.sent[0].text


def test_a_piece_that_was_taken_down_needs_no_disclosure(look, transformer) -> None:
    undisclosed(transformer, "ana_3")
    assert look()["open"] == 0
    transformer.execute("update marts.mart_deliverable_status set deliverable_status = 'live'")
    assert look()["open"] == 1


def test_what_ended_and_began_again_is_sent_again(look, outbox, transformer) -> None:
    undisclosed(transformer, "ana_1")
    look()
    undisclosed(transformer, "ana_1", "caption")
    assert look(NOW + dt.timedelta(hours=1))["ended"] == 1
    undisclosed(transformer, "ana_1")
    assert look(NOW + dt.timedelta(hours=2))["sent"] == 1
    assert len(outbox.sent) == 2
    rows = transformer.execute(
        "select began_at, ended_at, sent_through from quality.alerts order by alert_id"
    ).fetchall()
    assert rows == [
        (NOW, NOW + dt.timedelta(hours=1), ["fake"]),
        (NOW + dt.timedelta(hours=2), None, ["fake"]),
    ]


def test_only_what_is_new_is_sent(look, outbox, transformer) -> None:
    undisclosed(transformer, "ana_1")
    look()
    undisclosed(transformer, "ana_2")
    assert look()["sent"] == 1
    assert "ana_2" in outbox.sent[1].text
    assert "ana_1 " not in outbox.sent[1].text


def test_what_could_not_be_sent_is_sent_the_next_time(look, outbox, transformer) -> None:
    undisclosed(transformer, "ana_1")
    outbox.is_broken = True
    assert look()["sent"] == 0
    outbox.is_broken = False
    assert look()["sent"] == 1


def test_a_dry_run_keeps_and_sends_nothing(look, outbox, transformer) -> None:
    undisclosed(transformer, "ana_1")
    assert look(is_dry_run=True) == {"open": 1}
    assert outbox.sent == []
    assert open_alerts(transformer) == []


def test_a_source_is_late_from_nine_in_the_reporting_zone_on(look, loader, transformer) -> None:
    loader.execute(
        "delete from quality.source_arrivals where source = 'ga4' and day = '2026-03-15'"
    )
    look(NOW - dt.timedelta(minutes=31))  # 08:59: the 14th is what was due, and it is there
    assert open_alerts(transformer) == []
    look()
    assert open_alerts(transformer) == [("source_late", "ga4")]
    loader.execute("insert into quality.source_arrivals values ('ga4', '2026-03-15', now(), 'r')")
    assert look()["ended"] == 1


def test_a_new_installation_is_not_late(look, loader, transformer) -> None:
    loader.execute("delete from quality.source_arrivals")
    assert look()["open"] == 0


def test_a_publication_is_late_from_ten_on(look, loader, transformer) -> None:
    arrive(loader, range(7, 8))
    look(NOW + dt.timedelta(hours=24, minutes=29))  # Tuesday 09:59
    assert ("publication_late", "marts") not in open_alerts(transformer)
    look(NOW + dt.timedelta(hours=24, minutes=30))
    assert open_alerts(transformer) == [("publication_late", "marts")]


def test_the_first_publication_is_late_once_days_arrive(look, loader, transformer) -> None:
    """The first measurement fails for good: nobody ever published, yet the 15th came by 09:00."""
    transformer.execute("delete from quality.publications; delete from quality.measure_runs")
    before_ten = NOW + dt.timedelta(minutes=29)
    half_past_ten = NOW + dt.timedelta(hours=1)
    loader.execute("update quality.source_arrivals set arrived_at = %s", [NOW])  # 09:30: installed
    look(half_past_ten)
    assert open_alerts(transformer) == []
    at_nine = NOW - dt.timedelta(minutes=30, seconds=1)
    loader.execute("update quality.source_arrivals set arrived_at = %s", [at_nine])
    look(before_ten)  # the 14th was due yesterday, when nothing had come
    assert open_alerts(transformer) == []
    look(half_past_ten)
    assert open_alerts(transformer) == [("publication_late", "marts")]
    [(message,)] = transformer.execute("select message from quality.alerts").fetchall()
    assert "2026-03-15 is not published" in message
    assert message.endswith("nothing ever was")


def run_measurement(transformer, status: str, minute: int, **more: object) -> None:
    add_run(
        transformer,
        "2026-03-15",
        status,
        NOW - dt.timedelta(minutes=30 - minute),
        run_id="r1",
        **more,
    )


def test_a_failed_measurement_is_told_unless_a_check_tells_it(look, transformer) -> None:
    """The 15th is published already: nothing is late, and a measurement of it fails again."""
    run_measurement(transformer, "failed", 0)
    assert look()["began"] == 1
    assert open_alerts(transformer) == [("measurement_failed", "marts")]
    run_measurement(transformer, "open", 5)
    assert look()["open"] == 1  # not mended before something is published
    transformer.execute(
        "update quality.measure_runs set status = 'superseded' where status = 'open'"
    )
    run_measurement(transformer, "published", 10, version=8)
    assert look()["ended"] == 1
    # In the same run of Airflow's the marts' check fails: that is told as a failed check.
    run_measurement(transformer, "failed", 15)
    checked_at = NOW - dt.timedelta(minutes=14)
    check(transformer, "2026-03-15", success=False, suite="marts", checked_at=checked_at)
    look()
    assert open_alerts(transformer) == [("check_failed", "marts/2026-03-15")]
    # Cleared, and now it fails before it is checked.
    run_measurement(transformer, "failed", 20)
    look()
    assert ("measurement_failed", "marts") in open_alerts(transformer)
    # A newer run opened before it was refused: nothing is wrong.
    run_measurement(transformer, "refused", 24)
    run_measurement(transformer, "open", 25)
    look()
    assert open_alerts(transformer) == [("check_failed", "marts/2026-03-15")]


def test_a_measurement_may_take_an_hour(look, transformer) -> None:
    transformer.execute(
        "insert into quality.measure_runs (day, run_id, opened_at) values ('2026-03-15', 'r2', %s)",
        [NOW - dt.timedelta(minutes=60)],
    )
    assert look()["open"] == 0
    assert look(NOW + dt.timedelta(minutes=1))["began"] == 1
    assert open_alerts(transformer) == [("measurement_slow", "marts")]
    transformer.execute("update quality.measure_runs set status = 'superseded' where run_id = 'r2'")
    assert look(NOW + dt.timedelta(minutes=2))["ended"] == 1


def check(transformer, key: str, *, success: bool, suite: str = "shopify", **more: object) -> None:
    """Record a check of one expectation, by default in the run that Airflow keeps when cleared."""
    add_result(
        transformer,
        suite,
        key,
        **{"severity": "critical", "success": success, "run_id": "r1", **more},
    )


def test_a_failed_check_ends_with_the_repair_in_the_same_run(look, transformer) -> None:
    """Clearing a task keeps its run's id: two results of one expectation, the newest counts."""
    check(transformer, "2026-03-15", success=False, severity="warning")
    assert look()["open"] == 0
    check(transformer, "2026-03-15", success=False)
    check(transformer, "2026-03-15", success=False, column_name="sku")
    assert look()["began"] == 1
    assert open_alerts(transformer) == [("check_failed", "shopify/2026-03-15")]
    check(transformer, "2026-03-15", success=True)
    assert look() == {"began": 0, "ended": 0, "open": 1, "sent": 0}  # sku still fails
    [(message,)] = transformer.execute("select message from quality.alerts").fetchall()
    assert "2026-03-15: a critical check fails, raw.shopify__orders: unique" in message
    check(transformer, "2026-03-15", success=True, column_name="sku")
    assert look()["ended"] == 1


def test_a_failed_day_lasts_whatever_other_days_and_windows_do(
    look, loader, transformer, outbox, tmp_path
) -> None:
    (tmp_path / "spring.yaml").write_text(PLAN.replace("ga4]", "ga4, instagram]"))
    arrive(loader, range(6), ("instagram",))
    arrive(loader, range(7, 8), ("instagram",))
    check(transformer, "2026-03-15", success=False, suite="instagram")
    look()
    held = ("check_failed", "instagram/2026-03-15")
    late = ("source_late", "instagram")
    assert open_alerts(transformer) == [held, late]
    # The stories of six hours, a backfill of an old day and the next day share the suite's name.
    for key in ("2026-03-16T06", "2026-02-01", "2026-03-16"):
        check(transformer, key, success=True, suite="instagram", run_id=key)
    look()
    assert open_alerts(transformer) == [held, late]
    # The next day fails as well: an alert of its own, told of its own.
    check(transformer, "2026-03-16", success=False, suite="instagram", run_id="r2")
    assert (look()["began"], len(outbox.sent)) == (1, 2)
    assert "Instagram, 2026-03-16: a critical check fails" in outbox.sent[1].text
    (tmp_path / "spring.yaml").write_text(PLAN)  # what left the plan holds nothing back
    assert look()["ended"] == 3


def test_what_passed_later_without_an_expectation_ends_its_failure(
    look, loader, transformer
) -> None:
    """An update renames an expectation: nothing stores a newer result under the old name."""
    check(transformer, "2026-03-15", success=False)
    check(transformer, "2026-03-14", success=False, suite="marts")
    look()
    assert open_alerts(transformer) == [
        ("check_failed", "marts/2026-03-14"),
        ("check_failed", "shopify/2026-03-15"),
    ]
    loader.execute(
        "update quality.source_arrivals set arrived_at = clock_timestamp() + interval '1 second'"
        " where source = 'shopify' and day = '2026-03-15'"
    )
    assert look()["ended"] == 1
    # Readers got a later version, which holds the 14th.
    transformer.execute(
        "update quality.measure_runs set closed_at = clock_timestamp() + interval '1 second'"
    )
    assert look()["ended"] == 1


def test_a_leaked_code_ends_when_the_campaign_file_says_so(look, transformer) -> None:
    transformer.execute(
        "update marts.mart_code_leakage set leak_class = 'leaked' where code = 'BO10'"
    )
    look()
    assert open_alerts(transformer) == [("code_leaked", "spring/BO10")]
    transformer.execute("insert into core.dim_code values ('spring', 'bo', 'BO10', '2026-03-11')")
    assert look()["ended"] == 1


def test_a_goal_far_off_is_told_while_the_campaign_runs(look, transformer) -> None:
    transformer.execute(
        """
        create table marts.mart_campaign_pacing as select
            'spring'::text as campaign_id, 'sales'::text as goal_id,
            'units_sold'::text as metric, 'units'::text as unit, 100::numeric as target_value,
            20::numeric as projected_end_low, 30::numeric as projected_end_value,
            79::numeric as projected_end_high
        """
    )
    look()
    assert open_alerts(transformer) == [("pacing", "spring/sales")]
    assert look(dt.datetime(2026, 4, 2, 18, tzinfo=dt.UTC))["ended"] == 1


def test_a_mart_that_is_not_there_neither_begins_nor_ends_an_alert(look, transformer) -> None:
    undisclosed(transformer, "ana_1")
    look()
    transformer.execute("drop table marts.mart_deliverable_status")
    assert look()["ended"] == 0
    assert open_alerts(transformer) == [("disclosure_missing", "spring/ana_1")]


def test_tokens_that_were_not_renewed_or_end_soon(
    look, outbox, loader, transformer, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are those that renewals leave: TikTok's has no end of its access token."""
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", Fernet.generate_key().decode())
    names = "instagram, instagram__two, tiktok, tiktok__two, shopify__eu"
    (tmp_path / "spring.yaml").write_text(PLAN.replace("ga4]", f"ga4, {names}]"))
    arrive(loader, range(7), ("instagram", "tiktok"))
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    for conn_id, grant in {
        "instagram": TokenGrant("a", NOW - 25 * hour),
        "instagram__two": TokenGrant("a", NOW - 23 * hour),
        "tiktok": TokenGrant("a", refresh_expires_at=NOW + 14 * day),
        "tiktok__two": TokenGrant("a", refresh_expires_at=NOW + 15 * day),
        "shopify__eu": TokenGrant("a", NOW + hour, "r", NOW - day),
        "youtube": TokenGrant("a", NOW - 9 * day, "r", NOW),  # not in the plan
    }.items():
        current_token(loader.info.dsn + " password=" + loader.info.password, conn_id, give(grant))
    outbox.connections = {
        "ga4": Connection(conn_id="ga4", extra={"expires_on": "2026-03-30"}),
        "shopify": Connection(conn_id="shopify", extra={"expires_on": "2026-03-31"}),
    }
    look()
    ending = ("ga4", "instagram", "shopify__eu", "tiktok")
    assert open_alerts(transformer) == [("token_expiring", conn_id) for conn_id in ending]
    for message in (
        "the token of connection ga4 ends on 2026-03-30: log in again",
        "the token of connection instagram was to be renewed by 2026-03-15 and was not",
        "the refresh token of connection tiktok ends on 2026-03-30: log in again",
        "the refresh token of connection shopify__eu ended on 2026-03-15: log in again",
    ):
        assert message in outbox.sent[0].text
    # A new login, and a source that is taken out of the plan.
    loader.execute(
        "delete from secrets.oauth_token where connection_id in ('tiktok', 'shopify__eu')"
    )
    (tmp_path / "spring.yaml").write_text(PLAN.replace("ga4]", "ga4, tiktok]"))
    assert look()["ended"] == 3
    assert open_alerts(transformer) == [("token_expiring", "ga4")]


def give(grant: TokenGrant) -> RefreshToken:
    """Stand for an endpoint that grants this."""
    return lambda last: grant


def test_deadlines_are_those_of_the_schedules() -> None:
    closing = (REPO_ROOT / "dags" / "close_day.py").read_text()
    assert re.findall(r'"(\d+) (\d+) \* \* \*"', closing) == [
        (str(days.ARRIVAL_DUE.minute), str(days.ARRIVAL_DUE.hour))
    ]
    assert deadline.MEASURED_WITHIN == days.MEASURED_WITHIN
    alert = deadline.measuring_deadline()
    assert alert.interval == days.MEASURED_WITHIN
    # A deadline counted from the queueing makes Airflow refuse to clear the run's tasks.
    assert type(alert.reference).__name__ == "AverageRuntimeDeadline"
    assert (alert.reference.max_runs, alert.reference.min_runs) == (10, 1)
    summer = situation.Situation(None, None, NOW, "America/New_York", ())  # type: ignore[arg-type]
    assert NOW.astimezone(ZoneInfo("America/New_York")).hour == 9
    assert summer.due_day(days.ARRIVAL_DUE) == dt.date(2026, 3, 15)
    assert summer.due_day(days.PUBLICATION_DUE) == dt.date(2026, 3, 14)


def test_notices_go_by_the_connections_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    from include import notices

    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(notices, "_notify", lambda n: sent.append((type(n).__name__, vars(n))))
    mail = Connection(conn_id=MAIL, extra={"to": "a@x.test, b@x.test"})
    slack = Connection(conn_id=SLACK)
    notice = Notice("Groundswell: 1 new alert", "<b> & {{ conn.secret }}")
    assert open_channels(lambda conn_id: None) == {}
    both = open_channels({MAIL: mail, SLACK: slack}.get)
    assert send(notice, both) == [MAIL, SLACK]
    (first, letter), (second, post) = sent
    assert (first, second) == ("SmtpNotifier", "SlackWebhookNotifier")
    assert letter["to"] == ["a@x.test", "b@x.test"]
    # Neither is taken for markup or a template.
    assert letter["html_content"] == "<pre>&lt;b&gt; &amp; {{ conn.secret }}</pre>"
    assert post["text"] == "*Groundswell: 1 new alert*\n&lt;b&gt; &amp; {{ conn.secret }}"
    with pytest.raises(InvalidSettings, match=r"extra\.to is missing"):
        open_channels({MAIL: Connection(conn_id=MAIL)}.get)
