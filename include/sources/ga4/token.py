"""Fetch service-account tokens with google-auth; imported only when a run starts (it is heavy).

google-auth's own `requests` transport logs and follows redirects; this one does neither, and sends
the signed key assertion only over https or to loopback.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import google.auth.crypt
import google.auth.exceptions
import google.auth.transport
import requests
from google.oauth2 import service_account

from include.errors import BadCredentials, Unavailable
from include.http.address import check_address, is_loopback
from include.sources._base import Connection

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
TIMEOUT_SECONDS = 30.0


class TokenAnswer(google.auth.transport.Response):
    """What google-auth wants to know of the token endpoint's answer."""

    def __init__(self, response: requests.Response) -> None:
        self._response = response

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        return self._response.headers

    @property
    def data(self) -> bytes:
        return self._response.content


class TokenTransport(google.auth.transport.Request):
    """Send one token request; raises google-auth's `TransportError` and our `UnsafeAddress`."""

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_: Any,
    ) -> TokenAnswer:
        check_address(url)
        try:
            with _open_http(url) as http:
                response = http.request(
                    method,
                    url,
                    data=body,
                    headers=dict(headers or {}),
                    timeout=timeout or TIMEOUT_SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            # Only the kind: the text of the error may quote the request.
            raise _transport_error(type(error).__name__) from None
        if response.ok and not _is_object(response.content):
            # A proxy's page with HTTP 200; google-auth would stumble over it.
            raise _transport_error("it answered no JSON object")
        return TokenAnswer(response)


class ServiceAccount:
    """The token of one connection, renewed when google-auth says it is about to expire."""

    def __init__(self, connection: Connection) -> None:
        self._conn_id = connection.conn_id
        self._transport = TokenTransport()
        try:
            self._credentials = _read_credentials(connection)
        except (ValueError, KeyError, google.auth.exceptions.GoogleAuthError):
            # Nothing of the cause is shown: it may quote the key.
            raise BadCredentials(
                f"connection {self._conn_id!r}: extra.keyfile_dict is not a usable service-account "
                "key; paste the JSON file Google issued, unchanged"
            ) from None

    def bearer(self) -> str:
        """Return a valid access token, asking for a new one when needed.

        Raises `BadCredentials` for a refused key, `Unavailable` when the token endpoint fails.
        """
        if not self._credentials.valid:
            self.renew()
        return str(self._credentials.token)

    def renew(self) -> None:
        """Ask for a new token now; raises as `bearer` does."""
        try:
            self._credentials.refresh(self._transport)  # type: ignore[no-untyped-call]  # untyped there
        except google.auth.exceptions.TransportError as error:
            raise Unavailable(
                f"connection {self._conn_id!r}: the token endpoint cannot be reached ({error})"
            ) from None
        except google.auth.exceptions.RefreshError as error:
            reason = _refusal(error)
            # A refusal of the key says so in OAuth's words; a gateway's 502 says nothing of it.
            if error.retryable or reason is None:
                raise Unavailable(
                    f"connection {self._conn_id!r}: the token endpoint failed "
                    f"({reason or 'no reason given'})"
                ) from None
            raise BadCredentials(
                f"connection {self._conn_id!r}: Google refused the service-account key ({reason}); "
                "the key was deleted or belongs to another account: create a new one"
            ) from None


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False


def _open_http(url: str) -> requests.Session:
    http = requests.Session()
    # Never a proxy to this machine; an explicit `auth` keeps logins of a .netrc file at home.
    http.trust_env = not is_loopback(urlsplit(url).hostname or "")
    http.auth = lambda prepared: prepared
    return http


def _transport_error(kind: str) -> google.auth.exceptions.TransportError:
    # google-auth leaves this signature untyped.
    return google.auth.exceptions.TransportError(kind)  # type: ignore[no-untyped-call]


def _read_credentials(connection: Connection) -> service_account.Credentials:
    key = read_key(connection)
    email, token_uri = key["client_email"], key["token_uri"]
    signer = _read_signer(key["private_key"], key.get("private_key_id"))
    # google-auth leaves these signatures untyped.
    build: Any = service_account.Credentials
    credentials: service_account.Credentials = build(signer, email, token_uri, scopes=[SCOPE])
    return credentials


@functools.lru_cache(maxsize=8)
def _read_signer(private_key: str, key_id: str | None) -> Any:
    """Read a private key, once in a process: proving it sound costs as much as a small report."""
    return google.auth.crypt.RSASigner.from_string(private_key, key_id)  # type: ignore[no-untyped-call]  # untyped there


def read_key(connection: Connection) -> dict[str, Any]:
    """Read the key of extra.keyfile_dict, an object or the same as JSON text."""
    key = connection.extra.get("keyfile_dict")
    if not key:
        raise BadCredentials(
            f"connection {connection.conn_id!r}: extra.keyfile_dict is missing; it must hold the "
            "service-account key (the JSON file Google issued)"
        )
    if isinstance(key, str):
        key = json.loads(key)
    if not isinstance(key, dict):
        raise ValueError("not an object")
    return key


def _refusal(error: google.auth.exceptions.RefreshError) -> str | None:
    """Return OAuth's error word such as invalid_grant, never the whole answer; None without one."""
    for argument in error.args:
        if isinstance(argument, dict) and isinstance(argument.get("error"), str):
            return str(argument["error"])
    return None
