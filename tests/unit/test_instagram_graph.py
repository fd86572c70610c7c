"""Instagram: what the Graph API's errors and usage headers mean, cursors, page sizes, pacing."""

from __future__ import annotations

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any

import pytest

from include.errors import BadCredentials, RateLimited, Truncated
from include.http.answer import ACCEPT
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.instagram import graph

NOW = dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)
WINDOW = Window(start=NOW - dt.timedelta(days=1), end=NOW, key="2026-11-04")


class ScriptedSession:
    """Answers requests from a list of documents, errors or (document, headers)."""

    def __init__(self, *answers: Any) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.slept: list[float] = []
        self._answers = list(answers)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
        self.asked.append((path, params))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        document, headers = answer if isinstance(answer, tuple) else (answer, {})
        return Page(b"", 200, NOW, "api", {}, headers, document)


def open_graph(session: Any, password: str | None = "EAAG-token") -> graph.Graph:
    connection = Connection(conn_id="instagram__brand", password=password)
    return graph.Graph(FetchContext(connection=connection, session=session, window=WINDOW))


def answer(
    code: int,
    message: str = "(#%d) message",
    *,
    subcode: int | None = None,
    status: int = 400,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Any:
    error = {"message": message % code if "%d" in message else message, "code": code, **more}
    if subcode is not None:
        error["error_subcode"] = subcode
    return SimpleNamespace(
        conn_id="instagram__brand",
        status_code=status,
        document={"error": {"type": "OAuthException", "fbtrace_id": "A", **error}},
        headers=headers or {},
    )


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001, 80002, 80008])
@pytest.mark.parametrize("status", [400, 403])
def test_throttling_waits_the_minutes_the_header_names(code: int, status: int) -> None:
    usage = {"1784": [{"type": "instagram", "estimated_time_to_regain_access": 19}]}
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    error = graph.classify(answer(code, status=status, headers=headers))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 19 * 60


def test_throttling_without_a_named_time_leaves_the_wait_to_the_session() -> None:
    error = graph.classify(answer(4, is_transient=True))
    assert isinstance(error, RateLimited)
    assert error.retry_after is None


@pytest.mark.parametrize(
    ("answered", "kind"),
    [
        (answer(341), "RateLimited"),
        (answer(368), "RateLimited"),
        (answer(1, status=500), "Unavailable"),
        (answer(2, status=500), "Unavailable"),
        (
            answer(1, "Please reduce the amount of data you're asking for", status=500),
            "TooMuchData",
        ),
        (answer(10), "MissingScope"),
        (answer(200), "MissingScope"),
        (answer(299), "MissingScope"),
        (answer(102), "BadCredentials"),
        (answer(2500), "BadRequest"),
        (answer(9999, is_transient=True), "Unavailable"),
        (answer(9999, status=429), "RateLimited"),
    ],
)
def test_codes_map_to_the_error_tree(answered: Any, kind: str) -> None:
    error = graph.classify(answered)
    assert type(error).__name__ == kind
    assert "'instagram__brand'" in str(error)


@pytest.mark.parametrize(
    ("subcode", "said"),
    [(463, "expired"), (460, "password"), (467, "no longer valid"), (None, "refused")],
)
def test_a_refused_token_names_the_connection_and_why(subcode: int | None, said: str) -> None:
    error = graph.classify(answer(190, "Error validating access token", subcode=subcode))
    assert isinstance(error, BadCredentials)
    assert "'instagram__brand'" in str(error)
    assert said in str(error)


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        (
            answer(10, "(#10) Not enough viewers for the media to show insights"),
            "not_enough_viewers",
        ),
        (answer(100, subcode=2108006), "before_business_account"),
        (answer(100, subcode=33), "not_visible"),
        (answer(110, subcode=2207013), "not_discoverable"),
        (answer(110), "not_discoverable"),
        (answer(100, subcode=2207013), "not_discoverable"),
        (answer(24, subcode=2207006), "not_visible"),
        (answer(100), "metrics_refused"),
    ],
)
def test_refusals_of_one_object_are_accepted_with_their_reason(answered: Any, reason: str) -> None:
    assert graph.classify(answered) is ACCEPT
    assert graph.refusal_reason(answered.document) == reason


def test_a_success_means_nothing_else() -> None:
    ok = SimpleNamespace(conn_id="x", status_code=200, document={"data": []}, headers={})
    assert graph.classify(ok) is None
    assert graph.refusal_reason({"data": []}) is None
    assert graph.refusal_reason(None) is None


