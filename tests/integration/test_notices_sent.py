"""Alerts and reviews on their whole way: Airflow's connections, its notifiers, mail, Slack."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from include import orchestration
from include.alerts import steps as alert_steps
from include.connections import PREFIX, fields_to_json, read_connection
from include.notices import MAIL, SLACK, Notice, open_channels, send
from include.review import steps as review_steps
from include.services.environment import _warehouse_connection
from include.warehouse.connection import connect
from tests.integration.notice_servers import (
    MailServer,
    SlackHook,
    mail_server,
    own_certificate,
    slack_hook,
)
from tests.integration.reviewed_market import MONDAY, arrive, clear, publish_week

# Monday 16 March 2026, 09:30 in New York: the week before is published.
NOW = dt.datetime(2026, 3, 16, 13, 30, tzinfo=dt.UTC)
TOKEN = "T0/B0/not-to-be-told"
PLAN = """\
brand: {name: Glow, handles: {instagram: glow}}
shop: {connection_id: shopify}
reporting_timezone: America/New_York
currency: EUR
sources: [shopify, ga4]
campaign: {id: spring}
"""


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Define a connection as a service is given it: in Airflow's own variables."""

    def define(conn_id: str, **fields: object) -> None:
        monkeypatch.setenv(PREFIX + conn_id.upper(), fields_to_json(fields))

    for conn_id in (MAIL, SLACK):
        monkeypatch.delenv(PREFIX + conn_id.upper(), raising=False)
    return define


@pytest.fixture
def mail(connections: Callable[..., None]) -> Iterator[MailServer]:
    with mail_server() as server:
        extra = {"to": "ana@glow.test, bo@glow.test", "from_email": "groundswell@glow.test"}
        extra |= {"disable_ssl": True, "disable_tls": True}  # type: ignore[dict-item]
        connections(MAIL, conn_type="smtp", host="127.0.0.1", port=server.port, extra=extra)
        yield server


@pytest.fixture
def slack(connections: Callable[..., None]) -> Iterator[SlackHook]:
    with slack_hook() as hook:
        host = f"http://127.0.0.1:{hook.port}/services"
        connections(SLACK, conn_type="slackwebhook", host=host, password=TOKEN)
        yield hook


@pytest.fixture(scope="module")
def empty(warehouse):
    warehouse.reset()
    yield warehouse
    warehouse.reset()


