"""The Business API as the sandbox serves it: tokens, the envelope, HTTP 200 for everything.

Tokens are checked in real time; what the answers hold follows the virtual clock. The brand and the
creators who connected their accounts take the places for connected accounts in the plan's order.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from include.sandbox.clock import Clock
from include.sandbox.world import Market
from include.sources.tiktok.sandbox_accounts import AccountsApi
from include.sources.tiktok.sandbox_marketplace import Marketplace
from include.sources.tiktok.sandbox_shapes import Refusal, number_of, require
from include.sources.tiktok.sandbox_videos import Network

ROOT, VERSION = "/open_api", "v1.3"
CONNECTED_ACCOUNTS = 4
ACCESS_SECONDS, REFRESH_SECONDS = 86_400, 31_536_000
SCOPES = (
    "user.info.basic",
    "user.info.username",
    "user.info.profile",
    "user.info.stats",
    "user.insights",
    "user.account.type",
    "video.list",
    "video.insights",
    "comment.list",
)


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Make the app, the brand's token and tokens of connected accounts, valid for 24 hours.

    `scopes`, `removed_fields` and `refuse_every` (every n-th call is one too many) are for tests.
    """
    key = random_bytes(32).hex()
    ids = [f"_000{random_bytes(16).hex()}" for _ in range(CONNECTED_ACCOUNTS)]
    return {
        "signing_key": key,
        "client_id": str(7 * 10**18 + int.from_bytes(random_bytes(6))),
        "client_secret": random_bytes(20).hex(),
        "access_token": random_bytes(20).hex(),
        "tto_tcm_account_id": str(7 * 10**18 + int.from_bytes(random_bytes(6))),
        "accounts": {
            account: {
                "access_token": issue_token(key, "act", account, time.time() + ACCESS_SECONDS),
                "refresh_token": issue_token(key, "rft", account, time.time() + REFRESH_SECONDS),
            }
            for account in ids
        },
        "scopes": list(SCOPES),
        "removed_fields": [],
        "refuse_every": 0,
    }


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Airflow connection that reaches this sandbox."""
    names = ("client_id", "client_secret", "tto_tcm_account_id", "accounts")
    return {
        "conn_type": "http",
        "host": host,
        "schema": "http",
        "port": port,
        "password": credentials["access_token"],
        "extra": {name: credentials[name] for name in names},
    }


def issue_token(key: str, kind: str, account: str, valid_until: float) -> str:
    """Return a signed token of an account: `act` for access, `rft` for renewal."""
    text = f"{kind}.{account}.{int(valid_until)}"
    return f"{text}.{hmac.new(key.encode(), text.encode(), 'sha256').hexdigest()[:32]}"


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Build the routes below `/open_api/`."""
    router = APIRouter()
    server = BusinessApi(market, credentials)

    async def answer(path: str, request: Request) -> Response:
        now = clock.now()
        envelope: dict[str, Any] = {"code": 0, "message": "OK", "request_id": server.name(now)}
        try:
            body = await request.body()
            envelope["data"] = server.answer(path, request, json.loads(body or b"{}"), now)
        except Refusal as refusal:
            envelope |= {"code": refusal.code, "message": str(refusal), "data": {}}
        # Both forms of the code are met.
        if server.calls % 7 == 0:
            envelope["code"] = str(envelope["code"])
        return Response(json.dumps(envelope), 200, media_type="application/json")

    router.add_api_route(f"{ROOT}/{{path:path}}", answer, methods=["GET", "POST"])
    return router


class TokenDesk:
    """Checks and renews tokens of connected accounts, in real time."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._credentials = credentials
        self._key = str(credentials["signing_key"])
        self._latest = 0

    def account_of(self, token: str) -> str:
        """Return whose access token this is."""
        return self._read(token, "act", expired=40102, wrong=40105)

    def renew(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Exchange a refresh token; the old one stays valid."""
        own = {name: self._credentials[name] for name in ("client_id", "client_secret")}
        if any(body.get(name) != value for name, value in own.items()):
            raise Refusal(40002, "client_id or client_secret is incorrect.")
        if body.get("grant_type") != "refresh_token":
            raise Refusal(40108, "Invalid grant_type.")
        token = str(body.get("refresh_token") or "")
        account = self._read(token, "rft", expired=40103, wrong=40107)
        # A token holds its last second: two renewals at once must not give the same one.
        self._latest = max(self._latest + 1, int(time.time()) + ACCESS_SECONDS)
        return {
            "access_token": issue_token(self._key, "act", account, self._latest),
            "token_type": "Bearer",
            "scope": ",".join(self._credentials["scopes"]),
            "expires_in": ACCESS_SECONDS,
            "refresh_token": token,
            "refresh_token_expires_in": REFRESH_SECONDS,
            "open_id": account,
        }

    def _read(self, token: str, kind: str, *, expired: int, wrong: int) -> str:
        parts = token.split(".")
        is_signed = len(parts) == 4 and parts[0] == kind and parts[2].isdecimal()
        if not is_signed or not hmac.compare_digest(
            token, issue_token(self._key, kind, parts[1], int(parts[2]))
        ):
            raise Refusal(wrong, "Access token is incorrect or has been revoked.")
        if int(parts[2]) < time.time():
            raise Refusal(expired, "Access token has expired.")
        return parts[1]


