"""The bottom of a session: how connections are opened and bodies are read."""

from __future__ import annotations

import zlib

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from include.errors import BadRequest, Truncated


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
    """Read the body, unpacked; `Truncated` when its length or its gzip stream is cut short."""
    packed = response.raw.read(limit + 1, decode_content=False)
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
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and len(packed) < int(announced) and response.request.method != "HEAD":
        raise Truncated(
            f"connection {conn_id!r}: {len(packed):,} of {int(announced):,} announced bytes came"
        )
    return body
