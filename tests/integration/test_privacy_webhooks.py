"""The webhook endpoint inside Airflow's own application: signature, size, repetition, storage."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.privacy.inbox import TOPICS, read_request, waiting_files
from include.settings import REPO_ROOT

SECRET = "hush"
BODY = json.dumps(
    {
        "shop_id": 954889,
        "shop_domain": "sample.myshopify.com",
        "customer": {"id": 191167, "email": "ana@example.com", "phone": "555-625-1199"},
        "orders_to_redact": [299938, 280263],
    }
).encode()

SHOP = json.dumps({"shop_id": 954889, "shop_domain": "sample.myshopify.com"}).encode()


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    path = REPO_ROOT / "plugins" / "privacy_webhooks.py"
    spec = importlib.util.spec_from_file_location("privacy_webhooks", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GROUNDSWELL_PRIVACY_DIR", str(tmp_path))
    monkeypatch.setenv("GROUNDSWELL_WEBHOOK_SECRET", SECRET)
    return tmp_path / "inbox"


@pytest.fixture
def client(plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The sub-application, mounted the way Airflow mounts what a plugin names."""
    from airflow.api_fastapi import app as airflow_app

    entries = plugin.PrivacyWebhooks.fastapi_apps
    monkeypatch.setattr("airflow.plugins_manager.get_fastapi_plugins", lambda: (entries, []))
    app = FastAPI()
    airflow_app.init_plugins(app)
    with TestClient(app) as client:
        yield client


def signature(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def send(client: TestClient, body: bytes = BODY, **headers: str) -> int:
    fields = {
        "X-Shopify-Topic": "customers/redact",
        "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "X-Shopify-Hmac-Sha256": signature(body),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/webhooks/shopify", content=body, headers=fields).status_code


def stored(inbox: Path) -> list[Path]:
    return sorted(path for path in inbox.rglob("*") if path.is_file()) if inbox.exists() else []


def test_a_signed_webhook_is_stored_as_it_came(client: TestClient, inbox: Path) -> None:
    assert send(client) == 200
    [path] = stored(inbox)
    assert path.read_bytes() == BODY
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    [(topic, found)] = waiting_files(inbox.parent)
    request = read_request(topic, found, b"key")
    assert (request.topic, request.origin) == ("customers/redact", "webhook")
    assert request.values == ("191167", "ana@example.com", "555-625-1199")
    assert request.records == {"orders": ("299938", "280263")}
    assert "ana@" not in repr(request)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "no base64!",
        signature(BODY, "guess"),
        signature(BODY + b" "),
        signature(BODY)[:-4],
        hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest(),
    ],
)
def test_without_a_valid_signature_nothing_is_stored(
    client: TestClient, inbox: Path, wrong: str
) -> None:
    assert send(client, X_Shopify_Hmac_Sha256=wrong) == 401
    assert stored(inbox) == []


def test_without_a_secret_nobody_is_let_in(
    client: TestClient, inbox: Path, monkeypatch: pytest.MonkeyPatch, plugin: ModuleType
) -> None:
    monkeypatch.setenv("GROUNDSWELL_WEBHOOK_SECRET", "")
    monkeypatch.setattr(plugin, "_connection_password", lambda minute: "")
    assert send(client, X_Shopify_Hmac_Sha256=signature(BODY, "")) == 401
    assert stored(inbox) == []


def test_the_connections_password_serves_where_no_variable_is_set(
    client: TestClient, inbox: Path, monkeypatch: pytest.MonkeyPatch, plugin: ModuleType
) -> None:
    plugin._connection_password.cache_clear()
    monkeypatch.delenv("GROUNDSWELL_WEBHOOK_SECRET")
    monkeypatch.setenv(
        "AIRFLOW_CONN_PRIVACY_WEBHOOKS", json.dumps({"conn_type": "generic", "password": "other"})
    )
    assert send(client) == 401
    assert send(client, X_Shopify_Hmac_Sha256=signature(BODY, "other")) == 200
    plugin._connection_password.cache_clear()


def test_both_secrets_are_good_while_one_is_rotated(
    client: TestClient, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_WEBHOOK_SECRET", f"new, {SECRET}")
    assert send(client) == 200
    assert send(client, X_Shopify_Hmac_Sha256=signature(BODY, "new")) == 200


def test_a_long_body_is_refused_before_it_is_read(client: TestClient, inbox: Path) -> None:
    long = b'{"shop_domain": "' + b"x" * 65_536 + b'"}'
    assert send(client, long) == 413
    assert stored(inbox) == []


def test_a_body_without_announced_length_is_cut_off(client: TestClient, inbox: Path) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024

    answer = client.post("/webhooks/shopify", content=chunks())
    assert answer.status_code == 413
    assert stored(inbox) == []


def test_the_longest_body_is_taken(client: TestClient, inbox: Path) -> None:
    body = b'{"shop_domain": "x"}'.ljust(65_536)
    assert send(client, body) == 200


def answer_to(plugin: ModuleType, events: list[dict[str, object]]) -> int:
    """The status the endpoint answers when the server hears no more of the body than these."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, object]:
        return events.pop(0) if events else await asyncio.Event().wait() or {}

    async def send_back(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/shopify", "query_string": b"", "root_path": "",
        "headers": [(b"x-shopify-hmac-sha256", signature(BODY).encode())],
    }  # fmt: skip
    asyncio.run(plugin.app(scope, receive, send_back))
    return int(sent[0]["status"])


def test_a_body_that_drips_or_breaks_off_is_given_up(
    plugin: ModuleType, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may knock: nobody keeps a connection, and nobody fills the log with tracebacks."""
    monkeypatch.setattr(plugin, "MAX_BODY_SECONDS", 0.05)
    begun = {"type": "http.request", "body": BODY[:10], "more_body": True}
    assert answer_to(plugin, [begun]) == 408
    assert answer_to(plugin, [begun, {"type": "http.disconnect"}]) == 400
    assert stored(inbox) == []


def test_no_other_address_answers(client: TestClient, inbox: Path) -> None:
    """Nor is anybody sent elsewhere: an address of a redirect would be the caller's own word."""
    for path in ("/webhooks/shopify/", "/webhooks/", "/webhooks/docs", "/webhooks/openapi.json"):
        headers = {"X-Shopify-Hmac-Sha256": signature(BODY), "Host": "other.example"}
        answer = client.post(path, content=BODY, headers=headers, follow_redirects=False)
        assert answer.status_code == 404, path
    assert client.get("/webhooks/shopify").status_code == 405


def test_one_id_sent_many_times_at_once_is_one_file(client: TestClient, inbox: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: send(client), range(24))) == {200}
    [path] = stored(inbox)
    assert path.read_bytes() == BODY


