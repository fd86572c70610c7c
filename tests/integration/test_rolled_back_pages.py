"""What the pages say after `publish rollback`: what is shown, what was taken back, how to go on."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from fastapi.testclient import TestClient
from page_marts import profile, publish

from include.pages import guard
from include.pages.app import build_app
from include.pages.reader import Reader
from tests.conftest import Warehouse


@pytest.fixture
def client(clean_warehouse: Warehouse) -> Iterator[TestClient]:
    """The pages of a warehouse with two publications, for somebody who may read everything."""
    transformer = clean_warehouse.dsn("transformer")
    publish(transformer, {"mart_campaign_profile": [profile("spring", as_of_date="2026-03-30")]})
    with psycopg.connect(transformer) as connection:
        connection.execute("create schema marts_v2")
        for number, day in ((1, "2026-03-30"), (2, "2026-03-31")):
            connection.execute(
                "insert into quality.measure_runs (day, as_of_date, run_id, status, version)"
                " values (%s, %s, %s, 'published', %s)",
                [day, day, f"r{number}", number],
            )
            connection.execute(
                "insert into quality.publications"
                " (version, measure_run_id, marts, as_of_date, is_current)"
                " select %s, max(measure_run_id), '{}', %s, false from quality.measure_runs",
                [number, day],
            )
    with psycopg.connect(clean_warehouse.dsn("loader")) as connection:
        connection.execute(
            "insert into quality.source_arrivals (source, day, run_id)"
            " values ('shopify', '2026-03-31', 'r')"
        )
    reader = Reader(lambda: clean_warehouse.dsn("ui_reader"))
    app = build_app(reader)
    for dependency in guard.PERMISSIONS:
        app.dependency_overrides[dependency] = lambda: None
    with TestClient(app, headers={"accept": "text/html"}) as client:
        yield client
    reader.close()


def show(warehouse: Warehouse, version: int) -> None:
    """Point readers at a version, as publishing and rolling back do."""
    with psycopg.connect(warehouse.dsn("transformer")) as connection:
        connection.execute("update quality.publications set is_current = false")
        connection.execute(
            "update quality.publications set is_current = true where version = %s", [version]
        )


def text_of(client: TestClient, path: str) -> str:
    return " ".join(client.get(path).text.split())


def test_a_version_taken_back_is_told_with_the_way_forward(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    show(clean_warehouse, 1)
    page = text_of(client, "/quality/publications")
    assert "rolled back from 2" in page
    assert "rollback --version 2" in page
    assert "No version before this one is kept." in page
    assert "was published in version 2, which was taken back" in page
    assert "has not been published yet" not in page
    told = "Version 2 was taken back: these are the figures of version 1."
    assert told in text_of(client, "/campaign")


def test_the_newest_version_offers_the_one_before_while_it_is_kept(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    show(clean_warehouse, 2)
    page = text_of(client, "/quality/publications")
    assert "Take it back to the version before" in page
    assert "--version" not in page
    assert "taken back" not in text_of(client, "/campaign")
    with psycopg.connect(clean_warehouse.dsn("transformer")) as connection:
        connection.execute("drop schema marts_v1 cascade")
    assert "No version before this one is kept." in text_of(client, "/quality/publications")
