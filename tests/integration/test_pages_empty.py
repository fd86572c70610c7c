"""Every page before anything was loaded and after a failed publication; lists page by page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from include.pages import quality_rejects
from include.pages.quality_slices import PAGE_ROWS
from include.pages.reader import Reader
from include.warehouse.connection import connect
from tests.integration import quality_rows
from tests.integration.pages_client import api_server, endpoints, token_of

PAGES = [e for e in endpoints() if e.prefix == "/groundswell" and "{" not in e.route.path]


@pytest.fixture
def browser(clean_warehouse, tmp_path) -> Iterator[TestClient]:
    """A viewer's browser on a warehouse without a row."""
    with api_server(clean_warehouse, tmp_path) as client:
        client.headers.update(
            {"Accept": "text/html", "Authorization": f"Bearer {token_of('viewer')}"}
        )
        yield client


def test_every_page_opens_before_anything_was_loaded(browser: TestClient) -> None:
    shown: dict[str, int] = {e.name: browser.get(e.address()).status_code for e in PAGES}
    # A file that is not there yet; the page that leads to it says so.
    files = {"/groundswell/docs/site"}
    assert {name for name, status in shown.items() if status == 404} == files
    assert {status for name, status in shown.items() if name not in files} == {200}


FIRST_WORDS = (
    ("quality", "nothing yet"),
    ("quality/loads", "Nothing was loaded yet"),
    ("quality/rejects", "every document fitted its record"),
    ("quality/drift", "Nothing was loaded yet"),
    ("quality/checks", "Nothing was checked yet"),
    ("quality/publications", "Nothing has been published yet"),
    ("quality/restatements", "restatements begin with the second publication"),
    ("quality/alerts", "No alert is open"),
    ("quality/reviews", "No review has been written yet"),
    ("docs", "make docs"),
)


def test_an_empty_page_says_what_brings_its_first_rows(browser: TestClient) -> None:
    for page, text in FIRST_WORDS:
        assert text in browser.get(f"/groundswell/{page}").text, page


def test_a_failed_publication_leaves_the_version_before_in_sight(
    browser: TestClient, clean_warehouse
) -> None:
    now = dt.datetime.now(dt.UTC)
    day = (now - dt.timedelta(days=1)).date().isoformat()
    with connect(clean_warehouse.admin_dsn) as admin:
        quality_rows.add_run(
            admin, "2026-01-01", "published", now - dt.timedelta(days=1), version=4
        )
        quality_rows.add_run(admin, day, "failed", now - dt.timedelta(hours=1))
        quality_rows.add_result(
            admin,
            "marts",
            day,
            success=False,
            severity="critical",
            run_id=f"asset_triggered__{day}",
            checked_at=now - dt.timedelta(minutes=59),
        )
    fresh = " ".join(browser.get("/groundswell/quality").text.split())
    assert "The last measure run failed" in fresh
    assert f"Run 2, which measured {day}, ended" in fresh
    assert (
        "published nothing: 1 critical check of the new marts failed. Readers keep version 4"
        in (fresh)
    )
    assert f"/dags/measure_campaigns/runs/asset_triggered__{day}" in fresh
    with connect(clean_warehouse.admin_dsn) as admin:
        quality_rows.add_run(admin, day, "published", now, version=5)
    assert "last measure run" not in browser.get("/groundswell/quality").text.lower()
    shown = browser.get("/groundswell/quality/publications").text
    assert "1 critical check of the new marts failed" in shown
    assert "version 4" in shown
    assert "version 5" in shown
    assert f"suite=marts&amp;day={day}&amp;severity=critical" in shown


def test_a_plan_that_cannot_be_read_leaves_the_pages_open(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("GROUNDSWELL_CAMPAIGNS_DIR", str(tmp_path))
    answer = browser.get("/groundswell/quality")
    assert answer.status_code == 200
    assert "Times are UTC" in answer.text


def test_the_built_site_is_shown_in_a_frame_without_rights(browser: TestClient, tmp_path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "index.html").write_text("<p>every model</p>")
    frame = browser.get("/groundswell/docs?model=mart_funnel")
    assert (
        'src="/groundswell/docs/site#!/model/model.groundswell.mart_funnel" '
        'title="dbt documentation" sandbox="allow-scripts"' in frame.text
    )
    assert "frame-src 'self'" in frame.headers["Content-Security-Policy"]
    site = browser.get("/groundswell/docs/site")
    assert site.text == "<p>every model</p>"
    assert site.headers["Content-Security-Policy"].startswith("sandbox allow-scripts; default-src")
    again = browser.get("/groundswell/docs/site", headers={"If-None-Match": site.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")
    assert browser.get("/groundswell/docs?model=../x").status_code == 422


def test_pages_of_a_list(clean_warehouse):
    with connect(clean_warehouse.admin_dsn) as admin:
        quality_rows.add_many_rejects(admin, 2 * PAGE_ROWS + 1)
    reader = Reader(lambda: clean_warehouse.dsn("ui_reader"))
    with reader.snapshot() as found:
        last = quality_rejects.read_rejects(found, number=99)
        middle = quality_rejects.read_rejects(found, number=2)
        none = quality_rejects.read_rejects(found, source="ga4", number=5)
    reader.close()
    assert (last.number, last.first, last.last, last.total) == (3, 101, 101, 101)
    assert [row["reject_id"] for row in middle.rows] == list(range(51, 1, -1))
    assert (none.number, none.pages, none.first, none.last, none.total) == (1, 1, 0, 0, 0)
