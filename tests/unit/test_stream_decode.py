"""A stream's own `decode`: session, landing and loader find the same document in a body."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from include.errors import Truncated
from include.http.answer import HttpAnswer
from include.http.session import ApiSession
from include.landing.pages import LandingRun, RunHeader, read_pages, read_run
from include.landing.store import open_store
from include.sources._base import Connection
from tests.fakes.answers import Answers, answer

LINES = b"one\ntwo\n"
DAY = dt.datetime(2026, 11, 4, tzinfo=dt.UTC)


def split_lines(body: bytes) -> list[str]:
    """Decode a body of whole lines."""
    if not body.endswith(b"\n"):
        raise Truncated("the last line is cut")
    return body.decode().split()


def open_session(*bodies: bytes) -> tuple[ApiSession, list[float]]:
    waits: list[float] = []
    session = ApiSession(
        Connection("lines", host="lines.example"),
        adapter=Answers(*(answer(body) for body in bodies)),
        sleep=waits.append,
        decode=split_lines,
    )
    return session, waits


def test_a_session_decodes_as_the_stream_says() -> None:
    session, waits = open_session(LINES)
    page = session.request("GET", "/file")
    assert (page.body, page.document, waits) == (LINES, ["one", "two"], [])


def test_a_body_that_does_not_decode_is_asked_for_again() -> None:
    session, waits = open_session(b"one\ntw", LINES)
    assert session.request("GET", "/file").document == ["one", "two"]
    assert len(waits) == 1


def test_a_classification_sees_the_decoded_body() -> None:
    seen: list[Any] = []
    session, _ = open_session(LINES)
    session.classify = lambda found: seen.append(found.document)
    session.request("GET", "/file")
    assert seen == [["one", "two"]]


def test_an_answer_that_does_not_decode_has_no_document() -> None:
    found = HttpAnswer("lines", 200, b"cut", {}, DAY, "api", split_lines)
    assert found.document is None
    with pytest.raises(Truncated, match="cut"):
        found.json()


def test_a_replay_decodes_what_was_landed(tmp_path: Path) -> None:
    session, _ = open_session(LINES)
    store = open_store(str(tmp_path))
    header = RunHeader(
        source="lines",
        connection_id="lines",
        stream="lines",
        partition_key="2026-11-04",
        window_start=DAY,
        window_end=DAY + dt.timedelta(days=1),
        run_id="run-1",
        landed_at=DAY,
    )
    run = LandingRun(store, header)
    fetched = session.request("GET", "/file")
    run.write(fetched)
    run.finish()
    landed = read_run(store, run.path)
    assert landed is not None
    [(_, page)] = read_pages(store, landed, split_lines)
    assert page.document == fetched.document
    [(_, page)] = read_pages(store, landed)
    assert page.document is None  # no JSON, as a stream without a decode of its own would see it