@pytest.fixture
def house(empty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A published week with one piece that is not disclosed: one alert, and something to review."""
    (tmp_path / "spring.yaml").write_text(PLAN)
    monkeypatch.setenv("GROUNDSWELL_CAMPAIGNS_DIR", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.glow.test")
    for role in ("loader", "transformer"):
        variable = f"{PREFIX}WAREHOUSE_{role.upper()}"
        monkeypatch.setenv(variable, _warehouse_connection(empty.dsn(role)))
    clear(empty)
    with connect(empty.dsn("loader"), autocommit=True) as loader:
        arrive(loader, range(7))
    with connect(empty.dsn("transformer"), autocommit=True) as connection:
        publish_week(connection, with_advice=False)
        connection.execute(
            """
            update marts.mart_code_leakage set leak_class = 'clean';
            create table core.dim_campaign (
                campaign_id text, campaign_name text, start_date date, end_date date
            );
            insert into core.dim_campaign values ('spring', 'Spring glow', '2026-03-01', null);
            create table core.dim_creator (campaign_id text, creator_id text, creator_name text);
            insert into core.dim_creator values ('spring', 'bo', 'Bo');
            create table core.dim_code (
                campaign_id text, creator_id text, code text, compromised_from_date date
            );
            """
        )
        yield connection


def look(minutes: int = 0) -> dict[str, int]:
    return alert_steps.raise_alerts(
        NOW + dt.timedelta(minutes=minutes),
        find=orchestration.find_connection,
        read=read_connection,
    )


def sent_through(house: psycopg.Connection) -> list[str]:
    row = house.execute("select sent_through from quality.alerts").fetchone()
    assert row is not None
    return list(row[0])


def test_an_alert_reaches_the_mailbox_and_slack_once(house, mail, slack) -> None:
    assert look() == {"began": 1, "ended": 0, "open": 1, "sent": 1}
    [letter] = mail.letters
    assert (letter.sender, letter.recipients) == (
        "groundswell@glow.test",
        ["ana@glow.test", "bo@glow.test"],
    )
    assert letter.message["Subject"] == "Groundswell: 1 new alert"
    told = "Ana: TikTok video due 2026-03-04 (ana_1) is not disclosed: https://x/1"
    page = "https://airflow.glow.test/groundswell/campaign?campaign=spring"
    text = f"Missing disclosure: Spring glow\n- {told}\nWhat to do: ask the creator for"
    received = letter.text.replace("\r\n", "\n")
    assert f"<pre>{text}" in received
    assert f"\n{page}</pre>" in received
    [(path, post)] = slack.posts
    assert path == f"/services/{TOKEN}"
    assert post["text"].startswith(f"*Groundswell: 1 new alert*\n{text}")
    assert post["text"].endswith(f"\n{page}")
    assert sent_through(house) == [MAIL, SLACK]
    # The same half an hour later, and an hour later: nobody is told again.
    assert [look(30)["sent"], look(60)["sent"]] == [0, 0]
    assert (len(mail.letters), len(slack.posts)) == (1, 1)


def test_without_a_connection_an_alert_is_on_the_page_alone(house, connections) -> None:
    assert look() == {"began": 1, "ended": 0, "open": 1, "sent": 0}
    assert sent_through(house) == []


def test_a_connection_made_later_is_told_what_is_still_open(house, connections) -> None:
    look()
    with slack_hook() as hook:
        host = f"http://127.0.0.1:{hook.port}/services"
        connections(SLACK, conn_type="slackwebhook", host=host, password=TOKEN)
        assert look(30)["sent"] == 1
    assert len(hook.posts) == 1


def test_slack_refusing_keeps_no_mail_back_and_tells_no_token(
    house, mail, slack, caplog: pytest.LogCaptureFixture
) -> None:
    slack.answer = (403, "invalid_token")
    with caplog.at_level(logging.DEBUG, "include"):
        look()
    assert len(mail.letters) == 1
    assert sent_through(house) == [MAIL]
    assert "notify_slack did not take" in caplog.text
    assert TOKEN not in caplog.text


def test_a_mail_server_that_is_gone_is_tried_again(house, mail) -> None:
    mail.shutdown()
    mail.server_close()
    assert look()["sent"] == 0
    with mail_server() as other, pytest.MonkeyPatch.context() as patch:
        extra = {"to": "ana@glow.test", "from_email": "g@glow.test"}
        extra |= {"disable_ssl": True, "disable_tls": True}  # type: ignore[dict-item]
        fields = {"conn_type": "smtp", "host": "127.0.0.1", "port": other.port, "extra": extra}
        patch.setenv(PREFIX + MAIL.upper(), fields_to_json(fields))
        assert look(30)["sent"] == 1
    assert len(other.letters) == 1


def test_the_weekly_review_is_mailed_and_posted(house, mail, slack) -> None:
    review_steps.write_reviews(MONDAY, [], run_id="r", read=read_connection)
    taken = review_steps.send_reviews(
        MONDAY, find=orchestration.find_connection, read=read_connection
    )
    assert taken == [MAIL, SLACK]
    [letter] = mail.letters
    assert letter.message["Subject"] == "Spring: review of the week of 2026-03-09"
    [(_, post)] = slack.posts
    for text in (letter.text.replace("\r\n", "\n"), post["text"]):
        assert "- net revenue: 230.00 EUR, the week before 140.00 EUR (+64 %)" in text
        assert "- Bo: TikTok video due 2026-03-10 (bo_1) is not live" in text
        assert "https://airflow.glow.test/groundswell/campaign?campaign=spring" in text


def test_a_login_is_given_after_the_line_is_encrypted(connections, tmp_path: Path) -> None:
    with mail_server(own_certificate(tmp_path)) as server:
        extra = {"to": "ana@glow.test", "from_email": "g@glow.test"}
        extra |= {"disable_ssl": True, "ssl_context": "none"}  # type: ignore[dict-item]
        connections(
            MAIL,
            conn_type="smtp",
            host="127.0.0.1",
            port=server.port,
            login="groundswell",
            password="hush",
            extra=extra,
        )
        channels = open_channels(orchestration.find_connection)
        # What a text holds is neither markup nor a template.
        assert send(Notice("Grüße", "{{ conn.secret }} <b> naïve"), channels) == [MAIL]
    [letter] = server.letters
    assert (letter.login, letter.was_encrypted) == ("groundswell:hush", True)
    assert letter.message["Subject"] == "Grüße"
    assert "<pre>{{ conn.secret }} &lt;b&gt; naïve</pre>" in letter.text
