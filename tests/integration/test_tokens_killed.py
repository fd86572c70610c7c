"""A run killed while Shopify's token pair is renewed must not lock the shop out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from cryptography.fernet import Fernet

from include.errors import BadCredentials
from include.http.session import ApiSession
from include.ingest import day_window
from include.sources._base import Connection, FetchContext
from include.sources.shopify.sandbox_access import TokenDesk
from include.sources.shopify.token import ShopToken
from include.warehouse.tokens import current_token
from tests.conftest import Warehouse

REPO = Path(__file__).resolve().parents[2]
APP = {"client_id": "id-1234567", "client_secret": "secret-1234567"}
SHOP = {"access_token": "shpat_permanent", "scopes": [], **APP}
FIRST = "shprt_first"

KILLED = """
import os, signal, sys
from include.warehouse import tokens
from tests.integration.test_tokens_killed import token_of

store = tokens._store

def die(*arguments):
    if sys.argv[3] == "after its statement":
        store(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

tokens._store = die
token_of(sys.argv[1], int(sys.argv[2]), sys.argv[4])
"""


class Shop:
    """Shopify's token address over loopback; `asked` holds the refresh tokens that came."""

    def __init__(self) -> None:
        self.desk = TokenDesk({**SHOP, "refresh_token": FIRST})
        self.asked: list[str] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(body))
                shop.asked.append(form["refresh_token"])
                document, status = shop.desk.give(form)
                answer = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing per request."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    thread = threading.Thread(target=shop.server.serve_forever)
    thread.start()
    yield shop
    shop.server.shutdown()
    thread.join()
    shop.server.server_close()


@pytest.fixture
def dsn(clean_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", Fernet.generate_key().decode())
    return clean_warehouse.dsn("loader")


def token_of(dsn: str, port: int, refused: str = "") -> str:
    """Return the shop's token as a run of the connector gets it."""
    extra = {**APP, "refresh_token": FIRST}
    connection = Connection("shopify", "127.0.0.1", "http", port, extra=extra)
    with ApiSession(connection) as session:
        window = day_window("2026-11-04", "UTC")
        keeper = partial(current_token, dsn, "shopify")
        return ShopToken(FetchContext(connection, session, window, {}, keeper)).get(refused or None)


@pytest.mark.long
@pytest.mark.parametrize("moment", ["before its statement", "after its statement"])
@pytest.mark.parametrize("has_pair", [False, True])
def test_a_run_killed_before_the_pair_is_committed_loses_nothing(
    dsn: str, shop: Shop, moment: str, has_pair: bool
) -> None:
    refused = token_of(dsn, shop.port) if has_pair else ""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, dsn, str(shop.port), moment, refused],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": str(REPO)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    asked = list(shop.asked)
    assert len(set(asked)) == len(asked) == 1 + has_pair

    token = token_of(dsn, shop.port, refused)

    # The very refresh token that the killed run had used is used once more.
    assert shop.asked == [*asked, asked[-1]]
    assert shop.desk.is_known(token)
    # From here on the chain goes on with new ones.
    assert shop.desk.is_known(token_of(dsn, shop.port, token))
    assert shop.asked[-1] not in asked


def test_a_used_refresh_token_is_void_once_its_replacement_was_used(shop: Shop) -> None:
    def renew(refresh_token: str) -> tuple[str, int]:
        form = {**APP, "grant_type": "refresh_token", "refresh_token": refresh_token}
        document, status = shop.desk.give(form)
        return document.get("refresh_token", document.get("error")), status

    lost, _ = renew(FIRST)
    second, _ = renew(FIRST)
    third, status = renew(second)
    assert status == 200
    assert len({FIRST, lost, second, third}) == 4
    assert renew(FIRST) == ("invalid_grant", 400)
    assert renew(lost) == ("invalid_grant", 400)


def test_a_shop_whose_refresh_tokens_are_all_void_says_what_to_do(dsn: str, shop: Shop) -> None:
    token = token_of(dsn, shop.port)
    shop.desk = TokenDesk({**SHOP, "refresh_token": "shprt_of_another_installation"})
    with pytest.raises(BadCredentials, match="authorise the app for the shop again") as caught:
        token_of(dsn, shop.port, token)
    # It has tried the kept one and the connection's own.
    assert shop.asked[-1] == FIRST
    assert "shprt_" not in str(caught.value)
