"""A transport that answers from a list instead of a network."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse


class Answers(BaseAdapter):
    """Gives one prepared answer per request and remembers the requests."""

    def __init__(self, *answers: HTTPResponse | Exception) -> None:
        super().__init__()
        self.answers = list(answers)
        self.requests: list[requests.PreparedRequest] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.requests.append(request)
        raw = self.answers.pop(0)
        if isinstance(raw, Exception):
            raise raw
        response = requests.Response()
        response.status_code = raw.status
        response.headers = requests.structures.CaseInsensitiveDict(raw.headers)
        response.raw = raw
        response.request = request
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """Nothing is open."""


def answer(
    body: bytes = b"{}",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    packed: bool = False,
    announced: int | None = None,
) -> HTTPResponse:
    """An HTTP answer; `announced` overrides the length it names."""
    content = gzip.compress(body) if packed else body
    fields = HTTPHeaderDict({"Date": "Fri, 20 Nov 2026 08:00:00 GMT"})
    fields["Content-Length"] = str(len(content) if announced is None else announced)
    if packed:
        fields["Content-Encoding"] = "gzip"
    for name, value in (headers or {}).items():
        fields[name] = value
    return HTTPResponse(
        body=io.BytesIO(content),
        headers=fields,
        status=status,
        preload_content=False,
        request_method="GET",
    )
