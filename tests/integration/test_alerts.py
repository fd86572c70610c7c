"""Alerts against a hand-made warehouse: told once while they last, and again when they return."""

from __future__ import annotations

import datetime as dt

import psycopg
import pytest
from cryptography.fernet import Fernet

from include.errors import InvalidSettings
from include.notices import MAIL, SLACK, Notice, open_channels, send
from include.sources._base import Connection, RefreshToken, TokenGrant
from include.warehouse.tokens import current_token
from tests.integration.alert_fixtures import NOW, PLAN, open_alerts
from tests.integration.reviewed_market import arrive

pytest_plugins = ("tests.integration.alert_fixtures",)


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


def test_a_leaked_code_ends_when_the_campaign_file_says_so(look, transformer) -> None:
    transformer.execute(
        "update marts.mart_code_leakage set leak_class = 'leaked' where code = 'BO10'"
    )
    look()
    assert open_alerts(transformer) == [("code_leaked", "spring/BO10")]
    # Another campaign's, somebody else's and another code of hers say nothing, nor does no day.
    transformer.execute(
        """
        insert into core.dim_code values
            ('autumn', 'bo', 'BO10', '2026-03-11'), ('spring', 'ana', 'BO10', '2026-03-11'),
            ('spring', 'bo', 'BO20', '2026-03-11'), ('spring', 'bo', 'BO10', null)
        """
    )
    assert look() == {"began": 0, "ended": 0, "open": 1, "sent": 0}
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
    goal = ("pacing", "spring/sales")
    look(dt.datetime(2026, 3, 1, 18, tzinfo=dt.UTC))  # the day before its first was due
    assert goal not in open_alerts(transformer)
    look()
    assert open_alerts(transformer) == [goal]
    look(dt.datetime(2026, 4, 1, 18, tzinfo=dt.UTC))  # its last day
    assert goal in open_alerts(transformer)
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
    names = "instagram, instagram__two, instagram__three, tiktok, tiktok__two, shopify__eu"
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
        "instagram__three": Connection("instagram__three", extra={"expires_on": "2026-03-16"}),
    }
    look()
    ending = ("ga4", "instagram", "instagram__three", "shopify__eu", "tiktok")
    assert open_alerts(transformer) == [("token_expiring", conn_id) for conn_id in ending]
    for message in (
        "the token of connection ga4 ends on 2026-03-30: log in again",
        "the token of connection instagram__three ends on 2026-03-16: log in again",
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
    assert look()["ended"] == 4
    assert open_alerts(transformer) == [("token_expiring", "ga4")]


def give(grant: TokenGrant) -> RefreshToken:
    """Stand for an endpoint that grants this."""
    return lambda last: grant


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
