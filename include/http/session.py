"""The HTTP session of every connector: safe addresses, limits, retries, redaction, decoding."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
import urllib3.exceptions
from requests.adapters import BaseAdapter

from include.errors import BadRequest, GroundswellError, Truncated, Unavailable, UnsafeAddress
from include.http.address import base_address, check_address, is_loopback, origin_of
from include.http.answer import Accept, Classify, HttpAnswer, classify_status, read_date
from include.http.decode import Decode, decode_json
from include.http.redact import REDACTED, Redactor, install_log_filter, is_secret_name
from include.http.retry import RetryPolicy, call_with_retries
from include.http.transport import open_http, read_body
from include.sources._base import Connection, Page

__all__ = ["ApiSession", "check_address"]

CONNECT_SECONDS, READ_SECONDS = 10.0, 120.0
# Far above any page a connector asks for; a body beyond it is an error, not data.
MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class ApiSession:
    """Asks one connection's API and returns redacted pages.

    A connector puts its credentials into `headers` (they reach the connection's hosts only and
    never a page) and may set `classify` (see `include.http.answer`). Transient errors are retried
    with growing, jittered waits; `RateLimited` waits what the API asks. `sleep` serves connectors
    that pace themselves. `decode` reads the bodies (see `Stream.decode`). Raises the error tree; no
    message holds a secret.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        hash_key: bytes = b"",
        personal_keys: frozenset[str] = frozenset(),
        extra_hosts: frozenset[str] = frozenset(),
        classify: Classify | None = None,
        decode: Decode = decode_json,
        retry: RetryPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        max_body_bytes: int = MAX_BODY_BYTES,
        timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
        adapter: BaseAdapter | None = None,
    ) -> None:
        install_log_filter()
        self.connection = connection
        self.headers: dict[str, str] = {}
        self.classify = classify
        self._decode = decode
        self.sleep = sleep
        # A source without an API (the campaign plan) has a connection without a host.
        self._base = base_address(connection) if connection.host else ""
        self._allowed = {_origin(host) for host in extra_hosts}
        if self._base:
            self._allowed.add(origin_of(self._base))
        self._redactor = Redactor(hash_key, personal_keys, _secrets_of(connection))
        self._retry = retry or RetryPolicy()
        self._max_body_bytes = max_body_bytes
        self._timeout = timeout
        self._http = open_http(adapter)
        self._sending: dict[str, Any] | None = None

    def request(
        self,
        method: str,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        """Ask once (and again after transient errors) and return the redacted page.

        path_or_url: a path of the connection's host, or an absolute address of an allowed host.
        `page.document` holds the decoded body; an answer of status 2xx that does not decode counts
        as truncated.
        """
        url = self._resolve(path_or_url)
        for name, value in {**self.headers, **(headers or {})}.items():
            if is_secret_name(name):
                self._redactor.add_secret(value.partition(" ")[2] or value)
        request = requests.Request(
            method,
            url,
            params=dict(params) if params else None,
            json=json,
            data=data,
            headers={**self.headers, **(headers or {})},
        )
        described = self._describe(request)
        answer = call_with_retries(
            lambda: self._ask(request, described), self._retry, self.sleep, described["address"]
        )
        return Page(
            body=answer.content,
            status=answer.status_code,
            captured_at=answer.captured_at,
            captured_at_source=answer.captured_at_source,
            request=described,
            headers=answer.headers,
            document=answer.document,
        )

    @property
    def redactor(self) -> Redactor:
        """The connection's redactor, for what comes by another way than `request` (files)."""
        return self._redactor

    def allow_host(self, host: str) -> None:
        """Allow one more host (`host` or `host:port`) that this API spreads over."""
        self._allowed.add(_origin(host))

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _resolve(self, path_or_url: str) -> str:
        """Return a safe absolute address; parameters redacted from a link are left out."""
        if not self._base:
            raise UnsafeAddress(f"connection {self.connection.conn_id!r} has no host")
        is_absolute = "://" in path_or_url.split("?", 1)[0]
        url = path_or_url if is_absolute else f"{self._base}/{path_or_url.removeprefix('/')}"
        check_address(url, self._allowed)
        parts = urlsplit(url)
        if REDACTED not in parts.query:
            return url
        kept = [(k, v) for k, v in parse_qsl(parts.query, True) if v != REDACTED]
        return urlunsplit(parts._replace(query=urlencode(kept)))

    def _describe(self, request: requests.Request) -> dict[str, Any]:
        parts = urlsplit(request.url)
        described = {
            "method": request.method,
            "address": urlunsplit(parts._replace(query="")),
            "params": dict([*parse_qsl(parts.query, True), *_pairs(request.params)]),
            "json": request.json,
        }
        kept = self._redactor.request({k: v for k, v in described.items() if v})
        kept["address"] = self._redactor.text(kept["address"])
        return kept

    def _ask(self, request: requests.Request, described: Mapping[str, Any]) -> HttpAnswer:
        """Send once; raise the error the answer stands for."""
        try:
            answer = self._send(self._http.prepare_request(request))
            return self._judge(answer)
        except GroundswellError as error:
            error.args = (self._redactor.text(str(error)), *error.args[1:])
            raise
        except requests.exceptions.InvalidURL:
            raise UnsafeAddress(f"{described['address']} is not an address") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise self._transport_error(error, str(described["address"])) from None

    def _judge(self, answer: HttpAnswer) -> HttpAnswer:
        verdict = self.classify(answer) if self.classify is not None else None
        if isinstance(verdict, Exception):
            raise verdict
        if isinstance(verdict, Accept):
            return answer
        if (error := classify_status(answer)) is not None:
            raise error
        answer.json()
        return answer

    def _transport_error(self, error: Exception, address: str) -> Exception:
        # `from None` and our own words: the library's text quotes the address with its query.
        kind = type(error).__name__
        conn_id = self.connection.conn_id
        cut = (urllib3.exceptions.ProtocolError, urllib3.exceptions.DecodeError)
        if isinstance(error, urllib3.exceptions.IncompleteRead | urllib3.exceptions.DecodeError):
            return Truncated(
                f"connection {conn_id!r}: the answer of {address} ended early ({kind})"
            )
        if isinstance(error, cut):
            return Unavailable(f"connection {conn_id!r}: {address} broke the connection ({kind})")
        if isinstance(error, requests.exceptions.SSLError):
            return Unavailable(f"connection {conn_id!r}: no trusted TLS with {address} ({kind})")
        return Unavailable(f"connection {conn_id!r}: {address} cannot be reached ({kind})")

    def _send(self, prepared: requests.PreparedRequest) -> HttpAnswer:
        for _ in range(MAX_REDIRECTS + 1):
            url = str(prepared.url)
            # Not `Session.send`: it would follow redirects, keep cookies, and costs as much again.
            response = self._http.get_adapter(url).send(
                prepared, stream=True, timeout=self._timeout, **self._sending_settings(url)
            )
            with response:
                location = response.headers.get("Location")
                if response.status_code not in _REDIRECTS or not location:
                    return self._read(response)
                self._check_redirect(prepared, response, location)
                prepared.url = requests.compat.urljoin(url, location)
        raise BadRequest(
            f"connection {self.connection.conn_id!r}: more than {MAX_REDIRECTS} redirects"
        )

    def _check_redirect(
        self, prepared: requests.PreparedRequest, response: requests.Response, location: str
    ) -> None:
        target = requests.compat.urljoin(str(prepared.url), location)
        check_address(target, {origin_of(str(prepared.url))})
        if prepared.method != "GET" and response.status_code not in (307, 308):
            raise BadRequest(
                f"connection {self.connection.conn_id!r}: the API redirects a {prepared.method}; "
                "correct the connection's host"
            )

    def _sending_settings(self, url: str) -> dict[str, Any]:
        """Proxy and certificates of the environment, looked up once; never a proxy to loopback."""
        if self._sending is None:
            found = self._http.merge_environment_settings(url, {}, True, None, None)
            is_near = is_loopback(urlsplit(url).hostname or "")
            proxies = {} if is_near else found["proxies"]
            self._sending = {"verify": found["verify"], "cert": found["cert"], "proxies": proxies}
        return self._sending

    def _read(self, response: requests.Response) -> HttpAnswer:
        body = read_body(response, self._max_body_bytes, self.connection.conn_id)
        api_time = read_date(response.headers.get("Date"))
        headers = response.headers.copy()
        headers.pop("Set-Cookie", None)
        return HttpAnswer(
            conn_id=self.connection.conn_id,
            status_code=response.status_code,
            content=self._redactor.body(body),
            headers=headers,
            captured_at=api_time or dt.datetime.now(dt.UTC),
            captured_at_source="api" if api_time else "local",
            decode=self._decode,
        )


def _secrets_of(connection: Connection) -> list[str]:
    """Return the texts of a connection that no page, message or log may hold."""
    found = [connection.password] if connection.password else []
    pending: list[tuple[str, Any]] = list(connection.extra.items())
    while pending:
        name, value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend(value.items())
        elif isinstance(value, str) and (is_secret_name(name) or "private" in name):
            found.append(value)
    return found


def _origin(host: str) -> str:
    return origin_of(f"https://{host}")


def _pairs(params: Any) -> list[tuple[str, Any]]:
    return list(params.items()) if params else []
