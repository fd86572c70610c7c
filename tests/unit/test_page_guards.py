"""Nothing of the pages is served without a permission, and nothing but reads."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from include.errors import InvalidSettings
from include.pages import guard
from include.pages.app import build_app
from include.pages.reader import Reader


def no_warehouse() -> str:
    raise AssertionError("building the pages opens no connection")


def test_every_endpoint_names_its_permission_and_only_reads() -> None:
    app = build_app(Reader(no_warehouse))
    found = {
        route.path: guard.permission_of(route)
        for route in app.routes
        if isinstance(route, APIRoute)
    }
    assert len(found) == len(app.routes)
    assert found["/campaign"] == "can read on DAG:measure_campaigns"
    assert found["/campaign/{table}.csv"] == "can read on DAG:measure_campaigns"
    assert found["/static/{name}"] == "can read on Website"
    assert all(found.values())


def test_an_endpoint_without_a_permission_keeps_the_pages_from_starting() -> None:
    router = APIRouter()
    router.add_api_route("/open", no_warehouse)
    with pytest.raises(InvalidSettings, match="/open names no permission; allowed: can read"):
        guard.check_guarded(router.routes)


def test_an_endpoint_that_writes_keeps_them_from_starting_too() -> None:
    router = APIRouter()
    router.add_api_route("/do", no_warehouse, methods=["POST"], dependencies=[guard.READ_CAMPAIGNS])
    with pytest.raises(InvalidSettings, match=r"/do takes \['POST'\]; allowed: GET"):
        guard.check_guarded(router.routes)


def test_a_mounted_folder_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="cannot be guarded"):
        guard.check_guarded([object()])
