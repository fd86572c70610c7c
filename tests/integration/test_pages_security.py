"""Nobody reads a page without a login and a permission, and no input breaks one.

The endpoints are read from the applications themselves: a new one is covered as soon as it exists.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from include.pages import guard
from include.pages.campaign.exports import EXPORTS
from include.warehouse.connection import connect
from tests.integration import page_marts, quality_rows
from tests.integration.pages_client import Endpoint, api_server, endpoints, token_of

ENDPOINTS = endpoints()
PAGES = [e for e in ENDPOINTS if e.prefix == "/groundswell"]
WEBHOOKS = [e for e in ENDPOINTS if e.prefix == "/webhooks"]
HTML = {"Accept": "text/html"}
OTHER_METHODS = ("POST", "PUT", "PATCH", "DELETE")
HOSTILE = (
    "' or '1'='1",
    "1; drop table quality.load_windows; --",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "%s %(source)s",
    "../../../../etc/passwd",
    "\x00",
    "a\x00b",
    "\ud800",
    "9" * 30,
    "-1",
    "0",
    "1e9",
    "999999",
    "9223372036854775808",
    "A" * 5000,
    "=cmd|' /C calc'!A0",
    "",
    "\u202e\u200f\U0001f4a9",
)
# What a page reads from its address without naming it as a parameter.
UNNAMED = {
    "/groundswell/campaign": ("campaign", "model", "rules", "creators.sort", "creators.page"),
    "/groundswell/campaign/{table}.csv": ("campaign", "model", "rules"),
}
# What each permission of `guard` asks the auth manager.
ASKED = {
    guard.READ_SITE.dependency: "is_authorized_view",
    guard.READ_CAMPAIGNS.dependency: "is_authorized_dag",
    guard.READ_RUNS.dependency: "is_authorized_dag",
    guard.READ_ASSETS.dependency: "is_authorized_asset",
}


@pytest.fixture(scope="module")
def server(warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The plugins on a warehouse in which every text is hostile."""
    warehouse.reset()
    day = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date().isoformat()
    with connect(warehouse.admin_dsn) as admin:
        quality_rows.add_trouble(admin, day, dt.datetime.now(dt.UTC))
    page_marts.publish(warehouse.dsn("transformer"), hostile_marts())
    with api_server(warehouse, tmp_path_factory.mktemp("api-server")) as client:
        yield client
    warehouse.reset()


def hostile_marts() -> dict[str, list[dict[str, object]]]:
    """Return a campaign, a creator and a restated figure, every text of which is hostile."""
    names = {"creator_name": quality_rows.HOSTILE, "handle": quality_rows.HOSTILE}
    scorecard, version = page_marts.creator(1, creator_name=quality_rows.HOSTILE)
    restated = {
        "measure_run_id": 1,
        "campaign_id": quality_rows.HOSTILE,
        "creator_id": quality_rows.HOSTILE,
        "attribution_model": "linear",
        "metric_date": page_marts.DAY,
        "measured_date": page_marts.DAY,
        "cause": "refund",
        "is_restated": True,
        "currency_code": "EUR",
        "net_revenue_difference_amount": -1,
    }
    return {
        "mart_campaign_profile": [page_marts.profile("spring", campaign_name=quality_rows.HOSTILE)],
        "mart_creator_scorecard": [scorecard | names],
        "mart_creator_attribution": [version],
        "mart_restatements": [restated],
    }


@pytest.fixture(scope="module")
def viewer(server: TestClient) -> dict[str, str]:
    """What a browser with the viewer's login sends."""
    return {**HTML, "Authorization": f"Bearer {token_of('viewer')}"}


