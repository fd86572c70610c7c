"""Serve landed pages over loopback HTTP: `python bench/page_server.py PORT LANDING_FOLDER`.

A path is that of a landed file. The answer's `Date` is when the page was captured (query `at`), so
that a snapshot's window stays current.
"""

from __future__ import annotations

import gzip
import sys
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote


@lru_cache(maxsize=256)
def read(path: Path) -> bytes:
    """Return a page as it was before packing."""
    return gzip.decompress(path.read_bytes())


class Pages(BaseHTTPRequestHandler):
    """Answers one request; `folder` is where the pages lie."""

    protocol_version = "HTTP/1.1"
    # Head and body in one piece: apart, each small answer waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    folder = Path()

    def do_GET(self) -> None:
        path, _, at = self.path.partition("?at=")
        body = read(self.folder / path.lstrip("/"))
        self.send_response_only(200)
        self.send_header("Date", unquote(at))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing per request."""


def main() -> None:
    """Serve until the process is ended."""
    Pages.folder = Path(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Pages)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
