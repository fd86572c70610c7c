"""Google's own descriptions of the Data API and of Analytics, which everything is checked against.

`sandbox_discovery.json` is the part of the discovery documents (youtube v3, youtubeAnalytics v2)
that the connector's methods use, without its texts. To make it anew from the documents in the
google-api-python-client package (`googleapiclient/discovery_cache/documents/youtube.v3.json` and
`youtubeAnalytics.v2.json`):

    python -m include.sources.youtube.sandbox_discovery YOUTUBE_DOCUMENT ANALYTICS_DOCUMENT
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.sandbox.discovery import Discovery, trim_parameters, trim_schemas, write_trimmed
from include.sources.youtube.sandbox_shapes import Refusal

# Method to the schema of its answer.
DATA_METHODS = {
    "channels.list": "ChannelListResponse",
    "playlistItems.list": "PlaylistItemListResponse",
    "videos.list": "VideoListResponse",
    "commentThreads.list": "CommentThreadListResponse",
    "comments.list": "CommentListResponse",
}
REPORT_METHODS = {"reports.query": "QueryResponse"}
ANSWERS = {**DATA_METHODS, **REPORT_METHODS}
# Entries of a list that are looked at: they are made alike, and answers are many.
CHECKED = 3
DISCOVERY = Discovery(Path(__file__).with_suffix(".json"))


def check_values(method: str, params: Mapping[str, str]) -> None:
    """Refuse a parameter whose value is none of those that Google's document allows."""
    known = DISCOVERY.methods[method]
    for name, value in params.items():
        allowed = known.get(name, {}).get("enum")
        if allowed is not None and value not in allowed:
            raise Refusal(
                400,
                "badRequest",
                f"Invalid value at '{name}', \"{value}\"; allowed: {', '.join(allowed)}",
                domain="global",
                location=name,
                state="INVALID_ARGUMENT",
            )


def checked(method: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer; what Google's schema does not know would be a defect of the sandbox."""
    lists = {name: answer[name][:CHECKED] for name in ("items", "rows") if name in answer}
    if problems := DISCOVERY.find_problems({**answer, **lists}, ANSWERS[method]):
        raise AssertionError(f"the answer of {method} is not as Google describes it: {problems}")
    return answer


def trim_documents(data: Mapping[str, Any], reports: Mapping[str, Any]) -> dict[str, Any]:
    """Return revisions, parameters and schemas of the connector's methods, without texts."""
    return {
        "revision": {"youtube": data["revision"], "youtubeAnalytics": reports["revision"]},
        "methods": {
            **{method: trim_parameters(data, method) for method in DATA_METHODS},
            **{method: trim_parameters(reports, method) for method in REPORT_METHODS},
        },
        "schemas": {
            **trim_schemas(data, DATA_METHODS.values()),
            **trim_schemas(reports, REPORT_METHODS.values()),
        },
    }


def main(arguments: list[str]) -> None:
    """Trim the two discovery documents named on the command line."""
    data, reports = (json.loads(Path(a).read_text(encoding="utf-8")) for a in arguments)
    write_trimmed(DISCOVERY.file, trim_documents(data, reports))


if __name__ == "__main__":
    main(sys.argv[1:])
