"""One small real stack and one browser for all tests of the pages.

The demo runs once on the campaign's last days; its data directory goes with the session. Every page
is watched: a request to another host and an error in the console fail the test that caused them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from page_watch import HOSTILE_CAPTION, HOSTILE_NAME, Watch
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from include.airflow_api import AirflowApi
from include.pages import guard
from include.pages.app import build_app
from include.pages.reader import Reader
from include.services.environment import ADMIN_USER, VIEWER_USER
from include.settings import REPO_ROOT
from tests.conftest import Warehouse
from tests.e2e.finished_demo import FinishedDemo, finished_demo

# Enough days for orders of most creators, few enough for the stack to be up in two minutes.
DAYS = 4
# What a busy machine takes to answer; a page that is ready sooner waits for nothing.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SCREENSHOTS = REPO_ROOT / ".data" / "screenshots"


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[FinishedDemo]:
    """A finished demo whose Airflow answers; one creator and one caption are hostile."""
    with finished_demo(tmp_path_factory.mktemp("ui") / "data", free_ports, DAYS) as demo:
        _make_hostile(demo)
        yield demo


def _make_hostile(demo: FinishedDemo) -> None:
    """Name the creator of the least revenue as markup in the published tables, and a caption."""
    with psycopg.connect(demo.dsn("transformer")) as connection:
        (version,) = connection.execute(
            "select max(version) from quality.publications where is_current"
        ).fetchone() or (None,)
        (creator_id,) = connection.execute(
            "select creator_id from marts.mart_creator_scorecard "
            "order by net_revenue_amount, creator_id limit 1"
        ).fetchone() or (None,)
        tables = connection.execute(
            "select table_name from information_schema.columns "
            "where table_schema = %s and column_name = 'creator_name'",
            [f"marts_v{version}"],
        ).fetchall()
        for (table,) in tables:
            connection.execute(
                f"update marts_v{version}.{table} set creator_name = %s where creator_id = %s",
                [HOSTILE_NAME, creator_id],
            )
        connection.execute(
            f"update marts_v{version}.mart_content_performance set caption = %s "
            "where post_id = (select post_id from marts.mart_content_performance "
            "order by views_count desc nulls last limit 1)",
            [HOSTILE_CAPTION],
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; nothing is downloaded."""
    if not Path(CHROMIUM).exists():
        pytest.fail(
            f"there is no Chromium at {CHROMIUM}; apt-get install chromium, or set CHROMIUM"
        )
    with sync_playwright() as playwright:
        arguments = ["--disable-gpu", "--disable-background-networking", "--disable-sync"]
        # Chromium's sandbox refuses to run as root.
        arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


def log_in(stack: FinishedDemo, browser: Browser, user: str, password: str) -> dict[str, object]:
    """Return the cookies of a person who logged in through Airflow's own form."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(stack.airflow_url)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/auth/login" not in url)
    page.get_by_role("link", name="Dags").first.wait_for()
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture(scope="session")
def session_state(stack: FinishedDemo, browser: Browser) -> dict[str, object]:
    """The cookies of the admin."""
    return log_in(stack, browser, ADMIN_USER, stack.secrets.admin_password)


@pytest.fixture(scope="session")
def api(stack: FinishedDemo) -> AirflowApi:
    """Airflow's REST API, as the admin."""
    return AirflowApi.login(stack.airflow_url, ADMIN_USER, stack.secrets.admin_password)


@pytest.fixture(scope="session")
def viewer_state(stack: FinishedDemo, browser: Browser) -> dict[str, object]:
    """The cookies of the login that may only look."""
    return log_in(stack, browser, VIEWER_USER, stack.secrets.viewer_password)


@pytest.fixture
def watch() -> Watch:
    """What the test's page did."""
    return Watch()


@pytest.fixture
def context(
    stack: FinishedDemo, browser: Browser, session_state: dict[str, object], watch: Watch
) -> Iterator[BrowserContext]:
    """A logged-in browser; afterwards nothing left the machine and nothing went wrong in it."""
    context = browser.new_context(
        base_url=stack.airflow_url,
        storage_state=session_state,  # type: ignore[arg-type]
        viewport={"width": 1320, "height": 900},
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE)
    context.on("page", watch.on)
    yield context
    context.close()
    own = urlsplit(stack.airflow_url).netloc
    assert watch.hosts - {own, ""} == set(), "requests to other hosts"
    assert watch.errors == [], "errors in the console"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page of the logged-in browser."""
    return context.new_page()


@pytest.fixture
def viewer(
    stack: FinishedDemo, browser: Browser, viewer_state: dict[str, object]
) -> Iterator[Page]:
    """A page of somebody who may only look. What Airflow refuses, the console calls an error."""
    context = browser.new_context(
        base_url=stack.airflow_url,
        storage_state=viewer_state,  # type: ignore[arg-type]
        viewport={"width": 1320, "height": 900},
    )
    context.set_default_timeout(PATIENCE)
    seen = Watch()
    context.on("page", seen.on)
    yield context.new_page()
    context.close()
    assert seen.hosts - {urlsplit(stack.airflow_url).netloc, ""} == set(), "other hosts"
    assert [error for error in seen.errors if "403" not in error] == []


@pytest.fixture
def address(
    clean_warehouse: Warehouse,
    free_ports: Callable[[int], list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The pages without a stack, mounted as in Airflow, for somebody who may read everything."""
    # Not what was built in this checkout: its documentation has a page that says so.
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    reader = Reader(lambda: clean_warehouse.dsn("ui_reader"))
    pages = build_app(reader)
    for dependency in guard.PERMISSIONS:
        pages.dependency_overrides[dependency] = lambda: None
    app = FastAPI()
    app.mount("/groundswell", pages)
    [port] = free_ports(1)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/groundswell"
    server.should_exit = True
    thread.join()
    reader.close()


@pytest.fixture
def lone_page(browser: Browser, address: str) -> Iterator[Page]:
    """A page beside `address` that asks no other host and writes nothing to the console."""
    context = browser.new_context(viewport={"width": 1320, "height": 900})
    watch = Watch()
    context.on("page", watch.on)
    yield context.new_page()
    context.close()
    assert {host.partition(":")[0] for host in watch.hosts} <= {"127.0.0.1", ""}
    assert watch.errors == []


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Where screenshots go, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS
