"""One measured process: `python bench/contender.py ours|floor|replay API_PORT DSN FOLDER`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from include.sources._base import Connection, Window

# The shop's first order is of October 1st; the look-back of 48 hours reaches before it.
WINDOW = Window(
    start=dt.datetime(2026, 10, 2, tzinfo=dt.UTC),
    end=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    key="2026-10-02",
)


def run_ours(port: int, dsn: str, folder: Path) -> None:
    """Fetch, land and load with the product's own function and connector."""
    from include.ingest import run_stream
    from include.sources import discover_sources

    source = discover_sources()["shopify"]
    connection = Connection("shopify", "127.0.0.1", "http", port, password="not-a-secret")
    result = run_stream(
        source,
        source.stream("orders"),
        connection,
        WINDOW,
        dsn=dsn,
        landing_url=str(folder / "landing"),
        hash_key=b"bench",
        run_id="bench",
    )
    print(result)


def run_replay(dsn: str, folder: Path) -> None:
    """Load what was landed before into tables that do not exist yet."""
    from include.replay import replay_all
    from include.sources import discover_sources

    source = discover_sources()["shopify"]
    print(
        replay_all(
            source,
            source.stream("orders"),
            "shopify",
            dsn=dsn,
            landing_url=str(folder / "landing"),
            hash_key=b"bench",
            jobs=2,
        )
    )


def run_floor(port: int, dsn: str) -> None:
    """Download the same pages and COPY their bodies as they are: less than any loader can do."""
    import psycopg
    import requests

    from include.sources.shopify import queries

    http, after = requests.Session(), None
    url = f"http://127.0.0.1:{port}{queries.API_PATH}"
    with psycopg.connect(dsn) as conn, conn.cursor() as cursor:
        cursor.execute("create temp table floor_pages (body text)")
        with cursor.copy("copy floor_pages from stdin") as copy:
            while True:
                variables = {"query": "", "first": queries.PAGE_SIZE, "after": after}
                body = http.post(
                    url, json={"query": queries.ORDERS, "variables": variables}
                ).content
                copy.write_row((body.decode(),))
                tail = body[body.rindex(b'"hasNextPage"') :]
                if tail.startswith(b'"hasNextPage":false'):
                    return
                after = tail.partition(b'"endCursor":"')[2].partition(b'"')[0].decode()


if __name__ == "__main__":
    if sys.argv[1] == "floor":
        run_floor(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "replay":
        run_replay(sys.argv[3], Path(sys.argv[4]))
    else:
        run_ours(int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
