"""One process: `stream_contender.py land|split|ours ROUNDS SOURCE STREAM PORT DSN FOLDER`.

`land` asks the sandbox and is not measured; it ends with the number of rows that came.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from include.http.session import ApiSession
from include.ingest import day_window, relaxed_gc, run_stream
from include.landing.pages import find_runs
from include.landing.store import open_store
from include.sources import discover_sources
from include.sources._base import Connection, FetchContext, Page, Source, Stream

# Totals of a window no longer hold when its pages come several times.
_WHOLE_WINDOW = {"expected_total", "slices"}


def main() -> None:
    """Read the landed pages of a stream from the page server, so often as asked."""
    mode, rounds, source_name, stream_name, port, dsn, folder = sys.argv[1:]
    source = discover_sources()[source_name]
    stream = source.stream(stream_name)
    if mode == "land":
        land(source, stream, dsn, Path(folder))
        return
    store = open_store(f"{folder}/landing")
    run = find_runs(store, source_name, source_name, stream_name)[0]

    def fetch(ctx: FetchContext) -> Iterator[Page]:
        for _ in range(int(rounds)):
            for entry in run.entries:
                at = quote(format_datetime(entry.captured_at.astimezone(dt.UTC), usegmt=True))
                page = ctx.session.request("GET", f"/{run.path}/{entry.file}?at={at}")
                context = dict(entry.context or {})
                page.context = {k: v for k, v in context.items() if k not in _WHOLE_WINDOW}
                yield page

    connection = Connection(f"bench_{source_name}", "127.0.0.1", "http", int(port))
    served = replace(stream, fetch=fetch)
    if mode == "split":
        split(source, served, connection)
    else:
        result = run_stream(
            replace(source, classify=None),
            served,
            connection,
            day_window(run.header.partition_key, ZoneInfo("America/New_York")),
            dsn=dsn,
            landing_url=f"{folder}/landed_again",
            hash_key=b"bench",
            run_id="bench",
        )
        print(result)


def land(source: Source, stream: Stream, dsn: str, folder: Path) -> None:
    """Run a stream's day against the sandbox, or against the files it would write."""
    from include.connections import parse_connection
    from include.sandbox.installation import read_installation
    from include.sandbox.server import discover_sandboxes

    module = discover_sandboxes()[source.name]
    if hasattr(module, "write_files"):
        now = dt.datetime(2026, 11, 11, 13, tzinfo=dt.UTC)
        market = read_installation(folder).build()
        module.write_files(market, now, folder / "sandbox_files" / source.name)
    state = json.loads((folder / "sandbox.json").read_text(encoding="utf-8"))
    result = run_stream(
        source,
        stream,
        parse_connection(source.name, json.dumps(state["connections"][source.name])),
        day_window("2026-11-10", "America/New_York"),
        dsn=dsn,
        landing_url=str(folder / "landing"),
        hash_key=b"bench",
        run_id="bench",
    )
    if not result.rows_read:
        raise RuntimeError(f"nothing was landed: {result}")
    print(result.rows_read)


def split(source: Source, stream: Stream, connection: Connection) -> None:
    """Take the pages apart into rows and drop them."""
    session = ApiSession(
        connection, hash_key=b"bench", personal_keys=stream.personal_keys, decode=stream.decode
    )
    window = day_window("2026-11-10", "America/New_York")
    rows = 0
    with session, relaxed_gc():
        for page in stream.fetch(FetchContext(connection, session, window)):
            for document in stream.parse(page.document, page):
                rows += 1 + sum(len(list(child.rows(document))) for child in stream.children)
    print(source.name, rows)


if __name__ == "__main__":
    main()
