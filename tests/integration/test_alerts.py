"""Alerts against a hand-made warehouse: told once while they last, and again when they return."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

import psycopg
import pytest

from include.alerts import deadline, steps, watch
from include.connections import read_connection
from include.errors import InvalidSettings
from include.notices import MAIL, SLACK, Notice, open_channels, send
from include.services.environment import _warehouse_connection
from include.settings import REPO_ROOT
from include.sources._base import Connection
from include.warehouse.connection import connect
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


def test_a_measurement_may_take_an_hour(look, transformer) -> None:
    transformer.execute(
        "insert into quality.measure_runs (day, run_id, opened_at) values ('2026-03-15', 'r2', %s)",
        [NOW - dt.timedelta(minutes=60)],
    )
    assert look()["open"] == 0
    assert look(NOW + dt.timedelta(minutes=1))["began"] == 1
    assert open_alerts(transformer) == [("measurement_slow", "marts")]
    transformer.execute("update quality.measure_runs set status = 'failed' where run_id = 'r2'")
    assert look(NOW + dt.timedelta(minutes=2))["ended"] == 1


def test_a_failed_check_counts_only_while_it_is_the_newest(look, transformer) -> None:
    def check(run: str, *, success: bool, severity: str = "critical") -> None:
        transformer.execute(
            "insert into quality.expectation_results"
            " (run_id, partition_key, suite, table_name, expectation, severity, success)"
            " values (%s, '2026-03-15', 'shopify', 'raw.shopify__orders', 'unique', %s, %s)",
            [run, severity, success],
        )

    check("r1", success=False, severity="warning")
    assert look()["open"] == 0
    check("r2", success=False)
    assert look()["began"] == 1
    assert open_alerts(transformer) == [("check_failed", "shopify")]
    check("r3", success=True)
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


def test_tokens_that_were_not_renewed_or_end_soon(look, outbox, loader, transformer) -> None:
    loader.execute(
        "insert into secrets.oauth_token (connection_id, sealed, expires_at) values"
        " ('tiktok', 'x', %s), ('instagram', 'x', %s), ('youtube', null, %s)",
        [NOW - dt.timedelta(hours=25), NOW - dt.timedelta(hours=23), NOW - dt.timedelta(days=9)],
    )
    outbox.connections = {
        "ga4": Connection(conn_id="ga4", extra={"expires_on": "2026-03-30"}),
        "shopify": Connection(conn_id="shopify", extra={"expires_on": "2026-03-31"}),
    }
    look()
    assert open_alerts(transformer) == [("token_expiring", "ga4"), ("token_expiring", "tiktok")]
    assert "the token of connection ga4 ends on 2026-03-30" in outbox.sent[0].text
    loader.execute("update secrets.oauth_token set expires_at = %s", [NOW])
    assert look()["ended"] == 1


def test_deadlines_are_those_of_the_schedules() -> None:
    closing = (REPO_ROOT / "dags" / "close_day.py").read_text()
    assert re.findall(r'"(\d+) (\d+) \* \* \*"', closing) == [
        (str(watch.ARRIVAL_DUE.minute), str(watch.ARRIVAL_DUE.hour))
    ]
    assert deadline.MEASURED_WITHIN == watch.MEASURED_WITHIN
    alert = deadline.measuring_deadline()
    assert alert.interval == watch.MEASURED_WITHIN
    # A deadline counted from the queueing makes Airflow refuse to clear the run's tasks.
    assert type(alert.reference).__name__ == "AverageRuntimeDeadline"
    assert (alert.reference.max_runs, alert.reference.min_runs) == (10, 1)
    summer = watch.Situation(None, None, NOW, "America/New_York", ())  # type: ignore[arg-type]
    assert NOW.astimezone(ZoneInfo("America/New_York")).hour == 9
    assert summer.due_day(watch.ARRIVAL_DUE) == dt.date(2026, 3, 15)
    assert summer.due_day(watch.PUBLICATION_DUE) == dt.date(2026, 3, 14)


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
