"""Instagram: a list that came without its list is cut, not empty; the session asks for it again."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from include.errors import Truncated
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.instagram import SOURCE, graph
from tests.fakes.answers import Answers, answer

NOW = dt.datetime(2026, 11, 20, 8, tzinfo=dt.UTC)
WINDOW = Window(start=NOW - dt.timedelta(days=1), end=NOW, key="2026-11-19")
ACCOUNTS = {"data": [{"id": "11", "instagram_business_account": {"id": "17"}}]}
POST = {
    "id": "18",
    "timestamp": "2026-11-18T09:00:00+0000",
    "media_product_type": "FEED",
    "media_type": "IMAGE",
}


def session_of(*documents: Any, attempts: int = 3) -> tuple[ApiSession, Answers]:
    transport = Answers(*(answer(json.dumps(document).encode()) for document in documents))
    session = ApiSession(
        Connection("instagram", host="graph.facebook.com", password="EAAG-token"),
        hash_key=b"key",
        classify=graph.classify,
        retry=RetryPolicy(attempts=attempts),
        sleep=lambda seconds: None,
        adapter=transport,
    )
    return session, transport


def fetched(stream: str, session: ApiSession) -> list[Page]:
    context = FetchContext(session.connection, session, WINDOW)
    return list(SOURCE.stream(stream).fetch(context))


@pytest.mark.parametrize("cut", [{}, {"paging": {"cursors": {"after": "c"}}}])
def test_a_list_without_data_is_asked_for_again(cut: dict[str, Any]) -> None:
    session, transport = session_of(ACCOUNTS, cut, {"data": [POST]})
    [page] = fetched("media", session)
    assert page.document == {"data": [POST]}
    assert len(transport.requests) == 3


def test_a_list_that_stays_without_data_is_truncated_not_empty() -> None:
    session, _ = session_of(ACCOUNTS, {}, {}, attempts=2)
    with pytest.raises(Truncated, match="'instagram': a list came without its key 'data'"):
        fetched("media", session)


def test_insights_without_data_are_not_taken_for_none() -> None:
    empty: dict[str, Any] = {"data": []}
    session, transport = session_of(ACCOUNTS, {"data": [POST]}, {"id": "18"}, empty)
    [page] = fetched("media_insights", session)
    [row] = SOURCE.stream("media_insights").parse(page.document, page)
    assert row["unavailable_reason"] == "no_data"  # an empty list does say so
    assert len(transport.requests) == 4


def test_replies_without_data_are_asked_for_again() -> None:
    at = "2026-11-19T09:00:00+0000"
    more = {"cursors": {"after": "c"}, "next": "https://graph.facebook.com/next"}
    first = {"data": [{"id": "r1", "text": "yes", "timestamp": at}], "paging": more}
    post = {**POST, "comments": {"data": [{"id": "c1", "timestamp": at, "replies": first}]}}
    rest = {"data": [{"id": "r2", "text": "no", "timestamp": at}]}
    session, transport = session_of(ACCOUNTS, {"data": [post]}, {"id": "c1"}, rest)
    pages = fetched("comments", session)
    rows = [row for page in pages for row in SOURCE.stream("comments").parse(page.document, page)]
    assert [(row["id"], row.get("parent_id")) for row in rows[1:]] == [("r1", "c1"), ("r2", "c1")]
    assert len(transport.requests) == 4


def test_an_empty_list_and_an_object_are_answers() -> None:
    session, transport = session_of(ACCOUNTS, {"data": []})
    assert [page.document for page in fetched("media", session)] == [{"data": []}]
    session, transport = session_of(ACCOUNTS, {"id": "17", "username": "maya"})
    assert [page.document["id"] for page in fetched("accounts", session)] == ["17"]
    assert len(transport.requests) == 2


def test_the_answer_that_renews_a_token_is_no_list() -> None:
    refused = {"error": {"code": 190, "message": "expired", "error_subcode": 463}}
    session, transport = session_of(refused, {"access_token": "EAAG-newer"}, ACCOUNTS)

    def keeper(refresh: Any, rejected: str | None = None) -> str:
        if rejected is None:
            return "EAAG-token"
        return str(session.request("GET", "/v26.0/oauth/access_token").document["access_token"])

    connection = Connection(
        "instagram",
        host="graph.facebook.com",
        password="EAAG-token",
        extra={"renew_token": True},
    )
    reader = graph.Graph(FetchContext(connection, session, WINDOW, token=keeper))
    assert reader.ask("me/accounts", {}).document == ACCOUNTS
    assert len(transport.requests) == 3
