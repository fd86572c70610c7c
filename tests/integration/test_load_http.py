"""A load over real HTTP: limits, refusals, broken answers, and secrets that must appear nowhere."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest

from include.errors import BadCredentials
from include.http import session as session_module
from include.http.redact import Redactor
from include.ingest import StreamResult, run_stream
from include.sources._base import Connection, FetchContext, Page
from tests.conftest import Warehouse
from tests.fakes.small_shop import DAY, ORDERS, SHOP, order

TOKEN = "shpat_0123456789abcdef"
EMAIL = "ana.mustermann@example.org"
HASH_KEY = b"hash key"


@dataclass
class Api:
    """A loopback API that gives the listed answers (status, headers, body) in order."""

    answers: list[tuple[int, dict[str, str], bytes]]
    port: int = 0
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def api() -> Iterator[Api]:
    state = Api([])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Authorization")))
            status, headers, body = state.answers.pop(0)
            self.send_response_only(status)
            self.send_header("Date", "Thu, 05 Nov 2026 12:00:00 GMT")
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if headers.get("Content-Length"):
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(ctx: FetchContext) -> Iterator[Page]:
    """Page by the links of the answers, as a connector does."""
    ctx.session.headers["Authorization"] = f"Bearer {ctx.connection.password}"
    link: str | None = "/orders"
    while link:
        page = ctx.session.request("GET", link, params={"client_secret": TOKEN})
        yield page
        link = page.document.get("next")


STREAM = replace(
    ORDERS, fetch=fetch, personal_keys=frozenset({"email", "phone"}), known=("lines", "phone")
)
SOURCE = replace(SHOP, streams=(STREAM,))


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    original = session_module.ApiSession.__init__

    def build(self: Any, *arguments: Any, **settings: Any) -> None:
        original(self, *arguments, **{**settings, "sleep": found.append})

    monkeypatch.setattr(session_module.ApiSession, "__init__", build)
    return found


def run(warehouse: Warehouse, api: Api, landing: Path) -> StreamResult:
    return run_stream(
        SOURCE,
        STREAM,
        Connection("shop__main", "127.0.0.1", "http", api.port, password=TOKEN),
        DAY,
        dsn=warehouse.dsn("loader"),
        landing_url=str(landing),
        hash_key=HASH_KEY,
        run_id="scheduled__2026-11-05T08:00:00+00:00",
    )


def body(*rows: dict[str, Any], following: str | None = None) -> bytes:
    return json.dumps({"rows": rows, "next": following}).encode()


def test_limits_and_broken_answers_are_waited_out(
    clean_warehouse: Warehouse, api: Api, waits: list[float], tmp_path: Path
) -> None:
    good = body(order("7"))
    api.answers = [
        (429, {"Retry-After": "7"}, b"slow down"),
        (200, {"Content-Length": str(len(good) + 10)}, good),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(good)[:-6]),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(good)),
    ]

    result = run(clean_warehouse, api, tmp_path)

    assert result.rows_merged == 1
    assert waits[0] == 7.0
    assert len(waits) == 3


def test_a_wrong_credential_is_asked_once_and_names_the_connection(
    clean_warehouse: Warehouse, api: Api, waits: list[float], tmp_path: Path
) -> None:
    api.answers = [(401, {}, b'{"error": "bad token"}')]

    with pytest.raises(BadCredentials, match="'shop__main'"):
        run(clean_warehouse, api, tmp_path)

    assert len(api.asked) == 1
    assert waits == []


def test_secrets_and_persons_are_nowhere(
    clean_warehouse: Warehouse,
    api: Api,
    waits: list[float],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    link = f"http://127.0.0.1:{api.port}/orders?page=2&access_token={TOKEN}"
    first = order("7", email=EMAIL.upper(), phone=4915112345)
    # The second does not fit: what is quarantined is redacted as well.
    second = order("8", email=EMAIL, price={"amount": "?"})
    api.answers = [
        (503, {}, f"token {TOKEN} hit a snag".encode()),
        (200, {}, body(first, following=link)),
        (200, {"Content-Encoding": "gzip"}, gzip.compress(body(second))),
    ]

    result = run(clean_warehouse, api, tmp_path)

    assert (result.rows_merged, result.rows_rejected) == (1, 1)
    assert api.asked[-1] == (f"/orders?page=2&client_secret={TOKEN}", f"Bearer {TOKEN}")
    landed = b"".join(gzip.decompress(path.read_bytes()) for path in tmp_path.rglob("*.gz"))
    with psycopg.connect(clean_warehouse.admin_dsn) as conn:
        stored = "".join(
            str(conn.execute(f"select jsonb_agg(to_jsonb(t)) from {table} as t").fetchone())
            for table in ("raw.small_shop__orders", "quarantine.rejects", "quality.load_windows")
        )
    for place in (landed.decode(), stored, caplog.text):
        assert TOKEN not in place
        assert EMAIL not in place.lower()
        assert "4915112345" not in place
    digest = Redactor(HASH_KEY, frozenset({"email"})).hash_value(EMAIL)
    assert landed.count(digest.encode()) == 2
    assert stored.count(digest) == 2
