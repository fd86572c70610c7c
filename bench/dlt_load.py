"""Load the same orders with dlt: `python bench/dlt_load.py API_URL DSN PAGE_SIZE QUERY_FILE`.

Runs in bench/.venv. The settings are dlt's fastest of those tried for nested JSON over HTTP: whole
pages are yielded (not single orders), orjson decodes, CSV files feed COPY, rows are appended (its
merge costs more), nothing is logged or reported.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ |= {
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "NORMALIZE__WORKERS": "1",
    "LOAD__WORKERS": "1",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
    "NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION": "true",
}

import dlt
import orjson
import requests

# The columns our records declare; dlt would infer texts for money and needs no hint for the rest.
SINCE = "updated_at:>='2026-10-01T00:00:00Z'"


def read_orders(url: str, query: str, page_size: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the orders page by page."""
    http, after = requests.Session(), None
    while True:
        variables = {"query": SINCE, "first": page_size, "after": after}
        answer = http.post(url, json={"query": query, "variables": variables})
        orders = orjson.loads(answer.content)["data"]["orders"]
        yield orders["nodes"]
        if not orders["pageInfo"]["hasNextPage"]:
            return
        after = orders["pageInfo"]["endCursor"]


def main() -> None:
    """Run one pipeline and print how many rows its orders table got."""
    url, dsn, page_size, query_file = sys.argv[1:5]
    file_format = os.environ.get("BENCH_DLT_FORMAT", "csv")
    disposition = os.environ.get("BENCH_DLT_DISPOSITION", "append")
    query = Path(query_file).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=folder,
            destination=dlt.destinations.postgres(dsn),
            dataset_name="dlt_raw",
        )
        orders = dlt.resource(
            read_orders(url, query, int(page_size)),
            name="orders",
            write_disposition=disposition,
            primary_key="legacyResourceId",
        )
        pipeline.run(orders, loader_file_format=file_format)


if __name__ == "__main__":
    main()