def each(chosen: list[Endpoint]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("endpoint", chosen, ids=[e.name for e in chosen])


def ask(client: TestClient, address: str, headers: dict[str, str], **more):
    return client.get(address, headers=headers, follow_redirects=False, **more)


def test_the_endpoints_are_found() -> None:
    names = {e.name for e in ENDPOINTS}
    assert len(names) == len(ENDPOINTS)
    assert {"/groundswell/campaign", "/groundswell/quality", "/groundswell/docs"} <= names
    assert [e.name for e in WEBHOOKS] == ["/webhooks/shopify"]
    assert len(PAGES) + len(WEBHOOKS) == len(ENDPOINTS)


@each(PAGES)
def test_anonymous_visitors_get_401(server: TestClient, endpoint: Endpoint) -> None:
    for headers in (HTML, {}, {"Authorization": "Bearer nonsense"}, {"Cookie": "_token=nonsense"}):
        answer = ask(server, endpoint.address(), headers)
        # A token that is none of ours is no login either; Airflow answers it with 403.
        assert answer.status_code == (403 if "nonsense" in str(headers) else 401)
        assert "quality" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("table", EXPORTS)
def test_every_file_asks_for_a_login_and_the_permission(
    server: TestClient, viewer: dict[str, str], table: str
) -> None:
    address = f"/groundswell/campaign/{table}.csv"
    nobody = {**HTML, "Authorization": f"Bearer {token_of(None)}"}
    asked = [ask(server, address, headers).status_code for headers in (HTML, nobody, viewer)]
    assert asked == [401, 403, 200]


def test_a_table_that_is_not_there_names_those_that_are(
    server: TestClient, viewer: dict[str, str]
) -> None:
    answer = ask(server, "/groundswell/campaign/payload.csv", viewer | {"Accept": "text/plain"})
    allowed = "creators, posts, pieces, accounts, tie_out, models, codes"
    assert answer.status_code == 404
    assert f"allowed: {allowed}" in answer.text
    assert "payload" not in answer.text


@each(PAGES)
def test_a_user_without_the_permission_gets_403(server: TestClient, endpoint: Endpoint) -> None:
    headers = {**HTML, "Authorization": f"Bearer {token_of(None)}"}
    answer = ask(server, endpoint.address(), headers)
    assert answer.status_code == 403
    assert "version" not in answer.text


@each(PAGES)
def test_each_page_asks_for_the_permission_it_names(
    server: TestClient, viewer: dict[str, str], endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusing exactly that one permission closes the page, whatever else the user may do."""
    from airflow.api_fastapi.app import get_auth_manager

    assert guard.permission_of(endpoint.route) is not None
    named = [d.dependency for d in endpoint.route.dependencies if d.dependency in ASKED]
    assert named, f"say in ASKED what the permission of {endpoint.name} asks"
    manager = get_auth_manager()
    with monkeypatch.context() as patch:
        patch.setattr(manager, ASKED[named[0]], lambda **asked: False)
        assert ask(server, endpoint.address(), viewer).status_code == 403
    assert ask(server, endpoint.address(), viewer).status_code in (200, 404)


@each(PAGES)
def test_pages_only_read(server: TestClient, viewer: dict[str, str], endpoint: Endpoint) -> None:
    assert endpoint.route.methods == {"GET"}
    for method in OTHER_METHODS:
        answer = server.request(method, endpoint.address(), headers=viewer)
        assert answer.status_code == 405, method


@each(PAGES)
def test_hostile_choices_never_break_a_page(
    server: TestClient, viewer: dict[str, str], endpoint: Endpoint
) -> None:
    names = [field.alias for field in endpoint.route.dependant.query_params]
    names += UNNAMED.get(endpoint.name, ())
    for name in [*names, "no_such_choice"]:
        for value in HOSTILE:
            text = quote(value, safe="", errors="surrogatepass")
            answer = ask(server, f"{endpoint.address()}?{name}={text}", viewer)
            assert_harmless(answer, f"{name}={value!r}")
        twice = ask(server, f"{endpoint.address()}?{name}=1&{name}=%00", viewer)
        assert_harmless(twice, f"{name} twice")


@each([e for e in PAGES if "{" in e.route.path])
def test_hostile_addresses_never_break_a_page(
    server: TestClient, viewer: dict[str, str], endpoint: Endpoint
) -> None:
    for field in endpoint.route.dependant.path_params:
        for value in HOSTILE:
            text = quote(value, safe="", errors="surrogatepass")
            answer = ask(server, endpoint.address({field.alias: text}), viewer)
            assert_harmless(answer, f"{field.alias}={value!r}")
            assert answer.status_code != 200 or value == "", value


def assert_harmless(answer, what: str) -> None:
    assert answer.status_code in (200, 307, 404, 422), f"{what}: {answer.status_code}"
    assert "Traceback" not in answer.text, what
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert "<script>alert" not in answer.text, what
        assert "onerror=alert(1)>" not in answer.text.replace("&#34;&gt;", ""), what
        assert "<img src=x" not in answer.text, what
        assert "{{ 7 * 7 }}" in answer.text or ">49<" not in answer.text, what


@each(PAGES)
def test_texts_of_the_warehouse_are_escaped(
    server: TestClient, viewer: dict[str, str], endpoint: Endpoint
) -> None:
    answer = ask(server, endpoint.address(), viewer)
    if not answer.headers["content-type"].startswith("text/html"):
        return  # a table or a script: the header nosniff keeps a browser from reading it as a page
    assert "<script>alert" not in answer.text
    # No script runs but the files of ours, whatever a text holds; data blocks are no scripts.
    scripts = re.findall(r"<script[^>]*>", answer.text)
    data = '<script type="application/json">'
    assert all('src="/groundswell/static/' in script for script in scripts if script != data)
    blocks = re.findall(f"{data}(.*?)</script>", answer.text, re.DOTALL)
    assert len(blocks) == scripts.count(data)
    assert all(json.loads(block)["layout"] for block in blocks), "each block ends where it should"


def test_the_hostile_texts_are_shown_as_text(server: TestClient, viewer: dict[str, str]) -> None:
    for page in ("loads", "rejects", "drift", "checks", "rejects/1", "checks/1", "loads/1"):
        answer = ask(server, f"/groundswell/quality/{page}", viewer)
        assert "&lt;script&gt;alert(" in answer.text, page
    for page in ("campaign", "quality/restatements"):
        answer = ask(server, f"/groundswell/{page}", viewer)
        assert "&lt;script&gt;alert(" in answer.text, page


@each(PAGES)
def test_no_secret_and_no_person_is_in_an_answer(
    server: TestClient, viewer: dict[str, str], endpoint: Endpoint, warehouse
) -> None:
    answer = ask(server, endpoint.address(), viewer)
    told = answer.text + str(dict(answer.headers))
    token = viewer["Authorization"].removeprefix("Bearer ")
    secrets = [token, warehouse.secrets.role_password("ui_reader"), "postgresql://", "jane@"]
    assert [secret for secret in secrets if secret in told] == []
    assert "set-cookie" not in answer.headers


@each(PAGES)
def test_headers_let_a_page_load_nothing_from_elsewhere(
    server: TestClient, viewer: dict[str, str], endpoint: Endpoint
) -> None:
    for headers in (viewer, HTML):
        answer = ask(server, endpoint.address(), headers)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "http" not in policy
        assert "unsafe" not in policy or policy.startswith("sandbox allow-scripts;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "public" not in answer.headers["Cache-Control"]


@each(WEBHOOKS)
def test_the_webhook_takes_no_body_without_its_signature(
    server: TestClient, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_WEBHOOK_SECRET", "hush")
    assert endpoint.route.methods == {"POST"}
    for headers in ({}, {"X-Shopify-Hmac-Sha256": "bm9uc2Vuc2U="}, {"Cookie": "_token=x"}):
        assert server.post(endpoint.name, json={"a": 1}, headers=headers).status_code == 401
    # A login to Airflow signs nothing.
    login = {"Authorization": f"Bearer {token_of('admin')}"}
    assert server.post(endpoint.name, json={"a": 1}, headers=login).status_code == 401
    assert server.get(endpoint.name, headers=login).status_code == 405


def test_what_is_no_endpoint_is_not_there(server: TestClient) -> None:
    for path in ("/openapi.json", "/redoc", "/static/", "/nothing", "/static/%2e%2e/app.py"):
        answer = ask(server, f"/groundswell{path}", HTML)
        assert answer.status_code in (401, 404), path


@pytest.fixture
def gone(server: TestClient) -> Iterator[None]:
    """The pages read a server that is not there."""
    from include.pages.reader import Reader
    from include.pages.wiring import pages

    state = pages().state
    reader = state.reader
    state.reader = Reader(lambda: "postgresql://ui_reader:hidden@127.0.0.1:1/warehouse")
    yield
    state.reader = reader


@pytest.mark.usefixtures("gone")
def test_a_warehouse_that_is_gone_is_503_and_names_no_address(
    server: TestClient, viewer: dict[str, str]
) -> None:
    for page in ("quality", "quality/loads", "quality/rejects/1", "quality/publications"):
        answer = ask(server, f"/groundswell/{page}", viewer)
        assert answer.status_code == 503
        assert "hidden" not in answer.text
        assert "127.0.0.1" not in answer.text


def test_ten_thousand_rejects_are_paged_and_fast(
    server: TestClient, viewer: dict[str, str], warehouse
) -> None:
    with connect(warehouse.admin_dsn) as admin:
        quality_rows.add_many_rejects(admin, 10_000)
    taken = {}
    for number in (1, 100, 201, 999_999):
        start = time.perf_counter()
        address = f"/groundswell/quality/rejects?source=shopify&page={number}"
        answer = ask(server, address, viewer)
        taken[number] = time.perf_counter() - start
        assert answer.status_code == 200
        assert len(answer.text) < 120_000
    # 10,000 and the two of the trouble: 201 pages of 50, and any later page is the last.
    assert "10,001–10,002 of 10,002" in answer.text
    assert min(taken.values()) < 1, taken
