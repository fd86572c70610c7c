"""The quality pages in a real browser and on the real stack: numbers, paging, logins, no leak."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlsplit

import psycopg
import pytest
import requests
from conftest import SCREENSHOTS, Watch
from playwright.sync_api import Page, expect

from include.services.environment import ADMIN_USER
from tests.e2e.finished_demo import FinishedDemo
from tests.integration.pages_client import Endpoint, endpoints

pytestmark = pytest.mark.ui

ROOT = "/groundswell/quality"
SECTIONS = (
    "loads",
    "rejects",
    "drift",
    "checks",
    "publications",
    "restatements",
    "alerts",
    "reviews",
)
HOSTILE_REASON = "<img src=x onerror=\"document.title='owned'\"> & <script>document.title='owned'"
# What a page could be asked with besides what its own forms and links hold.
HOSTILE = ("\x00", "' or 1=1 --", "<script>alert(1)</script>", "9" * 30, "-1", "../../etc/passwd")
REJECTS = 10_000


@pytest.fixture(scope="module")
def rejected(stack: FinishedDemo) -> Iterator[int]:
    """Ten thousand documents in quarantine, one of them hostile; its id."""
    with psycopg.connect(stack.dsn("loader")) as connection:
        connection.execute(
            """
            insert into quarantine.rejects (
                source, stream, connection_id, partition_key, load_id, run_id, record_key, reason,
                payload, landing_path, page_number
            )
            select
                'shopify', 'orders', 'shopify', '2026-11-19', 1, 'r', 'gid://shopify/Order/' || n,
                case when n = %(last)s then %(reason)s else 'Object lacks required field `id`' end,
                '{"email": "jane@example.test"}', 'shopify/shopify/orders/2026-11-19/r', 1
            from generate_series(1, %(last)s) as n
            """,
            {"last": REJECTS, "reason": HOSTILE_REASON},
        )
        row = connection.execute("select max(reject_id) from quarantine.rejects").fetchone()
    assert row is not None
    yield row[0]
    with psycopg.connect(stack.dsn("loader")) as connection:
        connection.execute("delete from quarantine.rejects where run_id = 'r'")


@pytest.fixture(scope="module")
def login(stack: FinishedDemo) -> dict[str, str]:
    """What a script sends that got its token from Airflow."""
    answer = requests.post(
        f"{stack.airflow_url}/auth/token",
        json={"username": ADMIN_USER, "password": stack.secrets.admin_password},
        timeout=30,
    )
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "text/html"}


def figure(page: Page, label: str) -> str:
    """Return a key figure by its label, without what is written below it."""
    shown = page.locator(".figure", has=page.locator("dt", has_text=re.compile(f"^{label}")))
    return str(shown.locator("dd").evaluate("dd => dd.firstChild.textContent.trim()"))


def save(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"quality-{name}.png", full_page=True)


def test_freshness_inside_airflow_is_the_warehouses(page: Page, stack: FinishedDemo) -> None:
    [(version, as_of)] = stack.query(
        "ui_reader", "select version, as_of_date from quality.publications where is_current"
    )
    page.goto("/plugin/data_quality")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Freshness of each source")).to_be_visible()
    expect(frame.locator(".figure").first).to_contain_text(f"version {version}")
    expect(frame.locator(".figure").first).to_contain_text(f"as of {as_of}")
    [(arrived,)] = stack.query(
        "ui_reader",
        "select count(*) from quality.source_arrivals where day ="
        " (select max(day) from quality.source_arrivals)",
    )
    expect(frame.locator("tbody .badge.good", has_text="arrived")).to_have_count(arrived)
    save(page, "in-airflow")


@pytest.mark.parametrize("section", SECTIONS)
def test_each_page_opens_in_light_and_dark(page: Page, section: str) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"{ROOT}/{section}")
        current = page.get_by_role("navigation", name="Data quality").locator("[aria-current=page]")
        expect(current).to_have_text(section.capitalize())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no sideways"
        save(page, f"{section}-{scheme}")


def test_loads_add_up_to_the_warehouses(page: Page, stack: FinishedDemo) -> None:
    [(windows, read, merged)] = stack.query(
        "ui_reader",
        "select count(*), sum(rows_read), sum(rows_merged) from quality.load_windows"
        " where source = 'shopify'",
    )
    page.goto(f"{ROOT}/loads")
    page.get_by_label("Source").select_option("shopify")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("source=shopify"))
    assert [figure(page, name) for name in ("Windows", "Read", "Merged")] == [
        f"{windows:,}",
        f"{read:,}",
        f"{merged:,}",
    ]
    streams = page.locator("#windows tbody th").all_inner_texts()
    assert streams
    assert all(name.startswith("shopify.") for name in streams)


def test_ten_thousand_rejects_are_paged_without_leaving(
    page: Page, rejected: int, login: dict[str, str], stack: FinishedDemo
) -> None:
    [(total,)] = stack.query(
        "ui_reader", "select count(*) from quarantine.rejects where resolved_at is null"
    )
    assert total >= REJECTS
    page.goto(f"{ROOT}/rejects")
    assert figure(page, "Waiting") == f"{total:,}"
    expect(page.locator("#rejects .pager")).to_contain_text(f"1–50 of {total:,}")
    before = page.evaluate("performance.timeOrigin")
    page.locator("#rejects").get_by_role("link", name="Next").click()
    expect(page.locator("#rejects .pager")).to_contain_text(f"51–100 of {total:,}")
    assert page.evaluate("performance.timeOrigin") == before, "only the table was exchanged"
    page.goto(f"{ROOT}/rejects?page=999999")
    expect(page.locator("#rejects .pager")).to_contain_text(f"–{total:,} of {total:,}")
    taken = []
    for number in (1, 100, 200):
        start = time.perf_counter()
        address = f"{stack.airflow_url}{ROOT}/rejects?page={number}"
        assert requests.get(address, headers=login, timeout=30).ok
        taken.append(time.perf_counter() - start)
    assert min(taken) < 1, taken
    save(page, "rejects-10000")


def test_a_hostile_reject_is_text_and_its_payload_stays_behind(page: Page, rejected: int) -> None:
    page.goto(f"{ROOT}/rejects/{rejected}")
    expect(page.locator(".reason")).to_have_text(HOSTILE_REASON)
    expect(page.locator("tbody tr").filter(has_text="$.email")).to_contain_text("17")
    command = "python -m include.replay shopify orders --connection shopify --rejects"
    expect(page.locator(".command")).to_have_text(command)
    assert "jane" not in page.content()
    assert "owned" not in page.title()
    save(page, "reject")


def test_an_expectation_leads_to_its_history_and_query(page: Page, stack: FinishedDemo) -> None:
    rows = stack.query(
        "ui_reader",
        "select result_id, failing_rows_sql from quality.expectation_results"
        " where suite = 'shopify' order by result_id desc limit 1",
    )
    page.goto(f"{ROOT}/checks?suite=shopify&outcome=all")
    page.locator("#results tbody th a").first.click()
    expect(page).to_have_url(re.compile(rf"/quality/checks/{rows[0][0]}$"))
    shown = page.locator("pre").inner_text()
    assert shown.split() == rows[0][1].split()
    expect(page.get_by_text("For the role loader in psql")).to_be_visible()


def test_a_run_opens_in_the_whole_window(page: Page) -> None:
    page.goto("/plugin/data_quality")
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Publications").click()
    frame.get_by_role("link", name="run", exact=True).first.click()
    page.wait_for_url(re.compile(r"/dags/measure_campaigns/runs/"))
    expect(page.get_by_text("publish_marts").first).to_be_visible()


def test_dbts_site_may_do_nothing_but_show_itself(
    page: Page, stack: FinishedDemo, watch: Watch
) -> None:
    site = stack.data_dir / "docs" / "index.html"
    built = site.read_bytes() if site.exists() else None
    page.goto("/groundswell/docs")
    if built is None:
        expect(page.get_by_role("heading", name="Not built yet")).to_be_visible()
    site.parent.mkdir(exist_ok=True)
    try:
        site.write_text(PROBING_SITE)
        page.goto("/groundswell/docs?model=mart_funnel")
        found = page.frame_locator("iframe").locator("#found")
        expect(found).to_have_text("cookies: no, parent: no, requests: no, at mart_funnel")
    finally:
        site.unlink() if built is None else site.write_bytes(built)
    # The browser says that it refused what the probe tried.
    watch.errors.clear()


PROBING_SITE = """<!doctype html><p id="found"></p><script>
const tried = (name, act) => {
  try { act(); return name + ": yes"; } catch { return name + ": no"; }
};
const told = [
  tried("cookies", () => document.cookie), tried("parent", () => parent.document.title),
];
fetch("/api/v2/dags").then(() => "requests: yes", () => "requests: no").then((asked) => {
  const model = location.hash.split(".").pop();
  document.querySelector("#found").textContent = [...told, asked, "at " + model].join(", ");
});
</script>"""


def addresses(stack: FinishedDemo) -> list[tuple[Endpoint, str]]:
    """Return every endpoint of the pages with an address that exists here."""
    [(result,)] = stack.query("ui_reader", "select max(result_id) from quality.expectation_results")
    values = {"result_id": str(result)}
    found = [e for e in endpoints() if e.prefix == "/groundswell"]
    return [(e, stack.airflow_url + e.address(values)) for e in found]


def choices_of(html: str) -> set[str]:
    """Return the names of the choices a page offers in its forms and links."""
    names = set(re.findall(r'<(?:select|input)[^>]* name="([^"]+)"', html))
    for link in re.findall(r'href="([^"]*\?[^"]*)"', html):
        names |= {name for name, _ in parse_qsl(urlsplit(link.replace("&amp;", "&")).query)}
    return names - {"v"}


def test_every_endpoint_of_the_running_server_wants_a_login(stack: FinishedDemo) -> None:
    for endpoint, address in addresses(stack):
        answer = requests.get(address, timeout=30)
        assert answer.status_code == 401, endpoint.name
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], endpoint.name


def test_no_choice_breaks_a_page_of_the_running_server(
    stack: FinishedDemo, login: dict[str, str], rejected: int
) -> None:
    token = login["Authorization"].split()[1]
    for endpoint, address in addresses(stack):
        page = requests.get(address, headers=login, timeout=60)
        assert page.status_code in (200, 404), endpoint.name
        assert token not in page.text + str(page.headers)
        names = choices_of(page.text) | {f.alias for f in endpoint.route.dependant.query_params}
        for name in sorted(names):
            for value in HOSTILE:
                asked = f"{address}?{name}={quote(value, safe='')}"
                answer = requests.get(asked, headers=login, timeout=60)
                assert answer.status_code in (200, 404, 422), f"{asked}: {answer.status_code}"
                assert "<script>alert" not in answer.text, asked
