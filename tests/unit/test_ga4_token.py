"""GA4: the service-account token. Network is replaced below google-auth's transport."""

from __future__ import annotations

import datetime as dt
import json
import logging
import urllib.parse
from typing import Any

import pytest
import requests
from google.auth import jwt

from include.errors import BadCredentials, Unavailable, UnsafeAddress
from include.sources._base import Connection
from include.sources.ga4 import sandbox, token


@pytest.fixture(scope="module")
def credentials() -> dict[str, Any]:
    return sandbox.make_credentials(lambda size: bytes(range(size)))


@pytest.fixture
def connection(credentials: dict[str, Any]) -> Connection:
    fields = sandbox.connection_fields("127.0.0.1", 8080, credentials)
    return Connection(conn_id="ga4__shop", host=fields["host"], extra=fields["extra"])


class TokenEndpoint:
    """Stands for the token endpoint: answers from a list, keeps what was sent."""

    def __init__(self, *answers: tuple[int, dict[str, Any]] | Exception) -> None:
        self.sent: list[tuple[str, str, bytes, dict[str, Any]]] = []
        self._answers = list(answers)

    def request(self, http: Any, method: str, url: str, **settings: Any) -> requests.Response:
        self.sent.append((method, url, settings["data"], settings))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code = answer[0]
        response._content = json.dumps(answer[1]).encode()
        return response


def install(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> TokenEndpoint:
    endpoint = TokenEndpoint(*answers)
    monkeypatch.setattr(
        requests.Session, "request", lambda *args, **kwargs: endpoint.request(*args, **kwargs)
    )
    return endpoint


GOOD = (200, {"access_token": "ya29.secret-token", "expires_in": 3599, "token_type": "Bearer"})


def test_a_token_is_asked_once_and_kept_until_it_expires(
    monkeypatch: pytest.MonkeyPatch, connection: Connection, credentials: dict[str, Any]
) -> None:
    endpoint = install(monkeypatch, GOOD, GOOD)
    account = token.ServiceAccount(connection)
    assert [account.bearer(), account.bearer()] == ["ya29.secret-token"] * 2
    (method, url, body, settings), *others = endpoint.sent
    assert others == []
    assert (method, url) == ("POST", "http://127.0.0.1:8080/token")
    assert settings["allow_redirects"] is False
    form = urllib.parse.parse_qs(body.decode())
    claims = jwt.decode(form["assertion"][0], certs=credentials["public_key"].encode())
    assert claims["iss"] == credentials["client_email"]
    assert claims["scope"] == "https://www.googleapis.com/auth/analytics.readonly"

    account._credentials.expiry = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    assert account.bearer() == "ya29.secret-token"
    assert len(endpoint.sent) == 2


def test_a_refused_key_names_the_connection_and_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    refusal = {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    endpoint = install(monkeypatch, (400, refusal))
    with pytest.raises(BadCredentials, match=r"'ga4__shop'.*invalid_grant"):
        token.ServiceAccount(connection).bearer()
    assert len(endpoint.sent) == 1


def test_a_gateway_before_the_token_endpoint_does_not_refuse_the_key(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    install(monkeypatch, (502, {"message": "Bad Gateway"}))
    with pytest.raises(Unavailable, match=r"'ga4__shop'.*the token endpoint failed"):
        token.ServiceAccount(connection).bearer()


def test_an_unreachable_token_endpoint_is_transient(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    install(monkeypatch, requests.ConnectionError("assertion=eyJ-secret"))
    with pytest.raises(Unavailable) as caught:
        token.ServiceAccount(connection).bearer()
    assert "eyJ-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("uri", "why"),
    [("http://tokens.example/token", "plain http"), ("ftp://127.0.0.1/token", "https")],
)
def test_the_signed_key_never_leaves_over_plain_http(
    connection: Connection, uri: str, why: str
) -> None:
    key = {**connection.extra["keyfile_dict"], "token_uri": uri}
    foreign = Connection(conn_id="ga4", extra={"keyfile_dict": key})
    with pytest.raises(UnsafeAddress, match=why):
        token.ServiceAccount(foreign).bearer()


@pytest.mark.parametrize(
    "key", [{"type": "service_account"}, "{not json", "[]", {"private_key": 1}]
)
def test_an_unusable_key_says_so_without_showing_it(key: object) -> None:
    with pytest.raises(BadCredentials, match=r"'ga4__shop'.*keyfile_dict") as caught:
        token.ServiceAccount(Connection(conn_id="ga4__shop", extra={"keyfile_dict": key}))
    assert caught.value.__cause__ is None


def test_a_missing_key_is_named() -> None:
    with pytest.raises(BadCredentials, match=r"'ga4__shop': extra.keyfile_dict is missing"):
        token.ServiceAccount(Connection(conn_id="ga4__shop"))


def test_a_key_may_be_given_as_text(connection: Connection) -> None:
    text = json.dumps(connection.extra["keyfile_dict"])
    given = Connection(conn_id="ga4", extra={"keyfile_dict": text})
    assert token.read_key(given)["client_email"] == "reader@sandbox.iam.gserviceaccount.com"


def test_nothing_is_logged(
    monkeypatch: pytest.MonkeyPatch, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    install(monkeypatch, GOOD)
    token.ServiceAccount(connection).bearer()
    assert "assertion" not in caplog.text
    assert "ya29" not in caplog.text
