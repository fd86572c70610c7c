"""A Shopify that plays answers written by hand: what the client's tests share."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter

from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.shopify import SOURCE

WINDOW = Window(
    start=dt.datetime(2026, 11, 2, 5, tzinfo=dt.UTC),  # two days of look-back
    end=dt.datetime(2026, 11, 5, 5, tzinfo=dt.UTC),
    key="2026-11-04",
)
SECRET = "shpat_0123456789abcdef"
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


class Wire(BaseAdapter):
    """Plays answers in order and keeps what was asked."""

    def __init__(self, reply: Callable[[int, dict[str, Any]], Answer]) -> None:
        super().__init__()
        self._reply = reply
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.addresses: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.tokens: list[str | None] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        body = request.body or b""
        text = body.decode() if isinstance(body, bytes) else body
        asked = json.loads(text) if text.startswith("{") else {"form": text}
        self.addresses.append(str(request.url))
        self.headers.append(dict(request.headers))
        self.asked.append(asked)
        self.paths.append(request.path_url)
        self.tokens.append(request.headers.get("X-Shopify-Access-Token"))
        status, answer, *headers = self._reply(len(self.asked), asked)
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        response = requests.Response()
        response.status_code = status
        response.headers.update(headers[0] if headers else {})
        response.request = request
        response.url = str(request.url)
        response.raw = urllib3.HTTPResponse(io.BytesIO(raw), preload_content=False)
        return response

    def close(self) -> None:
        """Hold nothing open."""


def context(
    wire: Wire,
    *,
    slept: list[float] | None = None,
    password: str | None = SECRET,
    extra: dict[str, Any] | None = None,
    window: Window = WINDOW,
) -> FetchContext:
    connection = Connection(
        "shopify__eu", host="solefit.myshopify.com", password=password, extra=extra or {}
    )
    retry = RetryPolicy(attempts=2, first_wait=0.0)
    sleep = (slept if slept is not None else []).append
    session = ApiSession(connection, hash_key=b"key", retry=retry, sleep=sleep)
    session._http.mount("https://", wire)
    return FetchContext(connection=connection, session=session, window=window)


def cost(requested: float = 688, available: float = 2000, restore: float = 100) -> dict[str, Any]:
    status = {
        "maximumAvailable": 2000.0,
        "currentlyAvailable": available,
        "restoreRate": restore,
    }
    return {
        "cost": {
            "requestedQueryCost": requested,
            "actualQueryCost": 61,
            "throttleStatus": status,
        }
    }


def plays(*answers: Answer) -> Wire:
    return Wire(lambda number, asked: answers[number - 1])


def fetch(stream: str, ctx: FetchContext) -> list[Page]:
    return list(SOURCE.stream(stream).fetch(ctx))
