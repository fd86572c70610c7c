"""The session: what is retried, what is refused, what a page holds."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
import urllib3

from include.errors import (
    BadCredentials,
    BadRequest,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
    UnsafeAddress,
)
from include.http import transport
from include.http.answer import ACCEPT, HttpAnswer
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection
from tests.fakes.answers import Answers, answer

TOKEN = "shpat_0123456789abcdef"
SHOP = Connection("shopify", host="shop.example", password=TOKEN)


def open_session(
    *answers: Any, connection: Connection = SHOP, **settings: Any
) -> tuple[ApiSession, Answers, list[float]]:
    transport, waits = Answers(*answers), []
    waits_of: Callable[[float], None] = waits.append
    session = ApiSession(connection, adapter=transport, sleep=waits_of, **settings)
    session.headers["X-Shopify-Access-Token"] = TOKEN
    return session, transport, waits


def test_a_page_holds_the_answer_and_the_request_without_secrets() -> None:
    session, transport, _ = open_session(answer(b'{"id": 1.10}'))

    page = session.request("GET", "/orders.json", params={"limit": 5, "access_token": TOKEN})

    assert page.body == b'{"id": 1.10}'
    assert page.document == {"id": Decimal("1.10")}
    assert page.captured_at == dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
    assert page.captured_at_source == "api"
    assert page.request == {
        "method": "GET",
        "address": "https://shop.example/orders.json",
        "params": {"limit": 5},
    }
    assert transport.requests[0].headers["X-Shopify-Access-Token"] == TOKEN
    assert f"access_token={TOKEN}" in str(transport.requests[0].url)


def test_an_answer_without_date_says_whose_clock_it_took() -> None:
    session, _, _ = open_session(answer(headers={"Date": ""}))

    page = session.request("GET", "/")

    assert page.captured_at_source == "local"
    assert abs(page.captured_at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_a_wrong_credential_fails_at_once_and_names_the_connection() -> None:
    session, transport, waits = open_session(answer(b'{"errors": "Invalid token"}', 401))

    with pytest.raises(BadCredentials, match=r"'shopify'.*HTTP 401.*Invalid token"):
        session.request("GET", "/orders.json")

    assert len(transport.requests) == 1
    assert waits == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, MissingScope), (400, BadRequest), (404, BadRequest), (422, BadRequest)],
)
def test_other_refusals_are_not_retried(status: int, error: type[Exception]) -> None:
    session, transport, _ = open_session(answer(b"no", status))

    with pytest.raises(error, match=f"'shopify'.*{status}: no"):
        session.request("GET", "/orders.json")

    assert len(transport.requests) == 1


def test_a_rate_limit_waits_what_the_api_asks() -> None:
    limited = answer(b"slow down", 429, {"Retry-After": "7"})
    until = answer(b"", 429, {"Retry-After": "Fri, 20 Nov 2026 08:01:30 GMT"})
    session, transport, waits = open_session(limited, until, answer(b"[1]"))

    assert session.request("GET", "/orders.json").document == [1]
    assert waits == [7.0, 90.0]
    assert len(transport.requests) == 3


def test_a_limit_longer_than_the_bound_is_left_to_the_task() -> None:
    session, _, waits = open_session(answer(b"", 429, {"Retry-After": "3600"}))

    with pytest.raises(RateLimited) as caught:
        session.request("GET", "/orders.json")

    assert caught.value.retry_after == 3600
    assert waits == []


def test_failures_are_retried_with_growing_waits_and_then_raised() -> None:
    policy = RetryPolicy(attempts=4, first_wait=1.0, longest_wait=3.0)
    session, transport, waits = open_session(*[answer(b"", 503)] * 4, retry=policy)

    with pytest.raises(Unavailable, match="503"):
        session.request("GET", "/orders.json")

    assert len(transport.requests) == 4
    assert len(waits) == 3
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2 * 1
    assert 1.5 <= waits[2] <= 3


@pytest.mark.parametrize(
    "broken",
    [
        answer(b'{"rows": []}', announced=500),
        answer(b'{"rows": [', 200),
        answer(b"<html>PHP notice</html>", 200),
        urllib3.exceptions.IncompleteRead(10, 20),
        requests.ConnectionError("reset"),
        requests.Timeout("read"),
    ],
)
def test_an_answer_cut_short_is_asked_again(broken: Any) -> None:
    session, _, waits = open_session(broken, answer(b'{"rows": [1]}'))

    assert session.request("GET", "/orders.json").document == {"rows": [1]}
    assert len(waits) == 1


@pytest.mark.parametrize("cut", [-4, 20])
def test_a_broken_gzip_stream_is_truncated(cut: int) -> None:
    packed = gzip.compress(b'{"rows": [1, 2, 3]}' * 50)[:cut]
    broken = answer(packed, headers={"Content-Encoding": "gzip"})
    session, _, _ = open_session(broken, retry=RetryPolicy(attempts=1))

    with pytest.raises(Truncated, match="gzip"):
        session.request("GET", "/orders.json")


def test_gzip_is_unpacked_and_bounded() -> None:
    session, _, _ = open_session(answer(b"[1]", packed=True))
    assert session.request("GET", "/").body == b"[1]"

    bomb = answer(b"0" * 2_000_000, packed=True)
    session, _, _ = open_session(bomb, max_body_bytes=1_000_000)
    with pytest.raises(BadRequest, match="larger than 1,000,000 bytes"):
        session.request("GET", "/")


def test_an_answer_that_drips_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes before the socket's time-out; ten minutes end it all the same."""

    class Dripping(io.BytesIO):
        now = 0.0

        def read1(self, size: int | None = -1) -> bytes:
            Dripping.now += 100
            return super().read1(1)

    monkeypatch.setattr(transport.time, "monotonic", lambda: Dripping.now)
    body = b"[1, 2, 3, 4, 5]"
    slow = [answer(body) for _ in range(2)]
    for one in slow:
        one._fp = Dripping(body)
    session, _, waits = open_session(*slow, retry=RetryPolicy(attempts=2))
    with pytest.raises(Unavailable, match="'shopify': after 600 s only 7 bytes of an answer"):
        session.request("GET", "/orders.json")
    assert len(waits) == 1


