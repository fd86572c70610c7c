"""A shop's Admin GraphQL API over the sandbox's market, as it behaves on the wire.

Real paths and answers: token check, client credentials, query points in a bucket that refills in
real time, throttling inside HTTP 200, cursors, unknown filters ignored with a warning.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, Request, Response

from include.sandbox.clock import Clock
from include.sandbox.world import Market
from include.sources.shopify.queries import API_PATH, API_VERSION, TOKEN_PATH
from include.sources.shopify.sandbox_access import TokenDesk
from include.sources.shopify.sandbox_bulk import FILES_PATH
from include.sources.shopify.sandbox_query import (
    Field,
    Operation,
    QueryError,
    parse_operation,
    resolve,
)
from include.sources.shopify.sandbox_schema import check_query, price
from include.sources.shopify.sandbox_shop import SandboxShop
from include.sources.shopify.sandbox_validation import find_errors, find_variable_errors

# What Shopify grants by plan: points a second; a bucket holds 20 seconds of it.
RESTORE_RATES = {"standard": 100.0, "advanced": 200.0, "plus": 1000.0, "enterprise": 2000.0}
MAX_QUERY_COST = 1000
SCOPES = (
    "read_orders",
    "read_all_orders",
    "read_customers",
    "read_reports",
    "read_products",
    "read_discounts",
)
STORAGE_HOST = "localhost"
# Items that a nested list holds on average: what an answer costs is near that, not what was asked.
_USUAL_NESTED = 3

_RANGE = re.compile(r"bytes=(?P<first>\d+)-(?P<last>\d+)")
_REFUSED = {
    "errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"
}


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Return a permanent token, an app's client credentials and first refresh token, plan, scopes.

    May be added: `bucket` (a size other than the plan's), `level_2` (see `sandbox_access.py`),
    `deleted_orders` and `merged_customers` (shares, see `sandbox_history.py`).
    """
    return {
        "access_token": f"shpat_{random_bytes(16).hex()}",
        "client_id": random_bytes(16).hex(),
        "client_secret": f"shpss_{random_bytes(16).hex()}",
        "refresh_token": f"shprt_{random_bytes(16).hex()}",
        "plan": "enterprise",
        "scopes": list(SCOPES),
    }


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the Airflow connection that reaches this sandbox."""
    return {
        "conn_type": "http",
        "host": host,
        "schema": "http",
        "port": port,
        "password": credentials["access_token"],
        # Another name of the same machine, as the storage host is another one than the shop's.
        "extra": {"bulk_host": f"{STORAGE_HOST}:{port}"},
    }


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Return the routes of the API."""
    api = _AdminApi(SandboxShop(market, clock, credentials), credentials)
    router = APIRouter()
    router.add_api_route(API_PATH, api.answer_query, methods=["POST"])
    router.add_api_route(TOKEN_PATH, api.give_token, methods=["POST"])
    router.add_api_route(FILES_PATH + "/{name}", api.give_file, methods=["GET"])
    return router