class BusinessApi:
    """Finds what a path names and answers it for the token that came with the request."""

    def __init__(self, market: Market, credentials: Mapping[str, Any]) -> None:
        self.calls = 0
        self._credentials = credentials
        self._network = Network(market)
        self._desk = TokenDesk(credentials)
        self._accounts = AccountsApi(
            self._network, credentials["scopes"], credentials["removed_fields"]
        )
        self._marketplace = Marketplace(self._network)

    def name(self, now: dt.datetime) -> str:
        """Return the id of the next request."""
        self.calls += 1
        return f"{now:%Y%m%d%H%M%S}{number_of(self.calls) % 16**14:014X}"

    def answer(
        self, path: str, request: Request, body: Mapping[str, Any], now: dt.datetime
    ) -> dict[str, Any]:
        """Answer one request; raises `Refusal` in the API's own codes."""
        self._check_load()
        version, _, rest = path.partition("/")
        if version != VERSION:
            raise Refusal(40006, f"The API version {version} is not supported.")
        if not rest.endswith("/"):
            raise Refusal(40400, f"Route not found: {rest}")
        if request.method == "POST":
            if rest == "tt_user/oauth2/refresh_token/":
                return self._desk.renew(body)
            raise Refusal(40400, f"Route not found: {rest}")
        params = dict(request.query_params)
        token = request.headers.get("access-token", "")
        if not token:
            raise Refusal(40104, "Access token is empty.")
        if rest.startswith("tto/"):
            country = request.headers.get("country-code")
            return self._answer_brand(rest, params, country, token, now)
        return self._answer_account(rest, params, token, now)

    def _check_load(self) -> None:
        every = int(self._credentials["refuse_every"])
        if every and self.calls % every == 0:
            raise Refusal(40100, "Too many requests. Please retry in some time.")

    def _answer_brand(
        self,
        path: str,
        params: Mapping[str, str],
        country: str | None,
        token: str,
        now: dt.datetime,
    ) -> dict[str, Any]:
        if not hmac.compare_digest(token, str(self._credentials["access_token"])):
            raise Refusal(40105, "Access token is incorrect or has been revoked.")
        require(params, "tto_tcm_account_id")
        if params["tto_tcm_account_id"] != self._credentials["tto_tcm_account_id"]:
            raise Refusal(40001, "No permission to operate this tto_tcm_account_id.")
        if path == "tto/tcm/campaign/":
            return self._marketplace.campaigns(params, now)
        if path == "tto/tcm/report/":
            return self._marketplace.report(params, country, now)
        if path == "tto/tcm/creator/public/":
            return self._marketplace.creator(params, now)
        if path == "tto/tcm/creator/public/video/list/":
            return self._marketplace.posts(params, now)
        raise Refusal(40400, f"Route not found: {path}")

    def _answer_account(
        self, path: str, params: Mapping[str, str], token: str, now: dt.datetime
    ) -> dict[str, Any]:
        account = self._desk.account_of(token)
        require(params, "business_id")
        if params["business_id"] != account:
            raise Refusal(40001, "No permission to operate this business_id.")
        answers = {
            "business/get/": self._accounts.profile,
            "business/video/list/": self._accounts.videos,
            "business/comment/list/": self._accounts.comments,
            "business/comment/reply/list/": self._accounts.replies,
        }
        if path not in answers:
            raise Refusal(40400, f"Route not found: {path}")
        return answers[path](self.owner_of(account), params, now)

    def owner_of(self, account: str) -> str:
        """Return the market name of who connected an account; nobody's has its id for a name."""
        place = list(self._credentials["accounts"]).index(account)
        owners = self._network.owners
        return owners[place] if place < len(owners) else account
