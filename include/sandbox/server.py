"""One web application for all sandboxed APIs: their routers, the virtual `Date`, and the control.

A router comes from each `include/sources/<name>/sandbox.py`, its bad days from `FAULTS` there or in
a `sandbox_faults.py` beside it. The control lies under `/_control/`:

    POST /_control/clock    {"at": "2026-11-15T08:00:00Z"} or {"run": true, "offset_seconds": 0};
                            answers when the files of that time are written too, which
                            "writes_files": false leaves to a later order
    POST /_control/faults   {"throttle": 0.05, "seed": 11}: exactly these; {} turns all off;
                            answers when the files are spoiled, or healed, too
    GET  /_control/faults   names, meanings, who plays them, what is on
    GET  /_control/truth    ?until=2026-11-14
    GET  /_control/health   the only one without a key

The others want the header `X-Control-Key`. The truth exists in this process's memory alone.
"""

from __future__ import annotations

import datetime as dt
import hmac
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, model_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import include.sources
from include.sandbox.clock import Clock
from include.sandbox.faults import ProtocolFault, Switchboard
from include.sandbox.faults_market import with_faults
from include.sandbox.faults_transport import SKEW, FaultLayer
from include.sandbox.file_drop import FileDrop
from include.sandbox.world import Market


def discover_sandboxes() -> dict[str, ModuleType]:
    """Import every source's `sandbox.py`; source names to modules, sorted."""
    return _discover("sandbox")


def discover_faults() -> dict[str, Mapping[str, ProtocolFault]]:
    """Gather what each source declares in `FAULTS`; source names to name and function."""
    found: dict[str, Mapping[str, ProtocolFault]] = {}
    apart = _discover("sandbox_faults")
    for name, module in discover_sandboxes().items():
        own = getattr(apart.get(name), "FAULTS", {})
        found[name] = {**getattr(module, "FAULTS", {}), **own}
    return found


def _discover(kind: str) -> dict[str, ModuleType]:
    found = {}
    for folder in pkgutil.iter_modules(include.sources.__path__):
        name = f"include.sources.{folder.name}"
        if folder.ispkg and importlib.util.find_spec(f"{name}.{kind}") is not None:
            found[folder.name] = importlib.import_module(f"{name}.{kind}")
    return dict(sorted(found.items()))


def create_app(
    market: Market,
    clock: Clock,
    credentials: Mapping[str, Mapping[str, Any]],
    control_key: str,
    files: Path | None = None,
) -> FastAPI:
    """Build the application.

    credentials: per source what its `make_credentials` made; sources without are not served.
    files: folder for what sources read from folders; without one no file is written.
    """
    app = FastAPI(title="Groundswell sandbox", docs_url=None, redoc_url=None, openapi_url=None)
    board = Switchboard(clock, discover_faults())
    shown = with_faults(market, board)
    sandboxes = discover_sandboxes()
    write_files = _write_nothing
    if files is not None:
        drop = FileDrop(shown, clock, files, sandboxes, credentials, board)
        drop.start()
        write_files = drop.write
    app.include_router(build_control(market, clock, control_key, board, write_files))
    routes = {}
    for name, module in sandboxes.items():
        if name in credentials:
            router = module.build_router(shown, clock, credentials[name])
            routes[name] = list(router.routes)
            app.include_router(router)
    app.add_middleware(FaultLayer, board=board, routes=routes)
    # Added last, it is the outer one: answers that a fault made up get their Date too.
    app.add_middleware(VirtualDate, clock=clock)
    return app


def _write_nothing() -> None:
    """Stand for the folders of a sandbox that writes none."""


class VirtualDate:
    """Put the virtual clock's `Date` on every answer; the web server itself must send none."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app, self._clock = app, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                now = self._clock.now() + scope.get(SKEW, dt.timedelta(0))
                date = format_datetime(now, usegmt=True).encode()
                others = [pair for pair in message.get("headers", []) if pair[0] != b"date"]
                message = {**message, "headers": [*others, (b"date", date)]}
            await send(message)

        await self._app(scope, receive, send_dated if scope["type"] == "http" else send)


class ClockOrder(BaseModel):
    """What the clock shall do: hold `at` an instant, or `run`.

    writes_files: whether folders are brought to that time as well; it takes a tenth of a second.
    """

    model_config = ConfigDict(extra="forbid")

    at: dt.datetime | None = None
    run: bool = False
    offset_seconds: float | None = None
    writes_files: bool = True

    @model_validator(mode="after")
    def _check(self) -> ClockOrder:
        if (self.at is None) != self.run:
            raise ValueError('allowed: {"at": instant} or {"run": true, "offset_seconds": 0}')
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError("at has no time zone; allowed: 2026-11-15T08:00:00Z")
        return self


def build_control(
    market: Market,
    clock: Clock,
    control_key: str,
    board: Switchboard,
    write_files: Callable[[], None],
) -> APIRouter:
    """Return the control's routes; all but `health` answer 403 without the key.

    write_files: brings the folders to the clock's time and to the faults that are on.
    """

    def check_key(x_control_key: Annotated[str, Header()] = "") -> None:
        if not hmac.compare_digest(x_control_key.encode(), control_key.encode()):
            raise HTTPException(403, "X-Control-Key is missing or wrong")

    def set_clock(order: ClockOrder) -> dict[str, Any]:
        if order.at is not None:
            clock.hold(order.at)
        else:
            seconds = order.offset_seconds
            clock.run(None if seconds is None else dt.timedelta(seconds=seconds))
        if order.writes_files:
            write_files()
        return health()

    def set_faults(settings: dict[str, float]) -> dict[str, Any]:
        try:
            board.set(settings)
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        write_files()
        return board.describe()

    def truth(until: dt.date) -> dict[str, Any]:
        return market.truth(until)

    def health() -> dict[str, Any]:
        return {
            "now": clock.now().isoformat(),
            "is_running": clock.is_running,
            "campaign_id": market.plan.campaign.id,
            "start_date": market.start_date.isoformat(),
            "last_day": market.plan.campaign.end_date.isoformat(),
        }

    router = APIRouter(prefix="/_control")
    router.add_api_route("/health", health, methods=["GET"])
    keyed = [Depends(check_key)]
    router.add_api_route("/clock", set_clock, methods=["POST"], dependencies=keyed)
    router.add_api_route("/faults", set_faults, methods=["POST"], dependencies=keyed)
    router.add_api_route("/faults", board.describe, methods=["GET"], dependencies=keyed)
    router.add_api_route("/truth", truth, methods=["GET"], dependencies=keyed)
    return router
