"""The Data API, the Analytics API and Google's token address as the sandbox serves them.

Tokens are checked in real time; data and quota follow the virtual clock.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from include.sandbox.clock import Clock
from include.sandbox.world import Market
from include.sources.youtube.sandbox_answers import Catalogue
from include.sources.youtube.sandbox_comments import Comments
from include.sources.youtube.sandbox_discovery import check_values, checked
from include.sources.youtube.sandbox_reports import Reports
from include.sources.youtube.sandbox_shapes import Refusal
from include.sources.youtube.sandbox_videos import BRAND_CHANNEL_ID, Studio, make_id

PACIFIC = ZoneInfo("America/Los_Angeles")
UNITS_PER_DAY = 10_000
TOKEN_SECONDS = 3599
TOKEN_PATH = "/youtube/token"


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Make an API key and the brand owner's authorisation.

    Tests set `quota_units`, `refused_parts` and `refused_metrics`.
    """
    return {
        "api_key": "AIza" + make_id(random_bytes(32).hex(), "key", 35),
        "client_id": f"{random_bytes(6).hex()}.apps.googleusercontent.com",
        "client_secret": "GOCSPX-" + make_id(random_bytes(32).hex(), "secret", 28),
        "refresh_token": "1//0" + random_bytes(40).hex(),
        "quota_units": UNITS_PER_DAY,
        "refused_parts": [],
        "refused_metrics": [],
    }


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Airflow connection that reaches this sandbox; all addresses are one server's."""
    address = f"http://{host}:{port}"
    return {
        "conn_type": "http",
        "host": host,
        "schema": "http",
        "port": port,
        "password": credentials["api_key"],
        "extra": {
            "channel_id": BRAND_CHANNEL_ID,
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
            "refresh_token": credentials["refresh_token"],
            "token_uri": f"{address}{TOKEN_PATH}",
            "analytics_url": address,
        },
    }


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Build the routes of `/youtube/v3/`, `/v2/reports` and the token address."""
    router = APIRouter()
    desk = Desk(credentials)
    data, reports = DataApi(market, credentials), _reports(market, credentials)

    def get_data(resource: str, request: Request) -> Response:
        desk.check_any(request)
        return _json(data.answer(resource, dict(request.query_params), clock.now()))

    def get_report(request: Request) -> Response:
        desk.check_token(request)
        answer = reports.answer(dict(request.query_params), clock.now())
        return _json(checked("reports.query", answer))

    async def ask_data(resource: str, request: Request) -> Response:
        return _refusing(lambda: get_data(resource, request))

    async def ask_report(request: Request) -> Response:
        return _refusing(lambda: get_report(request))

    async def issue_token(request: Request) -> Response:
        form = urllib.parse.parse_qs((await request.body()).decode())
        document, status = desk.issue({name: values[0] for name, values in form.items()})
        return _json(document, status)

    router.add_api_route("/youtube/v3/{resource}", ask_data, methods=["GET"])
    router.add_api_route("/v2/reports", ask_report, methods=["GET"])
    router.add_api_route(TOKEN_PATH, issue_token, methods=["POST"])
    return router


class DataApi:
    """The Data API's methods by name; every call costs one unit."""

    def __init__(self, market: Market, credentials: Mapping[str, Any]) -> None:
        studio = Studio(market)
        catalogue = Catalogue(studio, frozenset(credentials["refused_parts"]))
        comments = Comments(studio)
        self._quota = Quota(int(credentials["quota_units"]))
        self._methods: dict[str, Callable[[Mapping[str, str], dt.datetime], dict[str, Any]]] = {
            "channels": catalogue.channels,
            "playlistItems": catalogue.playlist_items,
            "videos": catalogue.videos,
            "commentThreads": comments.threads,
            "comments": comments.replies,
        }

    def answer(self, resource: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer one call; raises `Refusal`."""
        self._quota.spend(now)
        if resource not in self._methods:
            raise Refusal(404, "notFound", "Method not found.", domain="global")
        method = f"{resource}.list"
        check_values(method, params)
        return checked(method, self._methods[resource](params, now))


class Desk:
    """Knows the API key and issues access tokens for the refresh token, in real time."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._key = str(credentials["api_key"])
        self._client = {n: str(credentials[n]) for n in ("client_id", "client_secret")}
        self._refresh_token = str(credentials["refresh_token"])
        self._valid_until: dict[str, float] = {}

    def issue(self, form: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """Return the token address's answer and its status."""
        if form.get("grant_type") != "refresh_token":
            return {"error": "unsupported_grant_type"}, 400
        if any(form.get(name) != value for name, value in self._client.items()):
            return {"error": "invalid_client", "error_description": "Unauthorized"}, 401
        if form.get("refresh_token") != self._refresh_token:
            described = "Token has been expired or revoked."
            return {"error": "invalid_grant", "error_description": described}, 400
        token = "ya29." + secrets.token_urlsafe(48)
        self._valid_until[token] = time.time() + TOKEN_SECONDS
        return {
            "access_token": token,
            "expires_in": TOKEN_SECONDS,
            "scope": "https://www.googleapis.com/auth/yt-analytics.readonly",
            "token_type": "Bearer",
        }, 200

    def check_any(self, request: Request) -> None:
        """Raise unless the request carries the key or a valid token."""
        if "authorization" in request.headers:
            self.check_token(request)
            return
        key = request.query_params.get("key") or request.headers.get("x-goog-api-key")
        if key is None:
            raise Refusal(
                403,
                "forbidden",
                "The request is missing a valid API key.",
                domain="global",
                state="PERMISSION_DENIED",
            )
        if key != self._key:
            raise Refusal(
                400,
                "badRequest",
                "API key not valid. Please pass a valid API key.",
                domain="global",
                info="API_KEY_INVALID",
                state="INVALID_ARGUMENT",
            )

    def check_token(self, request: Request) -> None:
        """Raise unless the request carries a token issued here that is still valid."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._valid_until.get(token, 0.0) < time.time():
            raise Refusal(
                401,
                "authError",
                "Request had invalid authentication credentials. Expected OAuth 2 access token.",
                domain="global",
                state="UNAUTHENTICATED",
            )


class Quota:
    """Units of the project by Pacific day; every call costs one, whatever its answer."""

    def __init__(self, units: int) -> None:
        self._units = units
        self._spent: dict[dt.date, int] = {}

    def spend(self, now: dt.datetime) -> None:
        """Take one unit; raise the API's 403 when the day has none left."""
        day = now.astimezone(PACIFIC).date()
        spent = self._spent.get(day, 0)
        if spent >= self._units:
            raise Refusal(
                403,
                "quotaExceeded",
                "The request cannot be completed because you have exceeded your "
                '<a href="/youtube/v3/getting-started#quota">quota</a>.',
                domain="youtube.quota",
            )
        self._spent = {day: spent + 1}


def _reports(market: Market, credentials: Mapping[str, Any]) -> Reports:
    return Reports(Studio(market), frozenset(credentials["refused_metrics"]))


def _refusing(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except Refusal as refusal:
        return _json({"error": refusal.body}, refusal.status)


def _json(document: Mapping[str, Any], status: int = 200) -> Response:
    # Google's APIs answer with line breaks and indentation unless told otherwise.
    body = json.dumps(document, indent=2, ensure_ascii=False)
    return Response(body, status, media_type="application/json; charset=UTF-8")
