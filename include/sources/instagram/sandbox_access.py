"""Who may call the sandbox's Graph API, and how often."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import Request

from include.sources.instagram.sandbox_shapes import Refusal

# Calls of an account in a day; large, because a virtual month passes in minutes.
CALLS_PER_DAY = 48_000
TOKEN_SECONDS = 5_183_944


class Tokens:
    """The tokens this sandbox takes: the first one, and those it was exchanged for."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._valid = {str(credentials["access_token"]), *credentials.get("narrow_tokens", ())}
        self._client = {name: credentials.get(name) for name in ("client_id", "client_secret")}

    def check(self, request: Request) -> str:
        """Return the request's token; raise the API's error 190 for one that is not of here."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = given or request.query_params.get("access_token", "")
        return self._known(token)

    def refresh(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Renew a token of an Instagram login: the same one, for another 60 days."""
        if params.get("grant_type") != "ig_refresh_token":
            raise Refusal(400, 100, "(#100) grant_type must be ig_refresh_token")
        token = self._known(params.get("access_token", ""))
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS}

    def exchange(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Exchange a token of a Facebook login for a new one; the old one stays valid."""
        if params.get("grant_type") != "fb_exchange_token":
            raise Refusal(400, 100, "(#100) grant_type must be fb_exchange_token")
        if any(params.get(name) != value for name, value in self._client.items()):
            raise Refusal(400, 1, "Error validating client secret.")
        self._known(params.get("fb_exchange_token", ""))
        token = "EAAG" + secrets.token_hex(48)
        self._valid.add(token)
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS}

    def _known(self, token: str) -> str:
        if token not in self._valid:
            raise Refusal(
                400, 190, "Invalid OAuth access token - Cannot parse access token", subcode=467
            )
        return token


class Allowance:
    """Calls per virtual day; beyond them the API throttles, in its own way."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._business_id = str(credentials["business_id"])
        self._most = int(credentials.get("calls_per_day", CALLS_PER_DAY))
        self._day, self._calls = "", 0

    def count(self, now: dt.datetime) -> None:
        """Count a call; raise error 80002 when the day has none left."""
        day = now.date().isoformat()
        self._calls = self._calls + 1 if day == self._day else 1
        self._day = day
        if self._calls > self._most:
            raise Refusal(
                400,
                80002,
                "(#80002) There have been too many calls to this Instagram account. Please wait a "
                "bit and try again.",
                subcode=2446079,
            )

    def headers(self, now: dt.datetime) -> dict[str, str]:
        """Return the usage headers, JSON in text; minutes to wait only while throttled."""
        share = self._calls * 100 // self._most
        used = {"call_count": share, "total_time": share, "total_cputime": share}
        minutes = 24 * 60 - now.hour * 60 - now.minute if self._calls > self._most else 0
        entry = {"type": "instagram", **used, "estimated_time_to_regain_access": minutes}
        return {
            "X-App-Usage": json.dumps(used),
            "X-Business-Use-Case-Usage": json.dumps({self._business_id: [entry]}),
        }
