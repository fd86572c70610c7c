"""YouTube: what each stream asks and which rows come of the answers, shaped as documented."""

from __future__ import annotations

from typing import Any

import pytest
from youtube_wire import (
    MAYA,
    OWN,
    VIDEO,
    WINDOW,
    channel,
    failed,
    listed,
    run,
    upload,
    with_uploads,
)

from include.errors import BadRequest, MissingScope
from include.sources.youtube import client
from include.sources.youtube.parse import read_duration


def test_own_channel_ids_and_handles_are_asked_for() -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if "id" in params:
            return listed(channel(MAYA, hidden=True), channel(OWN))
        return listed(channel("UCx"))

    rows, session = run("channels", answers, targets=(MAYA, "@Lena.B", "lena.b"), channel_id=OWN)
    asked = [params for _, params in session.asked]
    assert [a.get("id") or a["forHandle"] for a in asked] == [f"{OWN},{MAYA}", "@Lena.B"]
    assert asked[0]["maxResults"] == 50
    found = {
        row["requested_as"]: (row["channel_id"], row["is_own_channel"], row["subscriber_count"])
        for row in rows
    }
    assert found == {
        OWN: (OWN, True, 184000),
        MAYA: (MAYA, False, None),  # hidden is unknown, not 0
        "Lena.B": ("UCx", False, 184000),
    }
    assert rows[0]["view_count"] == 18446744073


def test_unknown_channels_are_rows_with_the_reason() -> None:
    rows, _ = run(
        "channels",
        lambda resource, params: {"kind": "x", "pageInfo": {"totalResults": 0}},
        targets=(MAYA, "nobody"),
    )
    assert {(row["requested_as"], row["unavailable_reason"]) for row in rows} == {
        (MAYA, "not_found"),
        ("nobody", "not_found"),
    }


def test_ids_are_asked_by_fifty() -> None:
    names = tuple(f"UC{number:022}" for number in range(51))
    _, session = run("channels", lambda *_: listed(), targets=names)
    assert [len(params["id"].split(",")) for _, params in session.asked] == [50, 1]


@pytest.mark.parametrize("target", ["UC1/../x", "a b", "ab", "x" * 31, "https://youtube.com/@x"])
def test_what_is_no_channel_is_named(target: str) -> None:
    with pytest.raises(BadRequest, match="neither a channel id"):
        run("channels", lambda *_: listed(), targets=(target,))


def test_an_own_channel_that_is_no_id_is_named() -> None:
    with pytest.raises(BadRequest, match=r"'youtube__brand': extra\.channel_id 'maya'"):
        run("channels", lambda *_: listed(), channel_id="maya")


# Uploads


def test_uploads_of_the_span_with_hidden_ones_and_their_reason() -> None:
    items = [
        upload("future00000", "2026-11-05T05:00:00Z"),
        upload("new00000000", "2026-11-05T04:59:59Z"),
        upload("private0000", None, "Private video"),
        upload("deleted0000", None, "Deleted video"),
        upload("edge0000000", "2026-08-07T05:00:00Z"),
        upload("old00000000", "2026-08-07T04:59:59Z"),
    ]

    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "channels":
            return listed(channel(MAYA))
        assert (params["playlistId"], params["maxResults"]) == ("UU" + MAYA[2:], 50)
        return listed(*items)

    rows, _ = run("uploads", answers, targets=(MAYA,))
    assert {row["video_id"]: row["unavailable_reason"] for row in rows} == {
        "new00000000": None,
        "private0000": "private",
        "deleted0000": "deleted",
        "edge0000000": None,
    }
    assert {row["channel_id"] for row in rows} == {MAYA}


def test_listing_ends_with_a_page_of_older_videos() -> None:
    pages = {
        None: listed(upload("new00000000", "2026-11-01T00:00:00Z"), token="T1"),
        "T1": listed(upload("old00000000", "2026-01-01T00:00:00Z"), token="T2"),
    }

    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        return listed(channel(MAYA)) if resource == "channels" else pages[params.get("pageToken")]

    rows, session = run("uploads", answers, targets=(MAYA,))
    assert [row["video_id"] for row in rows] == ["new00000000"]
    assert len(session.asked) == 3