class Bucket:
    """Query points of one app and shop, `maximum` at most; refills in real time."""

    def __init__(
        self,
        restore_rate: float,
        maximum: float | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.restore_rate = restore_rate
        self.maximum = 20.0 * restore_rate if maximum is None else maximum
        self._now, self._points, self._at = now, self.maximum, now()

    def available(self) -> float:
        """Return the points in the bucket."""
        now = self._now()
        self._points = min(self.maximum, self._points + (now - self._at) * self.restore_rate)
        self._at = now
        return self._points

    def take(self, points: float) -> None:
        """Charge what a query really cost."""
        self._points = self.available() - points

    def status(self) -> dict[str, Any]:
        """Return `throttleStatus`."""
        return {
            "maximumAvailable": self.maximum,
            "currentlyAvailable": int(self.available()),
            "restoreRate": self.restore_rate,
        }


class _AdminApi:
    """Checks a request, prices it, and has the shop answer it."""

    def __init__(self, shop: SandboxShop, credentials: Mapping[str, Any]) -> None:
        self._shop = shop
        self._credentials = credentials
        self._bucket = Bucket(RESTORE_RATES[credentials["plan"]], credentials.get("bucket"))
        self._desk = TokenDesk(credentials)
        self._parsed: dict[str, Operation] = {}

    async def answer_query(self, request: Request) -> Response:
        """Answer one GraphQL request."""
        if not self._desk.is_known(request.headers.get("X-Shopify-Access-Token", "")):
            return _json(_REFUSED, 401)
        try:
            body = msgspec.json.decode(await request.body())
            variables = body.get("variables") or {}
            if errors := self._find_errors(str(body["query"]), variables):
                return _json({"errors": errors})
            operation = self._parse(str(body["query"]))
        except (msgspec.DecodeError, TypeError, KeyError):
            return _json({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        except QueryError as error:
            return _json({"errors": [error.payload]})
        self._shop.storage_origin = f"http://{STORAGE_HOST}:{request.url.port}"
        return self._execute(operation, variables)

    async def give_token(self, request: Request) -> Response:
        """Give a token for an app's client credentials or for a refresh token."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        return _json(*self._desk.give({name: values[0] for name, values in form.items()}))

    async def give_file(self, name: str, request: Request) -> Response:
        """Serve a bulk operation's file as the storage host does: signed, by ranges, no token."""
        data = self._shop.bulk.read_file(name, request.query_params.get("Signature", ""))
        if data is None or "X-Shopify-Access-Token" in request.headers:
            return Response(b"<Error><Code>AccessDenied</Code></Error>", 403)
        asked = _RANGE.fullmatch(request.headers.get("Range", ""))
        if asked is None:
            return Response(data, 200, media_type="application/jsonl")
        first, last = int(asked["first"]), min(int(asked["last"]), len(data) - 1)
        if first > last:
            return Response(b"", 416)
        headers = {"Content-Range": f"bytes {first}-{last}/{len(data)}"}
        return Response(data[first : last + 1], 206, headers, media_type="application/jsonl")

    def _find_errors(self, query: str, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return what Shopify's own schema has against a query, or against a bulk query in it."""
        errors = find_errors(query) or find_variable_errors(query, variables)
        if not errors and "bulkOperationRunQuery" in query:
            return find_errors(str(variables.get("query")))
        return errors

    def _parse(self, query: str) -> Operation:
        if query not in self._parsed:
            operation = parse_operation(query)
            check_query(operation.selection, operation.root)
            self._parsed[query] = operation
        return self._parsed[query]

    def _execute(self, operation: Operation, variables: Mapping[str, Any]) -> Response:
        selection, root = operation.selection, operation.root
        requested = price(selection, lambda field: _asked(field, variables), root)
        if requested > MAX_QUERY_COST:
            return _json({"errors": [_too_expensive(requested)]})
        if self._bucket.available() < requested:
            throttled = {
                "message": "Throttled",
                "extensions": {
                    "code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
            return _json({"errors": [throttled], **self._extensions(requested, None, [])})
        try:
            data, search = self._shop.answer(selection, variables, self._credentials["scopes"])
        except QueryError as error:
            self._bucket.take(1)
            return _json({"errors": [error.payload], **self._extensions(requested, 1, [])})
        orders = _page_length(data)
        actual = price(
            selection,
            lambda f: orders if f.name == "orders" else min(_asked(f, variables), _USUAL_NESTED),
            root,
        )
        self._bucket.take(actual)
        # The orders are encoded already: only the frame around them is put together here.
        tail = msgspec.json.encode(self._extensions(requested, actual, search))
        return _response(b'{"data":' + msgspec.json.encode(data) + b"," + tail[1:], 200)

    def _extensions(
        self, requested: int, actual: int | None, search: list[dict[str, Any]]
    ) -> dict[str, Any]:
        cost = {
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": self._bucket.status(),
        }
        return {"extensions": {"cost": cost, **({"search": search} if search else {})}}


def _asked(field: Field, variables: Mapping[str, Any]) -> int:
    size = resolve(field.arguments.get("first", field.arguments.get("last")), variables)
    return size if isinstance(size, int) else 1


def _page_length(data: Mapping[str, Any]) -> int:
    pages = (part for part in data.values() if isinstance(part, dict))
    return max((len(v) for part in pages for v in part.values() if isinstance(v, list)), default=1)


def _too_expensive(cost: int) -> dict[str, Any]:
    return {
        "message": f"Query cost is {cost}, which exceeds the single query max cost limit "
        f"({MAX_QUERY_COST}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": MAX_QUERY_COST,
            "documentation": "https://shopify.dev/api/usage/rate-limits",
        },
    }


def _json(document: Any, status: int = 200) -> Response:
    return _response(msgspec.json.encode(document), status)


def _response(body: bytes, status: int) -> Response:
    headers = {"X-Shopify-API-Version": API_VERSION}
    return Response(body, status, headers, media_type="application/json")
