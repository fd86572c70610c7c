"""The ECB's two files at the clock's time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

from fastapi import APIRouter, Response

from include.sandbox.clock import Clock
from include.sandbox.world import Market
from include.sources.exchange_rates.client import DAILY_PATH, HISTORY_PATH
from include.sources.exchange_rates.sandbox_rates import published_days, rates_of

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" '
    'xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">\n'
    "\t<gesmes:subject>Reference rates</gesmes:subject>\n"
    "\t<gesmes:Sender>\n\t\t<gesmes:name>European Central Bank</gesmes:name>\n\t</gesmes:Sender>\n"
)
_HISTORY_DAYS = 90


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Return nothing: the files are public."""
    return {}


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the Airflow connection that reaches this sandbox."""
    return {"conn_type": "http", "host": host, "schema": "http", "port": port}


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Return the routes of the two files."""
    router = APIRouter()

    async def daily() -> Response:
        # Ten days back always hold a business day.
        return _answer(market.seed, published_days(clock.now(), 10)[:1])

    async def history() -> Response:
        return _answer(market.seed, published_days(clock.now(), _HISTORY_DAYS))

    router.add_api_route(DAILY_PATH, daily, methods=["GET"])
    router.add_api_route(HISTORY_PATH, history, methods=["GET"])
    return router


def _answer(seed: int, days: list[Any]) -> Response:
    cubes = []
    for day in days:
        rates = "".join(
            f"\t\t\t<Cube currency={quoteattr(currency)} rate={quoteattr(str(rate))}/>\n"
            for currency, rate in rates_of(seed, day).items()
        )
        cubes.append(f"\t\t<Cube time={quoteattr(f'{day}')}>\n{rates}\t\t</Cube>\n")
    body = f"{_HEAD}\t<Cube>\n{''.join(cubes)}\t</Cube>\n</gesmes:Envelope>"
    return Response(body, media_type="text/xml")
