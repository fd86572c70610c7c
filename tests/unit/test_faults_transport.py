"""What a client gets while a fault on the way is on, and what the routers and the control see."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from include.campaigns.plan import load_plan
from include.sandbox.clock import Clock
from include.sandbox.server import create_app, discover_faults, discover_sandboxes
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT

# Importing the sources loads urllib3, which looks whether there is IPv6; not inside a test.
OFFERED = discover_faults()
PLAN = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
AT = dt.datetime(2026, 9, 20, 7, 0, 5, tzinfo=dt.UTC)
KEY = {"X-Control-Key": "key"}
TOKEN = {"X-Shopify-Access-Token": "shpat_of_this_test"}
SHOP = {"query": "query Shop { shop { id name } }", "variables": {}}
PATH = "/admin/api/2026-10/graphql.json"


@functools.cache
def small_market() -> Market:
    return build_market(PLAN, 7, 30)


@functools.cache
def shop_credentials() -> dict[str, Any]:
    made = discover_sandboxes()["shopify"].make_credentials(lambda count: b"x" * count)
    return {**made, "access_token": TOKEN["X-Shopify-Access-Token"]}


class Client:
    """Asks one application, each request in a loop of its own."""

    def __init__(self) -> None:
        clock = Clock()
        clock.hold(AT)
        self._app = create_app(small_market(), clock, {"shopify": shop_credentials()}, "key")

    def ask(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                return await client.request(method, path, **arguments)

        return asyncio.run(send())

    def faults(self, **settings: Any) -> httpx.Response:
        return self.ask("POST", "/_control/faults", headers=KEY, json=settings)

    def shop(self, **headers: str) -> httpx.Response:
        # Without a wish of the client's there is no gzip, which httpx would unpack.
        sent = {"Accept-Encoding": "identity", **TOKEN, **headers}
        return self.ask("POST", PATH, headers=sent, json=SHOP)


@pytest.fixture
def client() -> Client:
    return Client()


def test_without_faults_the_answer_is_the_routers(client: Client) -> None:
    assert client.shop().json()["data"]["shop"]["name"] == PLAN.brand.name


def test_the_control_needs_its_key_and_names_what_is_allowed(client: Client) -> None:
    assert client.ask("GET", "/_control/faults").status_code == 403
    assert client.ask("POST", "/_control/faults", json={"throttle": 1}).status_code == 403
    refused = client.faults(trottle=0.5)
    assert refused.status_code == 422
    assert "unknown faults: trottle; allowed: " in refused.json()["detail"]
    assert client.faults(throttle="often").status_code == 422
    shown = client.faults(throttle=0.5, seed=4).json()
    assert shown["faults"]["throttle"]["probability"] == 0.5
    assert client.ask("GET", "/_control/faults", headers=KEY).json() == shown


def test_the_control_itself_is_never_hit(client: Client) -> None:
    client.faults(server_error=1, html_page=1)
    assert client.ask("GET", "/_control/health").status_code == 200


def test_a_hit_request_passes_the_third_time(client: Client) -> None:
    client.faults(server_error=1)
    answers = [client.shop() for _ in range(4)]
    assert [answer.status_code >= 500 for answer in answers] == [True, True, False, False]
    assert answers[2].json()["data"]["shop"]["name"] == PLAN.brand.name
    for answer in answers:
        assert parsedate_to_datetime(answer.headers["date"]) == AT


def test_an_html_page_comes_with_200(client: Client) -> None:
    client.faults(html_page=1)
    answer = client.shop()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_slow_answer_is_whole(client: Client) -> None:
    client.faults(slow_body=1, slow_seconds=0)
    assert client.shop().json()["data"]["shop"]["name"] == PLAN.brand.name


def test_the_date_is_wrong_by_at_most_ten_minutes(client: Client) -> None:
    client.faults(clock_skew=1)
    answer = client.shop()
    wrong = abs(parsedate_to_datetime(answer.headers["date"]) - AT)
    assert dt.timedelta(0) < wrong <= dt.timedelta(minutes=10)
    assert answer.json()["data"]["shop"]["name"] == PLAN.brand.name


def test_a_reset_breaks_the_connection(client: Client) -> None:
    client.faults(connection_reset=1)
    with pytest.raises(ConnectionResetError):
        client.shop()


def test_a_truncated_answer_never_looks_whole(client: Client) -> None:
    whole, ways = client.shop().content, set()
    for seed in range(12):
        client.faults(truncated_body=1, seed=seed)
        try:
            answer = client.shop()
        except (ConnectionResetError, httpx.TransportError):
            ways.add("length")
            continue
        with pytest.raises(ValueError, match="column"):
            json.loads(answer.content)
        assert whole.startswith(answer.content)
        ways.add("text")
    assert ways == {"length", "text"}


def test_a_truncated_gzip_ends_before_its_end(client: Client) -> None:
    """httpx hands out what it could unpack."""
    whole, was_packed = client.shop().content, False
    for seed in range(12):
        client.faults(truncated_body=1, seed=seed)
        try:
            answer = client.shop(**{"Accept-Encoding": "gzip"})
        except (ConnectionResetError, httpx.TransportError):
            continue
        was_packed |= answer.headers.get("content-encoding") == "gzip"
        assert len(answer.content) < len(whole)
    assert was_packed


def test_a_platform_limits_in_its_own_way(client: Client) -> None:
    client.faults(throttle=1)
    answer = client.shop()
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "THROTTLED"


def test_every_declared_fault_is_a_function_that_says_what_it_does() -> None:
    assert {"shopify", "ga4", "instagram"} <= OFFERED.keys()
    for source, faults in OFFERED.items():
        for name, fault in faults.items():
            assert asyncio.iscoroutinefunction(fault), f"{source}: {name}"
            assert (fault.__doc__ or "").strip(), f"{source}: {name} has no docstring"
