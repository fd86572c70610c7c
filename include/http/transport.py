"""The bottom of a session: how connections are opened and bodies are read."""

from __future__ import annotations

import time
import zlib

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from include.errors import BadRequest, Truncated, Unavailable

# The socket's time-out begins anew with every byte: of a server that drips, this is the end.
LONGEST_BODY_SECONDS = 600.0
_PART_BYTES = 256 * 1024


def open_http(adapter: BaseAdapter | None) -> requests.Session:
    http = requests.Session()
    # Retries are ours: they must know the error tree.
    adapter = adapter or HTTPAdapter(pool_connections=4, pool_maxsize=4, max_retries=0)
    http.mount("https://", adapter)
    http.mount("http://", adapter)
    http.headers.update({"Accept-Encoding": "gzip", "Accept": "application/json, */*;q=0.1"})
    http.headers["User-Agent"] = "groundswell"
    # An explicit `auth` keeps requests from sending logins of a .netrc file.
    http.auth = _keep_headers
    return http


def _keep_headers(prepared: requests.PreparedRequest) -> requests.PreparedRequest:
    return prepared


def read_body(response: requests.Response, limit: int, conn_id: str) -> bytes:
    """Read the body, unpacked; `Truncated` when its length or its gzip stream is cut short.

    Raise `Unavailable` when it drips in for longer than `LONGEST_BODY_SECONDS`.
    """
    announced = response.headers.get("Content-Length", "")
    packed = _read_packed(response, limit + 1, conn_id)
    body = packed
    if response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip") and packed:
        unpacker = zlib.decompressobj(wbits=31)
        try:
            body = unpacker.decompress(packed, limit + 1)
        except zlib.error as error:
            raise Truncated(f"connection {conn_id!r}: broken gzip in the answer: {error}") from None
        if not unpacker.eof and len(body) <= limit:
            raise Truncated(f"connection {conn_id!r}: the answer's gzip ended early")
    if len(packed) > limit or len(body) > limit:
        raise BadRequest(f"connection {conn_id!r}: an answer is larger than {limit:,} bytes")
    # Reading exactly the announced length ends without urllib3's own check at end of file.
    if announced.isdecimal() and len(packed) < int(announced) and response.request.method != "HEAD":
        raise Truncated(
            f"connection {conn_id!r}: {len(packed):,} of {int(announced):,} announced bytes came"
        )
    return body


def _read_packed(response: requests.Response, most: int, conn_id: str) -> bytes:
    """Read what comes, up to `most` bytes, part by part as the network gives it."""
    parts, size, deadline = list[bytes](), 0, time.monotonic() + LONGEST_BODY_SECONDS
    while size < most:
        try:
            part = response.raw.read1(min(_PART_BYTES, most - size), decode_content=False)
        except urllib3.exceptions.IncompleteRead:
            break  # how much is missing is told by the length that was announced
        if not part:
            break
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise Unavailable(
                f"connection {conn_id!r}: after {LONGEST_BODY_SECONDS:.0f} s only {size:,} bytes "
                "of an answer have come"
            )
    return b"".join(parts)