def test_usage_is_the_highest_share_of_all_headers() -> None:
    headers = {
        "X-App-Usage": '{"call_count":28,"total_time":25,"total_cputime":31}',
        "X-Business-Use-Case-Usage": json.dumps(
            {"1": [{"call_count": 5}, {"total_time": 84, "estimated_time_to_regain_access": 2}]}
        ),
    }
    assert graph.read_usage(headers) == (84, 120.0)
    assert graph.read_usage({}) == (0, None)
    assert graph.read_usage({"X-App-Usage": "<html>"}) == (0, None)


def test_requests_are_spread_out_from_80_percent_on() -> None:
    used = {"X-App-Usage": '{"call_count":89}'}
    session = ScriptedSession(({"id": "1"}, used), ({"id": "1"}, {}), {"id": "1"})
    reader = open_graph(session)
    for _ in range(3):
        reader.ask("1", {})
    assert session.slept == [30.0]  # ten percent above 79, 3 seconds each, before the second


def test_a_used_up_allowance_stops_before_the_next_request_and_keeps_the_last_answer() -> None:
    usage = {"1": [{"call_count": 100, "estimated_time_to_regain_access": 7}]}
    session = ScriptedSession(({"id": "1"}, {"X-Business-Use-Case-Usage": json.dumps(usage)}))
    reader = open_graph(session)
    assert reader.ask("1", {}).document == {"id": "1"}
    with pytest.raises(RateLimited) as caught:
        reader.ask("1", {})
    assert caught.value.retry_after == 420


def test_the_token_travels_in_a_header_and_the_version_in_the_path() -> None:
    session = ScriptedSession({"id": "1"})
    open_graph(session).ask("1", {"fields": "id"})
    assert session.headers == {"Authorization": "Bearer EAAG-token"}
    assert session.asked == [("/v26.0/1", {"fields": "id"})]


def test_another_version_than_asked_for_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    own, older = ({"Facebook-API-Version": version} for version in ("v26.0", "v22.0"))
    session = ScriptedSession(*(({"id": "1"}, headers) for headers in (own, older, {}, older)))
    reader = open_graph(session)
    for _ in range(4):
        reader.ask("1", {})
    told = "connection 'instagram__brand': v26.0 was asked for and v22.0 answered"
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [told]


def test_an_empty_password_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(BadCredentials, match="'instagram__brand'"):
        open_graph(ScriptedSession(), password=None)


def edge(ids: list[int], after: str | None = None, *, following: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = {"data": [{"id": str(i)} for i in ids]}
    if after:
        document["paging"] = {"cursors": {"before": "b", "after": after}}
    if following:
        document["paging"]["next"] = "https://graph.facebook.com/elsewhere?access_token=REDACTED"
    return document


def test_pages_follow_cursors_and_tolerate_an_empty_last_page() -> None:
    session = ScriptedSession(edge([1, 2], "c1", following=True), edge([]))
    pages = list(open_graph(session).pages("7/media", {"fields": "id"}, limit=2))
    assert [len(page.document["data"]) for page in pages] == [2, 0]
    assert session.asked == [
        ("/v26.0/7/media", {"fields": "id", "limit": 2}),
        ("/v26.0/7/media", {"fields": "id", "after": "c1", "limit": 2}),
    ]


def test_a_cursor_without_a_next_link_is_the_end() -> None:
    session = ScriptedSession(edge([1], "c1"))
    assert len(list(open_graph(session).pages("7/media", {}, limit=100))) == 1


def test_an_edge_without_links_goes_on_while_there_is_a_cursor() -> None:
    session = ScriptedSession(edge([1], "c1"), edge([2]))
    pages = open_graph(session).pages("9/content", {}, limit=50, ends_without_cursor=True)
    assert len(list(pages)) == 2


def test_a_repeated_cursor_is_no_endless_loop() -> None:
    session = ScriptedSession(*[edge([1], "same", following=True)] * 3)
    with pytest.raises(Truncated, match="repeats its page cursor"):
        list(open_graph(session).pages("7/media", {}, limit=1))


def test_a_page_that_is_too_large_is_asked_smaller() -> None:
    large = graph.TooMuchData("reduce")
    session = ScriptedSession(large, large, edge([1], "c1", following=True), edge([2]))
    list(open_graph(session).pages("7/media", {}, limit=100))
    assert [params["limit"] for _, params in session.asked] == [100, 50, 25, 25]


def test_the_smallest_page_that_is_still_too_large_is_an_error() -> None:
    session = ScriptedSession(*[graph.TooMuchData("reduce")] * 3)
    with pytest.raises(graph.TooMuchData):
        list(open_graph(session).pages("7/media", {}, limit=10))
    assert [params["limit"] for _, params in session.asked] == [10, 5]
