"""Instagram's insights: the metrics that are asked of a post, and what it lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from instagram_wire import CAROUSEL, MAYA, REEL, accounts, run

NOT_SUPPORTED = "(#100) The Media Insights API does not support the %s metric for this media type."


def insight(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "period": "lifetime", "values": [{"value": value}], "id": f"x/{name}"}


def insights_of(
    answer: Callable[[str, list[str]], dict[str, Any]], *posts: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Run media_insights over posts; return rows and the (media, metrics) asked."""

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path.endswith("/media"):
            return {"data": list(posts)}
        return answer(path.removesuffix("/insights"), params["metric"].split(","))

    rows, session = run("media_insights", answers)
    asked = [
        (path.removesuffix("/insights"), params["metric"])
        for path, params in session.asked
        if "metric" in params
    ]
    return rows, asked


def test_insights_become_one_row_per_post_with_the_metrics_of_its_product() -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        return {"data": [insight(name, i) for i, name in enumerate(metrics)]}

    rows, asked = insights_of(answer, REEL, CAROUSEL)
    assert asked == [
        (
            REEL["id"],
            (
                "reach,views,shares,reposts,total_interactions,likes,comments,saved,"
                "ig_reels_avg_watch_time,ig_reels_video_view_total_time"
            ),
        ),
        (
            CAROUSEL["id"],
            (
                "reach,views,shares,reposts,total_interactions,likes,comments,saved,"
                "profile_visits,follows"
            ),
        ),
    ]
    assert rows[0] == {
        "media_id": REEL["id"],
        "account_id": MAYA,
        "media_product_type": "REELS",
        "reach": 0,
        "views": 1,
        "shares": 2,
        "reposts": 3,
        "total_interactions": 4,
        "likes": 5,
        "comments": 6,
        "saved": 7,
        "ig_reels_avg_watch_time": 8,
        "ig_reels_video_view_total_time": 9,
        "metric_definition": "instagram_views_2025",
        "refused_metrics": None,
        "unavailable_reason": None,
    }


def test_a_refused_metric_is_left_out_and_the_others_are_kept() -> None:
    """The whole call fails for one metric; views and reposts are refused here."""

    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        for name in ("views", "reposts"):
            if name in metrics:
                return {"error": {"message": NOT_SUPPORTED % name, "code": 100}}
        return {"data": [insight(name, 5) for name in metrics]}

    rows, asked = insights_of(answer, REEL, {**REEL, "id": "2"})
    assert [row["refused_metrics"] for row in rows] == ["views,reposts"] * 2
    assert [row["reach"] for row in rows] == [5, 5]
    assert "views" not in rows[0]
    # First post: the full list, ten single metrics, the accepted eight. Second: full, accepted.
    assert len([media for media, _ in asked if media == REEL["id"]]) == 12
    assert len([media for media, _ in asked if media == "2"]) == 2


def test_what_one_post_lacks_is_still_asked_of_the_next() -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        if media_id == REEL["id"] and "views" in metrics:
            return {"error": {"message": NOT_SUPPORTED % "views", "code": 100}}
        return {"data": [insight(name, 5) for name in metrics]}

    rows, _ = insights_of(answer, REEL, {**REEL, "id": "2"})
    assert [row.get("views") for row in rows] == [None, 5]
    assert [row["refused_metrics"] for row in rows] == ["views", None]


def test_a_post_whose_every_metric_is_refused_says_so() -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        return {"error": {"message": NOT_SUPPORTED % metrics[0], "code": 100}}

    ((row,), _) = insights_of(answer, CAROUSEL)
    assert row["unavailable_reason"] == "metrics_refused"
    assert len(row["refused_metrics"].split(",")) == 10


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 10, "message": "(#10) Not enough viewers for the media"}, "not_enough_viewers"),
        (
            {"code": 100, "error_subcode": 2108006, "message": "Media posted before business"},
            "before_business_account",
        ),
        ({"code": 100, "error_subcode": 33, "message": "does not exist"}, "not_visible"),
    ],
)
def test_what_one_post_cannot_show_does_not_stop_the_others(
    error: dict[str, Any], reason: str
) -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        if media_id == REEL["id"]:
            return {"error": error}
        return {"data": [insight("reach", 6210)]}

    rows, asked = insights_of(answer, REEL, CAROUSEL)
    assert [row["unavailable_reason"] for row in rows] == [reason, None]
    assert [row.get("reach") for row in rows] == [None, 6210]
    assert len(asked) == 2


def test_an_empty_list_is_unknown_and_not_zero() -> None:
    ((row,), _) = insights_of(lambda media_id, metrics: {"data": []}, REEL)
    assert row["unavailable_reason"] == "no_data"
    assert "reach" not in row


def test_a_metric_given_with_a_breakdown_is_read_from_its_total() -> None:
    entry = {"name": "reach", "period": "lifetime", "total_value": {"value": 25, "breakdowns": []}}
    ((row,), _) = insights_of(lambda media_id, metrics: {"data": [entry]}, REEL)
    assert row["reach"] == 25