def test_an_id_that_comes_again_changes_nothing(client: TestClient, inbox: Path) -> None:
    assert send(client) == 200
    [path] = stored(inbox)
    before = path.stat()
    assert send(client) == 200
    assert [path.stat().st_ino for path in stored(inbox)] == [before.st_ino]
    assert send(client, X_Shopify_Webhook_Id="another") == 200
    assert len(stored(inbox)) == 2


def test_an_id_cannot_leave_the_inbox(client: TestClient, inbox: Path) -> None:
    assert send(client, X_Shopify_Webhook_Id="../../../../tmp/x") == 200
    [path] = stored(inbox)
    assert path.parent == inbox / "customers-redact"


@pytest.mark.parametrize("topic", ["", "orders/create", "customers/redact/../x"])
def test_other_topics_are_refused(client: TestClient, inbox: Path, topic: str) -> None:
    assert send(client, X_Shopify_Topic=topic) == 400
    assert stored(inbox) == []


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_its_folder(client: TestClient, inbox: Path, topic: str) -> None:
    assert send(client, SHOP, X_Shopify_Topic=topic) == 200
    assert [found for found, _ in waiting_files(inbox.parent)] == [topic]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff"])
def test_what_is_no_json_object_is_refused(client: TestClient, inbox: Path, body: bytes) -> None:
    assert send(client, body) == 400
    assert stored(inbox) == []


@pytest.mark.parametrize("topic", ["customers/data_request", "shop/redact"])
def test_a_recorded_webhook_cannot_be_sent_again_as_another(
    client: TestClient, inbox: Path, topic: str
) -> None:
    """The topic is not part of what is signed."""
    assert send(client, X_Shopify_Topic=topic) == 400
    assert stored(inbox) == []


def test_endpoint_and_inbox_know_the_same_topics(plugin: ModuleType) -> None:
    assert plugin.TOPICS == TOPICS


def test_a_full_disk_asks_to_send_again(
    client: TestClient, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox.parent.mkdir(exist_ok=True)
    inbox.write_text("a file where the folder should be")
    assert send(client) == 503


def test_airflows_own_server_mounts_the_endpoint(inbox: Path, tmp_path: Path) -> None:
    """The whole application, with its middleware and catch-all routes, on a database of its own."""
    settings = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO_ROOT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/metadata.db",
        "SIGNATURE": signature(SHOP),
    }
    done = subprocess.run(
        [sys.executable, "-c", _ASK_AIRFLOW],
        input=SHOP,
        env={**os.environ, **settings},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert done.stdout.decode().splitlines()[-1] == "[200, 401, 401, 404]"
    assert len(stored(inbox)) == 1


_ASK_AIRFLOW = """
import os, sys
from airflow.utils import db
db.initdb()
from airflow.api_fastapi.app import create_app
from fastapi.testclient import TestClient
client, body = TestClient(create_app()), sys.stdin.buffer.read()
headers = {"X-Shopify-Topic": "shop/redact", "X-Shopify-Webhook-Id": "1"}
signed = {**headers, "X-Shopify-Hmac-Sha256": os.environ["SIGNATURE"]}
print([
    client.post("/webhooks/shopify", content=body, headers=signed).status_code,
    client.post("/webhooks/shopify", content=body, headers=headers).status_code,
    client.get("/api/v2/dags").status_code,
    client.get("/webhooks/docs").status_code,
])
"""


def test_the_plugin_and_the_pipeline_mean_the_same_folder(
    plugin: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from include.privacy.inbox import privacy_dir

    monkeypatch.delenv("GROUNDSWELL_PRIVACY_DIR", raising=False)
    assert plugin._inbox() == privacy_dir() / "inbox"
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    assert plugin._inbox() == privacy_dir() / "inbox" == tmp_path / "privacy" / "inbox"
    monkeypatch.setenv("GROUNDSWELL_PRIVACY_DIR", str(tmp_path / "p"))
    assert plugin._inbox() == privacy_dir() / "inbox" == tmp_path / "p" / "inbox"
