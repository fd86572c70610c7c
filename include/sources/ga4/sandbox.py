"""The GA4 Data API and Google's token endpoint as the sandbox serves them.

Tokens are checked in real time against the generated key; data and quota follow the virtual clock.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import google.auth.exceptions
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Request, Response
from google.auth import jwt

from include.sandbox.clock import Clock
from include.sandbox.world import PROPERTY_ID, Market
from include.sources.ga4.sandbox_reports import Reports, Variants
from include.sources.ga4.sandbox_requests import Refusal

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# google-auth signs for this audience, whatever the key's token_uri says.
AUDIENCE = "https://oauth2.googleapis.com/token"
TOKEN_SECONDS = 3599
TOKENS_PER_HOUR, TOKENS_PER_PROJECT_HOUR, TOKENS_PER_DAY = 40_000, 14_000, 200_000


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Make a service account: its key as Google issues it and the public half for checking.

    `variants` lets a test have rows withheld, folded into `(other)` or sampled.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "private_key": private.decode(),
        "public_key": public.decode(),
        "private_key_id": random_bytes(20).hex(),
        "client_email": "reader@sandbox.iam.gserviceaccount.com",
        # What the property holds back: the fields of `Variants`.
        "variants": {},
    }


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Airflow connection that reaches this sandbox, token endpoint included."""
    keyfile = {
        "type": "service_account",
        "project_id": "sandbox",
        "private_key_id": credentials["private_key_id"],
        "private_key": credentials["private_key"],
        "client_email": credentials["client_email"],
        "client_id": "1",
        "token_uri": f"http://{host}:{port}/token",
    }
    return {
        "conn_type": "http",
        "host": host,
        "schema": "http",
        "port": port,
        "extra": {"property_id": PROPERTY_ID, "keyfile_dict": keyfile},
    }


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Build `/token` and, under `/v1beta/properties/{property}`, runReport and its batch."""
    router = APIRouter()
    desk = TokenDesk(credentials)
    reports = Reports(market, Variants(**credentials.get("variants", {})))
    quota = Quota()

    @router.post("/token")
    async def token(request: Request) -> Response:
        form = urllib.parse.parse_qs((await request.body()).decode())
        try:
            return _json(desk.issue(form))
        except (google.auth.exceptions.GoogleAuthError, KeyError, ValueError) as error:
            description = f"Invalid JWT Signature or claims: {type(error).__name__}"
            return _json({"error": "invalid_grant", "error_description": description}, 400)

    def charge(asked: Mapping[str, Any], report: dict[str, Any], now: dt.datetime) -> None:
        state = quota.spend(_cost(asked, report), now)
        if asked.get("returnPropertyQuota"):
            report["propertyQuota"] = state

    @router.post("/v1beta/properties/{property_id}:{method}")
    async def report(property_id: str, method: str, request: Request) -> Response:
        now = clock.now()
        try:
            desk.check(request.headers.get("authorization", ""))
            body = _read_body(await request.body())
            if method == "runReport":
                answer = reports.answer(property_id, body, now)
                charge(body, answer, now)
            elif method == "batchRunReports":
                answer = reports.answer_batch(property_id, body, now)
                for asked, one in zip(body["requests"], answer["reports"], strict=True):
                    charge(asked, one, now)
            else:
                raise Refusal(404, "NOT_FOUND", "Method not found.")
        except Refusal as refusal:
            return _json({"error": refusal.body}, refusal.body["code"])
        return _json(answer)

    return router


class TokenDesk:
    """Exchanges signed assertions for access tokens, in real time."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._public_key = str(credentials["public_key"]).encode()
        self._client_email = str(credentials["client_email"])
        self._valid_until: dict[str, float] = {}

    def issue(self, form: Mapping[str, list[str]]) -> dict[str, Any]:
        """Verify signature, times, audience, issuer and scope of the assertion; issue a token."""
        if form["grant_type"] != [GRANT_TYPE]:
            raise ValueError("unsupported grant_type")
        claims = jwt.decode(  # type: ignore[no-untyped-call]  # google-auth leaves it untyped
            form["assertion"][0], certs=self._public_key, audience=AUDIENCE
        )
        if claims.get("iss") != self._client_email or SCOPE not in claims.get("scope", "").split():
            raise ValueError("wrong issuer or scope")
        token = "ya29." + secrets.token_urlsafe(48)
        self._valid_until[token] = time.time() + TOKEN_SECONDS
        return {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}

    def check(self, header: str) -> None:
        """Raise the API's 401 unless the header carries a token issued here that is still valid."""
        token = header.removeprefix("Bearer ")
        if self._valid_until.get(token, 0.0) < time.time():
            raise Refusal(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials. Expected OAuth 2 access token.",
                "ACCESS_TOKEN_EXPIRED",
            )


class Quota:
    """Tokens of the property by virtual hour and day; zeros are left out, as the API does."""

    def __init__(self) -> None:
        self._spent: dict[str, int] = {}

    def spend(self, cost: int, now: dt.datetime) -> dict[str, Any]:
        """Take the tokens of one request; raise the API's 429 when an hour has none left."""
        hour, day = now.strftime("%Y-%m-%dT%H"), now.strftime("%Y-%m-%d")
        spent = {key: self._spent.get(key, 0) for key in (hour, day)}
        if spent[hour] + cost > TOKENS_PER_PROJECT_HOUR:
            raise Refusal(
                429,
                "RESOURCE_EXHAUSTED",
                "Exhausted property tokens for a project per hour. These quota tokens will return "
                "in under an hour.",
            )
        self._spent = {key: tokens + cost for key, tokens in spent.items()}
        in_hour, in_day = self._spent[hour], self._spent[day]
        return {
            "tokensPerDay": _bucket(cost, TOKENS_PER_DAY - in_day),
            "tokensPerHour": _bucket(cost, TOKENS_PER_HOUR - in_hour),
            "concurrentRequests": _bucket(0, 10),
            "serverErrorsPerProjectPerHour": _bucket(0, 10),
            "potentiallyThresholdedRequestsPerHour": _bucket(0, 120),
            "tokensPerProjectPerHour": _bucket(cost, TOKENS_PER_PROJECT_HOUR - in_hour),
        }


def _cost(body: Mapping[str, Any], answer: Mapping[str, Any]) -> int:
    """Tokens grow with rows and columns; most requests cost less than ten."""
    return 1 + len(body.get("dimensions", [])) + len(answer.get("rows", [])) // 1_000


def _bucket(consumed: int, remaining: int) -> dict[str, int]:
    return {k: v for k, v in (("consumed", consumed), ("remaining", remaining)) if v}


def _read_body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refusal(400, "INVALID_ARGUMENT", "Invalid JSON payload received.") from None
    return dict(body)


def _json(document: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(document), status, media_type="application/json; charset=UTF-8")
