"""YouTube: errors as the APIs send them, the quota ledger, pages, tokens."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from urllib3 import HTTPResponse

from include.errors import (
    BadCredentials,
    BadRequest,
    GroundswellError,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.answer import ACCEPT, HttpAnswer
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.youtube.api import YouTube, read_units
from include.sources.youtube.quota import Ledger, ledger_of, pacific_day, seconds_to_midnight
from include.sources.youtube.refusals import PageTokenRefused, TokenRefused, classify, object_reason
from tests.fakes.answers import Answers, answer

UTC = dt.UTC
WINDOW = Window(
    start=dt.datetime(2026, 11, 19, 5, tzinfo=UTC),
    end=dt.datetime(2026, 11, 20, 5, tzinfo=UTC),
    key="2026-11-19",
)
# The fake answers' Date: midnight in Los Angeles.
NOW = dt.datetime(2026, 11, 20, 8, tzinfo=UTC)
QUOTA_TEXT = (
    "The request cannot be completed because you have exceeded your "
    '<a href="/youtube/v3/getting-started#quota">quota</a>.'
)
numbers = itertools.count()


def error(status: int, reason: str, message: str = "x", domain: str = "global") -> dict[str, Any]:
    entry = {"message": message, "domain": domain, "reason": reason}
    return {"error": {"code": status, "message": message, "errors": [entry]}}


def given(document: Any, status: int = 403, at: dt.datetime = NOW) -> HttpAnswer:
    return HttpAnswer("youtube__brand", status, json.dumps(document).encode(), {}, at, "api")


# Errors


def test_a_spent_quota_waits_until_midnight_pacific() -> None:
    evening = dt.datetime(2026, 11, 21, 5, 15, tzinfo=UTC)  # 21:15 in Los Angeles
    found = classify(given(error(403, "quotaExceeded", QUOTA_TEXT, "youtube.quota"), at=evening))
    assert isinstance(found, RateLimited)
    assert found.retry_after == 2.75 * 3600
    assert "'youtube__brand'" in str(found)


def test_a_daily_limit_of_the_newer_form_waits_as_long() -> None:
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "metadata": {"quota_limit": "defaultPerDayPerProject", "quota_limit_value": "10000"},
    }
    document = {"error": {"code": 429, "message": "Quota exceeded", "details": [detail]}}
    found = classify(given(document, 429))
    assert isinstance(found, RateLimited)
    assert found.retry_after == 24 * 3600
    detail["metadata"] = {"quota_limit": "defaultPerMinutePerProject"}
    found = classify(given(document, 429))
    assert isinstance(found, RateLimited)
    assert found.retry_after is None


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "rateLimitExceeded", RateLimited),
        (403, "userRateLimitExceeded", RateLimited),
        (403, "dailyLimitExceeded", RateLimited),
        (400, "keyInvalid", BadCredentials),
        (401, "authError", TokenRefused),
        (403, "forbidden", MissingScope),
        (403, "accountDelegationForbidden", MissingScope),
        (403, "accessNotConfigured", MissingScope),
        (400, "invalidPageToken", PageTokenRefused),
        (400, "badRequest", BadRequest),
        (400, "processingFailure", Unavailable),
        (500, "backendError", Unavailable),
    ],
)
def test_reasons_decide_the_kind_of_error(
    status: int, reason: str, kind: type[GroundswellError]
) -> None:
    assert isinstance(classify(given(error(status, reason), status)), kind)


def test_a_refused_key_is_known_by_its_detail() -> None:
    document = error(400, "badRequest", "API key not valid. Please pass a valid API key.")
    document["error"]["details"] = [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    assert isinstance(classify(given(document, 400)), BadCredentials)


@pytest.mark.parametrize(
    ("status", "reason", "domain", "row"),
    [
        (403, "commentsDisabled", "youtube.commentThread", "comments_disabled"),
        (404, "videoNotFound", "youtube.commentThread", "video_not_found"),
        (404, "playlistNotFound", "youtube.playlistItem", "playlist_not_found"),
        (403, "forbidden", "youtube.commentThread", "comments_forbidden"),
    ],
)
def test_what_concerns_one_object_becomes_its_row(
    status: int, reason: str, domain: str, row: str
) -> None:
    document = error(status, reason, "has <code>disabled</code> comments", domain)
    assert classify(given(document, status)) is ACCEPT
    assert object_reason(document) == row


def test_a_revoked_consent_says_what_to_do() -> None:
    found = classify(given({"error": "invalid_grant"}, 400))
    assert isinstance(found, BadCredentials)
    assert "connect the channel again" in str(found)


@pytest.mark.parametrize(
    ("kind", "document", "is_cut"),
    [
        ("channel", {"pageInfo": {"totalResults": 0}}, False),  # an unknown id
        ("channel", {"pageInfo": {"totalResults": 2}}, True),
        ("playlistItem", {"pageInfo": {"totalResults": 70}, "items": []}, False),
        ("video", {"pageInfo": {"totalResults": 2}, "items": [{}]}, True),
        ("video", {"pageInfo": {"totalResults": 1}, "items": [{}]}, False),
        ("video", {"pageInfo": {"totalResults": 2}, "items": [{"id": "a"}, {"id": "a"}]}, True),
        ("video", {"pageInfo": {"totalResults": 2}, "items": [{"id": "a"}, {"id": "b"}]}, False),
    ],
)
def test_an_answer_with_fewer_items_than_it_announces_was_cut(
    kind: str, document: dict[str, Any], is_cut: bool
) -> None:
    found = classify(given({"kind": f"youtube#{kind}ListResponse", **document}, 200))
    assert isinstance(found, Truncated) == is_cut


# Quota


def test_midnight_pacific_over_the_clock_changes() -> None:
    # 2026-11-01 has 25 hours in Los Angeles, 2027-03-14 has 23.
    assert seconds_to_midnight(dt.datetime(2026, 11, 1, 7, tzinfo=UTC)) == 25 * 3600
    assert seconds_to_midnight(dt.datetime(2027, 3, 14, 8, tzinfo=UTC)) == 23 * 3600
    assert pacific_day(dt.datetime(2026, 11, 2, 7, 59, tzinfo=UTC)) == dt.date(2026, 11, 1)


def test_the_ledger_counts_by_pacific_day() -> None:
    ledger = Ledger()
    ledger.book(3, NOW - dt.timedelta(seconds=1))
    ledger.book(2, NOW)
    assert (ledger.spent(NOW - dt.timedelta(hours=1)), ledger.spent(NOW)) == (3, 2)
    ledger.check(1, 3, NOW, "youtube")
    with pytest.raises(RateLimited, match="2 quota units of the day are spent") as caught:
        ledger.check(2, 3, NOW, "youtube")
    assert caught.value.retry_after == 24 * 3600


def test_an_exhausted_day_stays_so_and_the_next_is_open() -> None:
    ledger = Ledger()
    ledger.exhaust(NOW)
    with pytest.raises(RateLimited):
        ledger.check(1, 10_000, NOW + dt.timedelta(hours=23), "youtube")
    ledger.check(1, 10_000, NOW + dt.timedelta(hours=24), "youtube")


def test_one_ledger_per_project() -> None:
    assert ledger_of("key a") is ledger_of("key a")
    assert ledger_of("key a") is not ledger_of("key b")


@pytest.mark.parametrize("value", ["many", 0, -1, 1.5])
def test_a_quota_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(BadRequest, match=r"extra\.quota_units"):
        read_units(Connection(conn_id="youtube", extra={"quota_units": value}))


# Calls


def page(*ids: str, token: str = "", total: int = 0) -> HTTPResponse:
    document: dict[str, Any] = {
        "kind": "youtube#playlistItemListResponse",
        "items": [{"id": i} for i in ids],
        "pageInfo": {"totalResults": total or len(ids), "resultsPerPage": 50},
    }
    if token:
        document["nextPageToken"] = token
    return answer(json.dumps(document).encode())


def refusal(status: int, reason: str, domain: str = "global") -> HTTPResponse:
    return answer(json.dumps(error(status, reason, "no", domain)).encode(), status)


class Bench:
    """A YouTube over prepared answers, with a key of its own, so with a ledger of its own."""

    def __init__(
        self, *answers: HTTPResponse, key: str | None = None, share: float = 1.0, **extra: Any
    ) -> None:
        self.key = f"AIzaKeyOfTest{next(numbers)}" if key is None else key
        self.transport = Answers(*answers)
        connection = Connection(
            conn_id="youtube",
            host="youtube.googleapis.com",
            password=self.key or None,
            extra={"analytics_url": "https://youtubeanalytics.googleapis.com", **extra},
        )
        self.session = ApiSession(
            connection,
            adapter=self.transport,
            sleep=lambda seconds: None,
            retry=RetryPolicy(attempts=3),
        )
        self.api = YouTube(FetchContext(connection, self.session, WINDOW), quota_share=share)

    @property
    def ledger(self) -> Ledger:
        return ledger_of(self.key)

    def asked(self) -> Iterator[dict[str, str]]:
        for request in self.transport.requests:
            query = parse_qs(urlsplit(str(request.url)).query)
            yield {name: values[0] for name, values in query.items()}


def ids_of(pages: Iterator[Page]) -> list[str]:
    return [item["id"] for page in pages for item in page.document["items"]]


def test_pages_follow_their_tokens_also_past_an_empty_one() -> None:
    bench = Bench(page("a", "b", token="T1"), page(token="T2"), page("c"))
    found = bench.api.pages("playlistItems", {"playlistId": "UU1", "maxResults": 50})
    assert ids_of(found) == ["a", "b", "c"]
    assert [asked.get("pageToken") for asked in bench.asked()] == [None, "T1", "T2"]
    assert {asked["key"] for asked in bench.asked()} == {bench.key}
    assert bench.ledger.spent(NOW) == 3


def test_the_key_is_in_no_landed_request() -> None:
    bench = Bench(page("a"))
    [landed] = bench.api.pages("playlistItems", {"playlistId": "UU1"})
    assert landed.request["params"] == {"playlistId": "UU1"}
    assert bench.key not in repr(landed)


def test_a_repeated_page_token_is_no_endless_list() -> None:
    bench = Bench(page("a", token="T1"), page("b", token="T1"))
    with pytest.raises(Truncated, match="repeats its page token"):
        ids_of(bench.api.pages("playlistItems", {}))


def test_a_void_page_token_asks_for_the_list_again() -> None:
    bench = Bench(page("a", token="T1"), refusal(400, "invalidPageToken"))
    with pytest.raises(Truncated, match="the list changed while it was read"):
        ids_of(bench.api.pages("playlistItems", {}))
    assert len(bench.transport.requests) == 2


def test_a_full_page_without_the_announced_next_one_was_cut() -> None:
    with pytest.raises(Truncated, match="announces 5 items and ended after 2"):
        ids_of(Bench(page("a", "b", total=5)).api.pages("playlistItems", {"maxResults": 2}))
    # Entries nobody may see are announced too: a page that is not full is the end.
    half = Bench(page("a", total=5)).api.pages("playlistItems", {"maxResults": 2})
    assert ids_of(half) == ["a"]


def test_an_item_that_comes_twice_does_not_stand_for_one_that_is_lost() -> None:
    bench = Bench(page("a", "b", total=4, token="T1"), page("b", "c", total=4))
    with pytest.raises(Truncated, match="announces 4 items and ended after 3"):
        ids_of(bench.api.pages("playlistItems", {"maxResults": 2}))


def test_repeated_requests_cost_too() -> None:
    bench = Bench(refusal(500, "backendError"), refusal(500, "backendError"), page("a"))
    bench.api.list("playlistItems", {})
    assert bench.ledger.spent(NOW) == 3


def test_a_run_stops_before_its_share_is_spent() -> None:
    bench = Bench(*(page("a") for _ in range(9)), share=0.8, quota_units=10)
    for _ in range(8):
        bench.api.list("playlistItems", {})
    with pytest.raises(RateLimited, match=r"8 quota units .* \(allowed here: 8\)") as caught:
        bench.api.list("playlistItems", {})
    assert caught.value.retry_after == 24 * 3600
    assert len(bench.transport.requests) == 8


def test_a_spent_day_is_remembered_until_the_api_tells_of_a_new_one() -> None:
    spent = refusal(403, "quotaExceeded", "youtube.quota")
    bench = Bench(page("a"), spent)
    bench.api.list("playlistItems", {})
    for _ in range(2):
        with pytest.raises(RateLimited):
            bench.api.list("playlistItems", {})
    assert len(bench.transport.requests) == 2
    # A new run does not know which day it is: its first call goes out, and the API says.
    tomorrow = answer(b'{"items": []}', headers={"Date": "Sat, 21 Nov 2026 08:00:00 GMT"})
    later = Bench(tomorrow, page("b"), key=bench.key)
    later.api.list("playlistItems", {})
    later.api.list("playlistItems", {})
    assert len(later.transport.requests) == 2


def token(text: str) -> HTTPResponse:
    document = {"access_token": text, "expires_in": 3599, "token_type": "Bearer", "scope": "x"}
    return answer(json.dumps(document).encode())


OAUTH = {"client_id": "c.apps", "client_secret": "GOCSPX-secret", "refresh_token": "1//0refresh"}
TABLE = b'{"kind": "youtubeAnalytics#resultTable", "columnHeaders": []}'


def test_a_token_that_ends_between_two_calls_is_renewed_once() -> None:
    bench = Bench(
        token("ya29.first"),
        answer(TABLE),
        refusal(401, "authError"),
        token("ya29.second"),
        answer(TABLE),
        **OAUTH,
    )
    for _ in range(2):
        bench.api.report({"ids": "channel==MINE"})
    sent = [request.headers.get("Authorization") for request in bench.transport.requests]
    assert sent == [None, "Bearer ya29.first", "Bearer ya29.first", None, "Bearer ya29.second"]
    assert "grant_type=refresh_token" in str(bench.transport.requests[0].body)
    # Reports have an allowance of their own.
    assert bench.ledger.spent(NOW) == 0


def test_a_second_refusal_of_the_token_is_final() -> None:
    refused = [refusal(401, "authError") for _ in range(2)]
    bench = Bench(token("ya29.first"), refused[0], token("ya29.second"), refused[1], **OAUTH)
    with pytest.raises(BadCredentials, match="access token is refused"):
        bench.api.report({})


def test_without_a_key_public_data_is_asked_with_the_token() -> None:
    bench = Bench(token("ya29.first"), page("a"), key="", **OAUTH)
    bench.api.list("playlistItems", {"playlistId": "UU1"})
    assert bench.transport.requests[1].headers["Authorization"] == "Bearer ya29.first"
    assert "key" not in list(bench.asked())[1]
    assert ledger_of("c.apps").spent(NOW) >= 1


def test_reports_need_an_authorisation() -> None:
    with pytest.raises(MissingScope, match="answers the channel's owner only"):
        Bench().api.report({})


@pytest.mark.parametrize(
    ("key", "extra", "said"),
    [
        ("", {}, "no credentials"),
        ("k", {"client_id": "c"}, r"extra\.client_secret, extra\.refresh"),
    ],
)
def test_missing_credentials_say_which(key: str, extra: dict[str, str], said: str) -> None:
    with pytest.raises(BadCredentials, match=said):
        Bench(key=key, **extra)