def test_an_answer_in_many_parts_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_PART_BYTES", 3)
    session, _, _ = open_session(answer(b'{"ids": [1, 2, 3]}', packed=True))
    assert session.request("GET", "/orders.json").document == {"ids": [1, 2, 3]}


def test_the_connector_classifies_before_the_status_does() -> None:
    def classify(found: HttpAnswer) -> Exception | None:
        if b"THROTTLED" in found.content:
            return RateLimited("points used up", retry_after=2.5)
        return None

    throttled = answer(b'{"errors": [{"extensions": {"code": "THROTTLED"}}]}')
    session, _, waits = open_session(throttled, answer(b"[]"), classify=classify)

    assert session.request("POST", "/graphql.json", json={"query": "q"}).document == []
    assert waits == [2.5]


def test_the_connector_may_accept_a_refusal() -> None:
    session, _, _ = open_session(answer(b'{"error": 1}', 400), classify=lambda _: ACCEPT)

    page = session.request("GET", "/media")

    assert (page.status, page.document) == (400, {"error": 1})


def test_no_message_shows_a_secret() -> None:
    echo = answer(f'{{"error": "token {TOKEN} is bad", "next": "?access_token=abc"}}'.encode(), 400)
    session, _, _ = open_session(echo)
    with pytest.raises(BadRequest) as refused:
        session.request("GET", "/orders.json")

    leaking = requests.ConnectionError(f"https://shop.example/?access_token={TOKEN}")
    session, _, _ = open_session(leaking, retry=RetryPolicy(attempts=1))
    with pytest.raises(Unavailable) as unreachable:
        session.request("GET", f"/orders.json?access_token={TOKEN}")

    for caught in (refused, unreachable):
        assert TOKEN not in str(caught.value)
        assert "access_token=abc" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_no_log_line_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session, _, _ = open_session(answer(f"{TOKEN}".encode(), 503), answer(b"[]"))
    session.request("GET", f"/orders.json?access_token={TOKEN}")
    # What urllib3 itself logs of a request.
    logging.getLogger("urllib3.connectionpool").debug(
        '%s "%s %s"', "https://shop.example", "GET", f"/x?access_token={TOKEN}&key=secret1"
    )

    assert len(caplog.records) == 2
    assert TOKEN not in caplog.text
    assert "secret1" not in caplog.text


def test_links_to_foreign_hosts_are_refused() -> None:
    session, transport, _ = open_session()

    for link in (
        "https://evil.example/orders",
        "https://shop.example:8443/orders",
        "http://shop.example/orders",
        "https://shop.example@evil.example/",
        "https://evil.example\\@shop.example/",
        "ftp://shop.example/",
    ):
        with pytest.raises(UnsafeAddress):
            session.request("GET", link)
    assert transport.requests == []


def test_a_path_never_leaves_the_host() -> None:
    session, transport, _ = open_session(answer())

    session.request("GET", "//evil.example/orders")

    assert str(transport.requests[0].url).startswith("https://shop.example/")


def test_a_next_link_is_followed_without_its_redacted_token() -> None:
    body = f'{{"next": "https://shop.example/p?after=x&access_token={TOKEN}&limit=2"}}'.encode()
    session, transport, _ = open_session(answer(body), answer())
    link = session.request("GET", "/p").document["next"]

    session.request("GET", link)

    assert link == "https://shop.example/p?after=x&access_token=REDACTED&limit=2"
    assert transport.requests[1].url == "https://shop.example/p?after=x&limit=2"


def test_redirects_stay_on_the_host() -> None:
    moved = answer(b"", 302, {"Location": "/new"})
    session, transport, _ = open_session(moved, answer(b"[7]"))
    assert session.request("GET", "/old").document == [7]
    assert transport.requests[1].url == "https://shop.example/new"

    away = answer(b"", 302, {"Location": "https://evil.example/"})
    session, transport, _ = open_session(away)
    with pytest.raises(UnsafeAddress):
        session.request("GET", "/old")
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    ("host", "is_safe"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("10.0.0.1", False)],
)
def test_plain_http_reaches_loopback_only(host: str, is_safe: bool) -> None:
    connection = Connection("shopify", host=host, scheme="http", port=8080)
    if is_safe:
        ApiSession(connection)
    else:
        with pytest.raises(UnsafeAddress, match="plain http"):
            ApiSession(connection)


def test_a_connection_without_host_asks_nothing() -> None:
    with pytest.raises(UnsafeAddress, match="'plan' has no host"):
        ApiSession(Connection("plan")).request("GET", "/")
