"""Fixture `client`: the campaign page for somebody who may read everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from include.pages import guard
from include.pages.app import build_app
from include.pages.reader import Reader
from tests.conftest import Warehouse


@pytest.fixture
def client(clean_warehouse: Warehouse) -> Iterator[TestClient]:
    """The pages for somebody who may read everything."""
    reader = Reader(lambda: clean_warehouse.dsn("ui_reader"))
    app = build_app(reader)
    for dependency in guard.PERMISSIONS:
        app.dependency_overrides[dependency] = lambda: None
    with TestClient(app, headers={"accept": "text/html"}) as client:
        yield client
    reader.close()
