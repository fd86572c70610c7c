"""Landing pages are asked on the shop's own site; what leads elsewhere is no answer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import requests

from include.campaigns.__main__ import main
from include.campaigns.page_answers import ask_pages, pages_of
from include.campaigns.plan import CampaignPlan, load_plan
from include.campaigns.schedule import default_folder
from include.errors import InvalidSettings, UnsafeAddress
from include.settings import REPO_ROOT
from tests.fakes.answers import Answers, answer

SITE = "https://shop.example"
NOW = dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def plan() -> CampaignPlan:
    return load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")


def ask(*answers: object, path: str = "/maya") -> tuple[bool, str]:
    wire = Answers(*answers)  # type: ignore[arg-type]
    (found,) = ask_pages(SITE, [("shopify", path)], NOW, wire)
    assert (found.connection_id, found.landing_path, found.asked_at) == ("shopify", path, NOW)
    return found.is_answering, found.answer


def redirect(location: str) -> object:
    return answer(b"", 302, {"Location": location})


def test_a_page_that_shows_itself_answers() -> None:
    assert ask(answer(b"<html>Maya</html>")) == (True, "HTTP 200")


def test_html_is_asked_for_once_and_without_a_login() -> None:
    wire = Answers(answer(b"<html>"))
    ask_pages(SITE, [("shopify", "/maya")], NOW, wire)
    (request,) = wire.requests
    assert (request.method, request.url) == ("GET", "https://shop.example/maya")
    assert request.headers["Accept"].startswith("text/html")
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
def test_an_error_is_no_answer_and_is_not_asked_again(status: int) -> None:
    assert ask(answer(b"gone", status)) == (False, f"HTTP {status}")


def test_a_page_that_moved_within_the_site_answers() -> None:
    assert ask(redirect("/pages/maya"), answer(b"<html>")) == (True, "HTTP 200")


@pytest.mark.parametrize(
    ("location", "words"),
    [("/", "it leads to /"), ("/password", "it leads to /password"), (SITE, "it leads to /")],
)
def test_the_front_page_or_a_password_in_its_place_is_no_answer(location: str, words: str) -> None:
    assert ask(redirect(location), answer(b"<html>")) == (False, words)


def test_another_site_is_never_asked() -> None:
    for target in ("https://evil.example/maya", "http://127.0.0.1/maya", "//evil.example"):
        is_answering, words = ask(redirect(target))
        assert not is_answering
        assert words.startswith("it leads to another site")


def test_a_site_that_is_down_does_not_hide_the_next_page() -> None:
    wire = Answers(requests.ConnectionError("no route"), answer(b"<html>"))
    found = ask_pages(SITE, [("shopify", "/maya"), ("shopify", "/sofia")], NOW, wire)
    assert [(a.landing_path, a.is_answering, a.answer) for a in found] == [
        ("/maya", False, "it cannot be reached"),
        ("/sofia", True, "HTTP 200"),
    ]


@pytest.mark.parametrize("site", ["https://shop.example/shop", "https://shop.example?x=1"])
def test_a_site_is_an_address_alone(site: str) -> None:
    with pytest.raises(InvalidSettings, match="address alone"):
        ask_pages(site, [], NOW)


def test_plain_http_is_refused() -> None:
    with pytest.raises(UnsafeAddress, match="plain http"):
        ask_pages("http://shop.example", [], NOW)


def test_todays_pages_are_those_of_the_plan_in_its_own_zone(plan: CampaignPlan) -> None:
    """All four begin on 15 September in New York, which is 04:00 UTC."""
    begin = dt.datetime(2026, 9, 15, 4, tzinfo=dt.UTC)
    assert pages_of([plan], None, begin - dt.timedelta(seconds=1)) == []
    pages = pages_of([plan], None, begin)
    assert ("shopify", "/maya") in pages
    assert len(pages) == 4
    assert pages_of([plan], "woocommerce", begin) == pages, "kept under the main shop"
    assert pages_of([plan], "elsewhere", begin) == []


def test_the_command_says_what_is_wrong_with_the_site(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["pages", "http://shop.example", str(default_folder())]) == 1
    assert "plain http" in capsys.readouterr().err
