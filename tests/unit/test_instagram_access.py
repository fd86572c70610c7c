"""Instagram: who is asked with which token, what stops a run, and how tokens are renewed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pytest
from instagram_wire import DAY, MAYA, FakeGraph, run

from include.errors import BadCredentials, BadRequest, MissingScope, RateLimited
from include.http.redact import REDACTED
from include.sources._base import (
    Connection,
    FetchContext,
    Page,
    RefreshToken,
    TokenGrant,
)
from include.sources.instagram import graph, token


def test_a_token_of_an_instagram_login_reaches_its_own_account() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": MAYA} if path == "me" else {"id": path, "username": "maya.moves"}

    rows, session = run("accounts", answers, DAY, host="graph.instagram.com")
    assert [path for path, _ in session.asked] == ["me", MAYA]
    assert rows[0]["id"] == MAYA


def test_named_minutes_stop_a_run_whatever_share_is_used() -> None:
    class Throttled(FakeGraph):
        def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
            entry = {"type": "instagram", "call_count": 12, "estimated_time_to_regain_access": 9}
            page = super().request(method, path, params=params)
            page.headers = {"X-Business-Use-Case-Usage": json.dumps({"1": [entry]})}
            return page

    ctx = FetchContext(
        connection=Connection(conn_id="instagram", password="t"),
        session=Throttled(lambda path, params: {"id": path}),  # type: ignore[arg-type]
        window=DAY,
    )
    reader = graph.Graph(ctx)
    reader.ask("1", {})
    with pytest.raises(RateLimited) as caught:
        reader.ask("1", {})
    assert caught.value.retry_after == 540


@pytest.mark.parametrize(
    ("code", "subcode", "kind"), [(3, None, MissingScope), (190, 492, BadCredentials)]
)
def test_further_codes_of_the_platform(code: int, subcode: int | None, kind: type) -> None:
    class Answer:
        conn_id, status_code, headers = "instagram", 400, {}
        document = {"error": {"code": code, "message": "no", "error_subcode": subcode}}  # noqa: RUF012

    assert isinstance(graph.classify(Answer()), kind)  # type: ignore[arg-type]


class TokenSession:
    """Answers one request and keeps it."""

    def __init__(self, document: Any, status: int = 200) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._document, self._status = document, status

    def request(self, method: str, path: str, *, params: Mapping[str, Any]) -> Page:
        self.asked.append((path, params))
        return Page(b"", self._status, DAY.end, "api", {}, document=self._document)


def renew(session: TokenSession, **fields: Any) -> TokenGrant:
    connection = Connection(conn_id="instagram__brand", password="old-token", **fields)
    return token.renewal(session, connection)(None)  # type: ignore[arg-type]


def test_each_login_has_its_own_exchange() -> None:
    document = {"access_token": "new-token", "token_type": "bearer", "expires_in": 5_183_944}
    instagram = TokenSession(document)
    fresh = renew(instagram, host="graph.instagram.com")
    assert instagram.asked == [
        (
            "/refresh_access_token",
            {"grant_type": "ig_refresh_token", "access_token": "old-token"},
        )
    ]
    assert fresh.access_token == "new-token"
    # 60 days, renewed 30 days before they are over.
    assert fresh.expires_at == DAY.end + dt.timedelta(seconds=5_183_944) - dt.timedelta(days=30)
    facebook = TokenSession({"access_token": "new-token"})
    app = {"client_id": "77", "client_secret": "hush", "api_version": "v25.0"}
    assert renew(facebook, extra=app).expires_at is None
    assert facebook.asked == [
        (
            "/v25.0/oauth/access_token",
            {
                "grant_type": "fb_exchange_token",
                "client_id": "77",
                "client_secret": "hush",
                "fb_exchange_token": "old-token",
            },
        )
    ]


def test_the_newest_token_is_the_one_that_is_renewed() -> None:
    session = TokenSession({"access_token": "third", "expires_in": 5_183_944})
    connection = Connection("instagram", host="graph.instagram.com", password="first")
    refresh = token.renewal(session, connection)  # type: ignore[arg-type]
    assert refresh(TokenGrant("second")).access_token == "third"
    assert session.asked[0][1]["access_token"] == "second"


def test_a_token_cut_out_of_the_answer_is_the_present_one() -> None:
    session = TokenSession({"access_token": REDACTED, "expires_in": 5_183_944})
    assert renew(session, host="graph.instagram.com").access_token == "old-token"


def test_a_token_too_young_to_be_renewed_is_kept_and_tried_again_the_next_day() -> None:
    refused = TokenSession({"error": {"code": 100, "message": "(#100) too young"}}, 400)
    kept = renew(refused, host="graph.instagram.com")
    assert kept == TokenGrant("old-token", DAY.end + dt.timedelta(days=1))


def test_a_short_life_is_not_renewed_with_every_request() -> None:
    session = TokenSession({"access_token": "new-token", "expires_in": 3_600})
    fresh = renew(session, host="graph.instagram.com")
    assert fresh.expires_at == DAY.end + dt.timedelta(days=1)


def test_what_cannot_be_renewed_says_why() -> None:
    with pytest.raises(BadRequest, match=r"extra\.client_id and extra\.client_secret not set"):
        renew(TokenSession({}))
    with pytest.raises(BadCredentials, match="no token to renew"):
        token.renew_token(TokenSession({}), Connection(conn_id="instagram"), None)  # type: ignore[arg-type]


class Keeper:
    """Gives tokens from a list; keeps what was said to be refused."""

    def __init__(self, *tokens: str) -> None:
        self.refused: list[str | None] = []
        self._tokens = list(tokens)

    def __call__(self, refresh: RefreshToken, rejected: str | None = None) -> str:
        self.refused.append(rejected)
        return self._tokens.pop(0)


class PickySession(FakeGraph):
    """Takes one token only."""

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
        if self.headers["Authorization"] != "Bearer good":
            raise BadCredentials("ended")
        return super().request(method, path, params=params)


def open_kept(keeper: Keeper, **extra: Any) -> graph.Graph:
    connection = Connection(conn_id="instagram", password="own", extra=extra)
    session: Any = PickySession(lambda path, params: {"id": path})
    return graph.Graph(FetchContext(connection, session, DAY, token=keeper))


def test_a_kept_token_that_is_refused_is_exchanged_once() -> None:
    keeper = Keeper("ended", "good")
    assert open_kept(keeper, renew_token=True).ask("1", {}).document == {"id": "1"}
    assert keeper.refused == [None, "ended"]
    with pytest.raises(BadCredentials):
        open_kept(Keeper("ended", "ended"), renew_token=True).ask("1", {})


def test_nobody_is_asked_for_a_token_unless_the_connection_wants_renewal() -> None:
    keeper = Keeper()
    with pytest.raises(BadCredentials):
        open_kept(keeper).ask("1", {})
    assert keeper.refused == []
