"""A WooCommerce shop's REST API over the market's second shop, as it behaves on the wire.

Basic login, lists that page by position over orders that move, times in the shop's zone, amounts as
texts, the revenue report from the shop's own books.
"""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from fastapi import APIRouter, Request, Response

from include.sandbox.clock import Clock
from include.sandbox.market_facts import MarketOrder
from include.sandbox.market_second_shop import SecondShop, shop_order_id
from include.sandbox.world import Market
from include.sources.woocommerce.sandbox_lists import (
    Answered,
    Entry,
    Refusal,
    answer_list,
    choose,
)
from include.sources.woocommerce.sandbox_orders import (
    build_customer,
    build_order,
    build_refunds,
    refunds_of,
    status_of,
)
from include.sources.woocommerce.sandbox_report import answer_report

ROOT = "/wp-json"
REPORT = "wc-analytics/reports/revenue/stats"
# Coupons of the shop itself, beside those the plan gives to creators.
_SHOP_COUPONS = (("welcome10", Decimal("10"), False), ("freeship", Decimal(0), True))
# A theme's notice, as a server with display_errors prints it before the answer.
NOTICE = (
    b"<br />\n<b>Warning</b>:  Undefined array key &quot;sale[0]&quot; in "
    b"<b>/srv/www/wp-content/themes/glow/functions.php</b> on line <b>212</b><br />\n"
)


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Return a consumer key and secret.

    `has_notices` lets a test put PHP messages before every answer; `missing_routes` takes routes
    away that an older WooCommerce lacks.
    """
    return {
        "consumer_key": f"ck_{random_bytes(20).hex()}",
        "consumer_secret": f"cs_{random_bytes(20).hex()}",
        "has_notices": False,
        "missing_routes": [],
    }


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the Airflow connection that reaches this sandbox."""
    return {
        "conn_type": "http",
        "host": host,
        "schema": "http",
        "port": port,
        "login": credentials["consumer_key"],
        "password": credentials["consumer_secret"],
    }


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Return the routes of the shop."""
    api = _RestApi(lambda: market.second_shop, clock, credentials)
    router = APIRouter()
    for path in (ROOT, f"{ROOT}/{{path:path}}"):
        router.add_api_route(path, api.answer, methods=["GET"])
    return router


class _RestApi:
    """Checks the login and answers one path."""

    def __init__(
        self, shop: Callable[[], SecondShop], clock: Clock, credentials: Mapping[str, Any]
    ) -> None:
        self._find_shop, self._clock = shop, clock
        pair = f"{credentials['consumer_key']}:{credentials['consumer_secret']}"
        self._login = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self._before = NOTICE if credentials.get("has_notices") else b""
        self._missing = frozenset(credentials.get("missing_routes", ()))

    async def answer(self, request: Request, path: str = "") -> Response:
        """Answer one GET."""
        path, status, headers = path.strip("/"), 200, dict[str, str]()
        try:
            if path:  # the index is public
                self._check_login(request)
            document: Any = self._get(path, dict(request.query_params))
            if isinstance(document, Answered):
                document, headers = document.body, document.headers
        except Refusal as refusal:
            document, status = refusal.body, refusal.status
        body = self._before + json.dumps(document).encode()
        kind = "text/html; charset=UTF-8" if self._before else "application/json; charset=UTF-8"
        return Response(body, status, headers, media_type=kind)

    @property
    def _market(self) -> SecondShop:
        """The shop, which is simulated when somebody asks for it first."""
        return self._find_shop()

    def _check_login(self, request: Request) -> None:
        given = request.headers.get("Authorization", "")
        if not given:
            raise Refusal(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        if not hmac.compare_digest(given.encode(), self._login.encode()):
            raise Refusal(
                401, "woocommerce_rest_authentication_error", "Consumer secret is invalid."
            )

    def _get(self, path: str, params: Mapping[str, str]) -> Any:
        now = self._clock.now()
        if path in self._missing:
            raise _no_route()
        lists: dict[str, Callable[[dt.datetime], Iterator[Entry]]] = {
            "wc/v3/orders": self._orders,
            "wc/v3/refunds": self._refunds,
            "wc/v3/customers": self._customers,
            "wc/v3/coupons": self._coupons,
        }
        if path in lists:
            return answer_list(lists[path](now), params, self._market.timezone)
        if path == REPORT:
            return answer_report(self._market, params, now)
        if path == "wc/v3/data/currencies/current":
            return {"code": self._market.shop.currency}
        if path == "":
            return choose(self._site(now), params.get("_fields", "").split(","))
        parts = path.split("/")
        if parts[:3] == ["wc", "v3", "orders"] and parts[4:] == ["refunds"]:
            entries = (e for e in self._refunds(now) if e.build()["parent_id"] == int(parts[3]))
            answered = answer_list(entries, params, self._market.timezone)
            without = [{k: v for k, v in r.items() if k != "parent_id"} for r in answered.body]
            return Answered(without, answered.headers)
        raise _no_route()

    def _orders(self, now: dt.datetime) -> Iterator[Entry]:
        for order in self._market.orders_at(now):
            yield Entry(
                shop_order_id(order.number),
                order.created_at,
                order.updated_at,
                status_of(order),
                self._order_builder(order),
            )

    def _order_builder(self, order: MarketOrder) -> Callable[[], dict[str, Any]]:
        return lambda: build_order(order, self._market.timezone, self._market.shop)

    def _refunds(self, now: dt.datetime) -> Iterator[Entry]:
        for order in self._market.orders_at(now):
            built = build_refunds(order, self._market.timezone)
            for refund, document in zip(refunds_of(order), built, strict=True):
                at = refund.created_at
                yield Entry(document["id"], at, at, "completed", _giving(document))

    def _customers(self, now: dt.datetime) -> Iterator[Entry]:
        latest = {o.customer.customer_id: o for o in self._market.orders_at(now) if o.customer}
        for customer_id, order in latest.items():
            document = build_customer(order, self._market.timezone)
            yield Entry(customer_id, None, None, "any", _giving(document))

    def _coupons(self, now: dt.datetime) -> Iterator[Entry]:
        uses: dict[str, int] = {}
        for order in self._market.orders_at(now):
            for code in order.codes:
                uses[code.strip().lower()] = uses.get(code.strip().lower(), 0) + 1
        owned = [
            (code.code.lower(), (code.discount_rate or Decimal(0)) * 100, False)
            for creator in self._market.plan.creators
            for code in creator.codes
        ]
        for n, (code, amount, is_shipping) in enumerate([*_SHOP_COUPONS, *owned], start=1):
            document = {
                "id": n,
                "code": code,
                "status": "publish",
                "amount": f"{amount:.2f}",
                "discount_type": "fixed_cart" if is_shipping else "percent",
                "free_shipping": is_shipping,
                "date_created_gmt": "2026-01-01T00:00:00",
                "date_expires_gmt": None,
                "usage_count": uses.get(code, 0),
                "usage_limit": None,
                "usage_limit_per_user": None,
                "used_by": ["kim@mail.example"],
            }
            yield Entry(n, None, None, "publish", _giving(document))

    def _site(self, now: dt.datetime) -> dict[str, Any]:
        offset = now.astimezone(self._market.timezone).utcoffset() or dt.timedelta(0)
        return {
            "name": self._market.shop.name,
            "description": "",
            "url": self._market.shop.site,
            "home": self._market.shop.site,
            "gmt_offset": f"{offset / dt.timedelta(hours=1):g}",
            "timezone_string": self._market.shop.iana_timezone,
            "namespaces": ["wc/v3", "wc-analytics"],
            "routes": {},
        }


def _giving(document: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    return lambda: document


def _no_route() -> Refusal:
    message = "No route was found matching the URL and request method."
    return Refusal(404, "rest_no_route", message)
