"""The application Airflow mounts: routers, errors as pages, headers."""

from __future__ import annotations

import http
import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from include.errors import Unavailable
from include.pages import campaign, dbt_docs, quality, static_files
from include.pages.guard import check_guarded
from include.pages.reader import Reader
from include.pages.rendering import SECURITY_HEADERS, render

log = logging.getLogger(__name__)

ROUTERS = (campaign.router, quality.router, dbt_docs.router, static_files.router)
_ADVICE = {
    401: "Log in to Airflow in this browser, then open the page again.",
    403: "Your Airflow role may not read this page; an administrator can give you the permission.",
    404: "The address may be mistyped, or the campaign may have another name now.",
    422: "A choice in the address is not allowed; start again from the navigation.",
    503: "What was published stays as it is. Try again in a minute; if it goes on, see whether "
    "Postgres runs (make status).",
}


def build_app(reader: Reader) -> FastAPI:
    """Return the pages' application, reading through `reader`.

    Raise `InvalidSettings` when an endpoint names no permission or does more than read.
    """
    # Airflow's docs of its own API would show these pages to anybody.
    app = FastAPI(title="Groundswell", docs_url=None, redoc_url=None, openapi_url=None)
    for router in ROUTERS:
        app.include_router(router)
    check_guarded(app.routes)
    app.state.reader = reader
    app.middleware("http")(_add_headers)
    app.add_exception_handler(HTTPException, _show_http_error)
    app.add_exception_handler(RequestValidationError, _show_bad_request)
    app.add_exception_handler(Unavailable, _show_unavailable)
    return app


async def _add_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _show_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _message(request, error.status_code, str(error.detail))


def _show_bad_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()[0]
    return _message(request, 422, f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}")


def _show_unavailable(request: Request, error: Exception) -> Response:
    log.warning("a page could not be read: %s", error, exc_info=error)
    return _message(request, 503, str(error))


def _message(request: Request, status: int, detail: str) -> Response:
    """Answer a browser with a page, a script with JSON as Airflow's own API does."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": detail}, status_code=status)
    context = {
        "heading": http.HTTPStatus(status).phrase,
        "detail": detail,
        "advice": _ADVICE.get(status, ""),
        # Style sheets need a login as well: without one the page stands on its own.
        "layout": "bare.html" if status in (401, 403) else "base.html",
    }
    return render(request, "message.html", context, status_code=status)
