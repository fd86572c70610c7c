"""Take secrets and personal values out of answers, requests, messages and logs.

Answers are edited as bytes, so everything else stays verbatim: a personal value becomes the
HMAC-SHA256 (hex) of its normalised text, the same person the same text everywhere; a token becomes
REDACTED. So does what is left of a value in which a body was cut off: it must not stay, and a hash
of a part would name nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

from include.errors import InvalidSettings

REDACTED = "REDACTED"
# Parameters that carry tokens wherever an address stands, also inside an answer (`paging.next`).
_TOKEN_NAMES = (
    "access_token|refresh_token|id_token|fb_exchange_token|input_token"
    "|client_secret|appsecret_proof"
)
_SECRET_NAMES = re.compile(
    rf"(?i)^(?:{_TOKEN_NAMES}|key|api_?key|password|secret|token|sig|signature|assertion|auth"
    r"|oauth_\w+|consumer_(?:key|secret)|authorization|cookie|set-cookie|x-.*(?:token|key|secret).*"
    r"|access-token)$"
)
_BODY_TOKEN = re.compile(rf'((?:{_TOKEN_NAMES})(?:=|%3[Dd]))[^&"\\\s<>#%]+'.encode())
# Every such parameter ends like this; looking for it first costs a third of a search for the words.
_BODY_TOKEN_HINT = re.compile(rb"_(?:token|secret|proof)(?:=|%3)")
_TEXT_TOKEN = re.compile(
    rf"(?i)((?:{_TOKEN_NAMES}|[?&](?:key|api_?key|sig|signature|token|password|secret|assertion"
    r"|oauth_\w+|consumer_(?:key|secret)))(?:=|%3D))[^&\"'\\\s<>#%]+"
)
_TEXT_SCHEME = re.compile(r"(?i)\b(Bearer|Basic|OAuth)\s+[A-Za-z0-9._~+/=-]{8,}")
_TEXT_LOGIN = re.compile(r"(://)[^/@\s]+@")
_TEXT_FIELD = re.compile(rf"(?i)([\"'](?:{_TOKEN_NAMES})[\"']\s*:\s*[\"'])[^\"']+")

_STRING = rb'"(?:[^"\\]|\\.)*"'
# What a whole body ends in.
_ENDS = (b"}", b"]", b"\n", b">")
_VALUE = re.compile(_STRING + rb"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.DOTALL)
_NESTED = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
# JSON inside a JSON string: every quote of the inner text stands behind a backslash. Where the
# inner text was cut, the outer string ends, or the body.
_INNER_VALUE = rb'\\"((?:[^"\\]|\\\\(?:\\.|[^\\"])|\\[^"\\])*)(?:(\\")|(?=\\*(?:"|\Z)))|(-?\d+)'
# Of a secret a body may end in a part; shorter parts would cut innocent words.
_SHORTEST_SECRET = 6


def is_secret_name(name: str) -> bool:
    """Say whether a header, parameter or field of this name holds a secret."""
    return _SECRET_NAMES.match(name) is not None


class Redactor:
    """Redacts for one connection. `secrets` are texts that must appear nowhere.

    Raise `InvalidSettings` when personal keys are declared without a hash key: a hash without a key
    is undone by trying all e-mail addresses.
    """

    def __init__(
        self, hash_key: bytes, personal_keys: frozenset[str], secrets: Iterable[str] = ()
    ) -> None:
        if personal_keys and not hash_key:
            raise InvalidSettings(
                "personal fields cannot be hashed without a key: set the password of connection "
                f"'privacy' (fields: {', '.join(sorted(personal_keys))})"
            )
        self._hash_key = hash_key
        self._keys = personal_keys
        # One search finds "email" and "emailAddress".
        shortest = [
            k for k in personal_keys if not any(k != o and k.startswith(o) for o in personal_keys)
        ]
        self._hints = tuple(f'"{key}'.encode() for key in sorted(shortest))
        names = b"|".join(re.escape(key.encode()) for key in sorted(personal_keys))
        self._plain_key = re.compile(rb'"(?:' + names + rb')"\s*:\s*')
        # Any key that spells a letter as \u00xx, compared after decoding.
        self._spelled_key = re.compile(
            rb'"(?:' + names + rb'|(?:[^"\\]|\\.)*?\\u00(?:[^"\\]|\\.)*)"\s*:\s*'
        )
        self._inner_key = re.compile(
            rb'(\\"(?:' + names + rb')\\"\s*:\s*)(?:' + _INNER_VALUE + rb")", re.DOTALL
        )
        self._secrets: dict[str, None] = {}
        for secret in secrets:
            self.add_secret(secret)

    def add_secret(self, secret: str) -> None:
        """Remember a text to cut out; texts under 6 characters would cut innocent words."""
        if secret in self._secrets:
            return
        for text in (secret, quote(secret, safe=""), quote_plus(secret)):
            if len(text) >= _SHORTEST_SECRET:
                self._secrets[text] = None

    def text(self, text: str) -> str:
        """Redact a message or an address."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        return redact_text(text)

    def body(self, body: bytes) -> bytes:
        """Redact an answer; everything but tokens and personal values stays byte for byte."""
        for secret in self._secrets:
            if (raw := secret.encode()) in body:
                body = body.replace(raw, REDACTED.encode())
        if not body.endswith(_ENDS):
            body = self._without_cut_secret(body)
        if _BODY_TOKEN_HINT.search(body):
            body = _BODY_TOKEN.sub(rb"\1" + REDACTED.encode(), body)
        if not self._keys:
            return body
        has_escapes = b"\\" in body
        if has_escapes and b"\\u00" in body:
            body = self._hash_values(body, self._spelled_key)
        elif any(hint in body for hint in self._hints):
            body = self._hash_values(body, self._plain_key)
        if has_escapes and b'\\"' in body:
            body = self._inner_key.sub(self._hash_inner, body)
        return body

    def request(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return what may be kept of a request: secrets dropped, personal values hashed."""
        kept = msgspec.json.encode(_without_secrets(request))
        decoded: dict[str, Any] = msgspec.json.decode(self.body(kept))
        return decoded

    def hash_value(self, value: str) -> str:
        """Return the HMAC of a personal value, whatever its case, outer spaces and Unicode form."""
        normalised = unicodedata.normalize("NFC", value.strip().casefold())
        data = normalised.encode("utf-8", "surrogatepass")
        return hmac.new(self._hash_key, data, hashlib.sha256).hexdigest()

    def _without_cut_secret(self, body: bytes) -> bytes:
        """Cut the beginning of a secret off the end of a body."""
        for secret in self._secrets:
            raw = secret.encode()
            for length in range(len(raw) - 1, _SHORTEST_SECRET - 1, -1):
                if body.endswith(raw[:length]):
                    return body[:-length] + REDACTED.encode()
        return body

    def _hash_values(self, body: bytes, key: re.Pattern[bytes]) -> bytes:
        parts, done = [], 0
        while found := key.search(body, done):
            parts.append(body[done : found.end()])
            done = found.end()
            if key is self._spelled_key and _decoded_key(found.group()) not in self._keys:
                continue
            end = _value_end(body, done)
            parts.append(self._hashed(body[done:end]))
            done = end
        return b"".join((*parts, body[done:]))

    def _hashed(self, raw: bytes) -> bytes:
        """Return the JSON text that replaces a value; null, true, false and "" tell of nobody."""
        if raw in (b"", b'""'):
            return raw
        if raw.startswith(b'"') and not _VALUE.fullmatch(raw):
            return b'"' + REDACTED.encode()
        text = _decoded_text(raw) if raw.startswith(b'"') else raw.decode("utf-8", "replace")
        return b'"' + self.hash_value(text).encode() + b'"'

    def _hash_inner(self, found: re.Match[bytes]) -> bytes:
        if found.group(4) is not None:
            text = found.group(4).decode()
        elif found.group(3) is None:
            return found.group(1) + b'\\"' + REDACTED.encode()
        else:
            text = _decoded_text(_decoded_text(b'"\\"' + found.group(2) + b'\\""').encode())
        return found.group(1) + b'\\"' + self.hash_value(text).encode() + b'\\"'


def redact_text(text: str) -> str:
    """Cut what looks like a token out of a message, without knowing the tokens."""
    text = _TEXT_TOKEN.sub(rf"\1{REDACTED}", text)
    text = _TEXT_SCHEME.sub(rf"\1 {REDACTED}", text)
    text = _TEXT_FIELD.sub(rf"\1{REDACTED}", text)
    return _TEXT_LOGIN.sub(rf"\1{REDACTED}@", text)


class RedactingFilter(logging.Filter):
    """Keeps tokens out of the log lines of other people's HTTP code, which shows addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact_text(record.getMessage())
        record.args = None
        return True


def install_log_filter() -> None:
    """Make urllib3's own log lines safe; installing twice changes nothing."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(known, RedactingFilter) for known in logger.filters):
        logger.addFilter(RedactingFilter())


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_secrets(v) for k, v in value.items() if not is_secret_name(str(k))}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value


def _decoded_key(raw: bytes) -> str:
    return _decoded_text(raw.rstrip().removesuffix(b":").rstrip())


def _decoded_text(raw: bytes) -> str:
    try:
        return str(json.loads(raw, strict=False))
    except ValueError:
        return raw.decode("utf-8", "replace")


def _value_end(body: bytes, start: int) -> int:
    """Return where the text, number, list or object at `start` ends; `start` for other values.

    One that is cut ends with the body.
    """
    if found := _VALUE.match(body, start):
        return found.end()
    if body[start : start + 1] == b'"':
        return len(body)
    if body[start : start + 1] not in (b"[", b"{"):
        return start
    depth = 0
    for token in _NESTED.finditer(body, start):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token.group(), 0)
        if depth == 0:
            return token.end()
    return len(body)
