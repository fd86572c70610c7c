"""Reports of a connected channel: days of the channel and of its videos."""

from __future__ import annotations

from typing import Any

import pytest
from youtube_wire import (
    OWN,
    failed,
    listed,
    run,
    upload,
    with_uploads,
)

from include.errors import BadRequest, MissingScope, Truncated
from include.sources.youtube import SOURCE, reports

OAUTH = {
    "client_id": "c",
    "client_secret": "GOCSPX-x",
    "refresh_token": "1//0",
    "channel_id": OWN,
    "token_uri": "https://oauth2.googleapis.com/token",
}


def table(names: str, *rows: list[Any]) -> dict[str, Any]:
    kinds = {"day": "STRING", "video": "STRING"}
    headers = [{"name": n, "dataType": kinds.get(n, "INTEGER")} for n in names.split(",")]
    document = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers}
    return {**document, "rows": list(rows)} if rows else document


def test_days_of_the_channel_by_the_columns_of_the_answer() -> None:
    answer = table("day,views,averageViewPercentage", ["2026-11-03", 9874, 41.7])
    [row], session = run("channel_days", lambda *_: answer, **OAUTH)
    assert (row["channel_id"], str(row["day"]), row["views"]) == (OWN, "2026-11-03", 9874)
    assert str(row["average_view_percentage"]) == "41.7"
    assert row["likes"] is None
    [(resource, asked)] = session.asked
    assert resource == "reports"
    assert asked["ids"] == f"channel=={OWN}"
    # The window begins on the evening before in Los Angeles.
    assert (asked["startDate"], asked["endDate"]) == ("2026-11-03", "2026-11-04")
    assert "engagedViews" in asked["metrics"].split(",")


def test_an_answer_without_rows_has_none() -> None:
    assert run("channel_days", lambda *_: table("day,views"), **OAUTH)[0] == []


def test_a_refused_metric_is_left_out_and_named() -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if "engagedViews" in params["metrics"]:
            return failed(400, "badRequest")
        return table("day,views", ["2026-11-03", 7])

    [row], _ = run("channel_days", answers, **OAUTH)
    assert (row["views"], row["refused_metrics"]) == (7, "engagedViews")


def test_a_query_refused_whole_is_raised() -> None:
    with pytest.raises(BadRequest):
        run("channel_days", lambda *_: failed(400, "badRequest"), **OAUTH)


def test_videos_are_filtered_by_25_and_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE_ROWS", 2)
    uploads = [upload(f"{n:011}", "2026-11-03T16:20:11Z") for n in range(26)]

    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        ids = params["filters"].removeprefix("video==").split(",")
        every = [[i, "2026-11-03", 1] for i in ids[:3]]
        start = params["startIndex"] - 1
        return table("video,day,views", *every[start : start + params["maxResults"]])

    rows, session = run("video_days", with_uploads(uploads, answers), **OAUTH)
    assert [row["video_id"] for row in rows] == [f"{n:011}" for n in (0, 1, 2, 25)]
    asked = [params for name, params in session.asked if name == "reports"]
    assert [p["startIndex"] for p in asked] == [1, 3, 1]
    assert {p["dimensions"] for p in asked} == {"video,day"}


def test_a_row_given_twice_asks_for_the_report_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE_ROWS", 1)
    with pytest.raises(Truncated, match="gives a row twice"):
        run("channel_days", lambda *_: table("day,views", ["2026-11-03", 1]), **OAUTH)


def test_analytics_without_an_own_channel_is_a_missing_permission() -> None:
    for stream in ("channel_days", "video_days"):
        with pytest.raises(MissingScope, match=r"extra\.channel_id is not set"):
            run(stream, lambda *_: listed())
        assert not SOURCE.stream(stream).is_required