def test_a_channel_without_uploads_has_no_rows() -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "channels":
            return listed(channel(MAYA))
        return failed(404, "playlistNotFound", "youtube.playlistItem")

    rows, _ = run("uploads", answers, targets=(MAYA,))
    assert rows == []


# Videos


def test_a_video_is_read_whole() -> None:
    uploads = [upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z")]
    rows, session = run("videos", with_uploads(uploads, lambda *_: listed(VIDEO)), targets=(MAYA,))
    [row] = rows
    kept = ("view_count", "like_count", "comment_count", "duration", "duration_seconds", "tags")
    assert [row[name] for name in kept] == [18230, 911, 84, "PT12M41S", 761, '["running"]']
    assert row["has_paid_product_placement"] is True
    assert row["brand_partner_channel_id"] == OWN
    assert (row["refused_parts"], row["unavailable_reason"]) == (None, None)
    asked = session.asked[-1][1]
    assert asked["part"].split(",")[-2:] == ["paidProductPlacementDetails", "brandPartner"]
    assert "maxResults" not in asked


def test_ids_the_api_drops_are_rows_not_losses() -> None:
    uploads = [
        upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z"),
        upload("-blocked000", "2026-11-02T00:00:00Z"),
        upload("private0000", None, "Private video"),
    ]
    rows, _ = run("videos", with_uploads(uploads, lambda *_: listed(VIDEO, VIDEO)), targets=(MAYA,))
    assert [(row["video_id"], row["unavailable_reason"]) for row in rows] == [
        ("k3Jx9-QaZ0w", None),
        ("-blocked000", "not_returned"),
        ("private0000", "not_returned"),
    ]
    dropped = rows[1]
    assert str(dropped["published_at"]).startswith("2026-11-02")
    assert (dropped["view_count"], dropped["title"], dropped["channel_id"]) == (None, None, MAYA)


def test_counters_nobody_may_see_are_unknown() -> None:
    bare = {**VIDEO, "statistics": {"viewCount": "5"}, "contentDetails": {"duration": "P0D"}}
    del bare["brandPartner"]
    uploads = [upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z")]
    [row], _ = run("videos", with_uploads(uploads, lambda *_: listed(bare)), targets=(MAYA,))
    assert (row["like_count"], row["comment_count"], row["duration_seconds"]) == (None, None, 0)


@pytest.mark.parametrize(
    "refusal", [failed(403, "forbidden"), failed(400, "unknownPart", "youtube.part")]
)
def test_a_refused_part_is_left_out_and_named(refusal: dict[str, Any]) -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        return refusal if "brandPartner" in params["part"] else listed(VIDEO)

    uploads = [upload(f"{n:011}", "2026-11-03T16:20:11Z") for n in range(60)]
    rows, session = run("videos", with_uploads(uploads, answers), targets=(MAYA,))
    assert {row["refused_parts"] for row in rows} == {"brandPartner"}
    parts = [params["part"].split(",")[4:] for name, params in session.asked if name == "videos"]
    # All, none, each alone, those that are given; then the second batch knows.
    assert parts == [
        ["paidProductPlacementDetails", "brandPartner"],
        [],
        ["paidProductPlacementDetails"],
        ["brandPartner"],
        ["paidProductPlacementDetails"],
        ["paidProductPlacementDetails"],
    ]


def test_a_refusal_of_the_whole_call_is_raised() -> None:
    uploads = [upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z")]
    with pytest.raises(MissingScope):
        run("videos", with_uploads(uploads, lambda *_: failed(403, "forbidden")), targets=(MAYA,))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT12M41S", 761), ("P0D", 0), ("P1DT2H", 93600), ("PT1H", 3600), ("P1W", 604800)],
)
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["12:41", "P", "", None, "761s"])
def test_what_is_no_duration_stays_as_it_came(text: Any) -> None:
    assert read_duration(text) == text


def test_the_span_of_publication_is_ninety_days() -> None:
    assert client.publication_span(WINDOW) == {
        "published_from": "2026-08-07T05:00:00+00:00",
        "published_before": "2026-11-05T05:00:00+00:00",
    }
