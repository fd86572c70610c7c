"""Google's own description of the Data API, which requests and answers are checked against.

`sandbox_discovery.json` is the part of the discovery document (analyticsdata v1beta) that reports
use, without its texts. To make it anew from the document in the google-api-python-client package
(`googleapiclient/discovery_cache/documents/analyticsdata.v1beta.json`):

    python -m include.sources.ga4.sandbox_discovery DOCUMENT
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from include.sandbox.discovery import Discovery, Schema, trim_schemas, write_trimmed

ROOTS = (
    "RunReportRequest",
    "RunReportResponse",
    "BatchRunReportsRequest",
    "BatchRunReportsResponse",
)
_DISCOVERY = Discovery(Path(__file__).with_suffix(".json"))


def find_problems(document: Any, schema_name: str) -> list[str]:
    """Return what Google's schema does not know or would not take, in the API's words."""
    return _DISCOVERY.find_problems(document, schema_name)


def read_schemas() -> Mapping[str, Schema]:
    """Return the trimmed schemas by name."""
    return _DISCOVERY.schemas


def trim_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return revision and schemas that `ROOTS` lead to, without descriptions."""
    return {"revision": document["revision"], "schemas": trim_schemas(document, ROOTS)}


def main(arguments: list[str]) -> None:
    """Trim the discovery document named on the command line."""
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    write_trimmed(_DISCOVERY.file, trim_document(document))


if __name__ == "__main__":
    main(sys.argv[1:])
