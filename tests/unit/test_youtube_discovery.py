"""The sandbox's YouTube is the one of Google's discovery documents."""

from __future__ import annotations

from typing import Any

import pytest

from include.sources.youtube import sandbox_reports
from include.sources.youtube.sandbox_discovery import (
    ANSWERS,
    DATA_METHODS,
    DISCOVERY,
    check_values,
    checked,
    trim_documents,
)
from include.sources.youtube.sandbox_shapes import COMMON, METHODS, Refusal


def video(**more: Any) -> dict[str, Any]:
    statistics = {"viewCount": "12", "likeCount": "3"}
    return {"kind": "youtube#video", "id": "abc", "statistics": statistics, **more}


def videos(*found: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "youtube#videoListResponse", "etag": "e", "items": list(found)}


@pytest.mark.parametrize("method", sorted(DATA_METHODS))
def test_a_method_takes_the_parameters_and_page_sizes_of_the_document(method: str) -> None:
    shape, known = METHODS[method.removesuffix(".list")], DISCOVERY.methods[method]
    assert shape.filters | shape.others == known.keys()
    size = known["maxResults"]
    assert shape.sizes == tuple(int(size[name]) for name in ("default", "minimum", "maximum"))


def test_reports_take_the_parameters_of_the_document() -> None:
    assert DISCOVERY.methods["reports.query"].keys() == sandbox_reports.PARAMETERS - COMMON


def test_what_an_enumeration_does_not_name_is_refused() -> None:
    check_values("commentThreads.list", {"order": "time", "textFormat": "plainText"})
    with pytest.raises(Refusal, match=r"'order', .newest.; allowed: .*time, relevance") as refused:
        check_values("commentThreads.list", {"order": "newest"})
    assert refused.value.status == 400


def test_the_parts_a_video_is_asked_for_exist() -> None:
    known = DISCOVERY.schemas["Video"]["properties"]
    assert {"brandPartner", "paidProductPlacementDetails", "statistics", "snippet"} <= known.keys()
    assert METHODS["videos"].parts <= known.keys()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (video(sponsored=True), 'Unknown name "sponsored"'),
        (video(statistics={"viewCount": "many"}), r"statistics.viewCount' \(uint64\), 'many'"),
        (video(statistics={"viewCount": "-1"}), r"statistics.viewCount' \(uint64\), '-1'"),
        (video(snippet={"publishedAt": "yesterday"}), r"publishedAt' \(date-time\)"),
        (video(snippet={"tags": "one"}), "snippet.tags': a list is expected"),
        (video(status={"privacyStatus": "hidden"}), "privacyStatus.*'hidden'"),
    ],
)
def test_an_answer_google_would_not_give_is_a_defect_of_the_sandbox(
    wrong: dict[str, Any], said: str
) -> None:
    assert checked("videos.list", videos(video()))["items"] == [video()]
    with pytest.raises(AssertionError, match=said):
        checked("videos.list", videos(video(), wrong))


def test_a_table_of_analytics_has_no_field_of_its_own() -> None:
    header = {"name": "day", "columnType": "DIMENSION", "dataType": "STRING"}
    table = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": [header], "rows": [["x"]]}
    assert checked("reports.query", table) == table
    with pytest.raises(AssertionError, match=r"columnHeaders\[0\]': an object"):
        checked("reports.query", {**table, "columnHeaders": ["day"]})


def test_trimming_keeps_what_the_methods_lead_to_and_no_texts() -> None:
    schema = {"type": "object", "description": "long"}
    leads = {"type": "object", "properties": {"items": {"items": {"$ref": "Video"}}}}
    parameters = {"part": {"type": "string", "description": "long", "location": "query"}}

    def document(*methods: str) -> dict[str, Any]:
        resources = {m.partition(".")[0]: {} for m in methods}
        for method in methods:
            resource, _, name = method.partition(".")
            resources[resource] = {"methods": {name: {"parameters": parameters}}}
        schemas = {**dict.fromkeys(ANSWERS.values(), schema), "VideoListResponse": leads}
        more = {"Video": schema, "Playlist": schema}
        return {"revision": "1", "resources": resources, "schemas": {**schemas, **more}}

    trimmed = trim_documents(document(*DATA_METHODS), document("reports.query"))
    assert trimmed["methods"].keys() == ANSWERS.keys()
    assert trimmed["methods"]["videos.list"] == {"part": {"type": "string"}}
    assert trimmed["schemas"].keys() == {*ANSWERS.values(), "Video"}
    assert "long" not in str(trimmed)
