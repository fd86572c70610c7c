"""Redaction: tokens and personal values go, every other byte stays."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.errors import InvalidSettings
from include.http.redact import Redactor, redact_text

KEYS = frozenset({"email", "phone"})
REDACTOR = Redactor(b"key", KEYS, ["s3cr3t-token"])


def digest(text: str) -> str:
    return hmac.new(b"key", text.encode(), hashlib.sha256).hexdigest()


ANA = digest("ana@x.org").encode()
PHONE = digest("4915112345").encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"email": "Ana@X.org"}', b'{"email": "%s"}' % ANA),
        (b'{"a": [{"email":" ana@x.org "}]}', b'{"a": [{"email":"%s"}]}' % ANA),
        (b'{"email" : null, "x": 1}', b'{"email" : null, "x": 1}'),
        (b'{"email":"", "phone":true}', b'{"email":"", "phone":true}'),
        (b'{"phone": 4915112345, "x": 1}', b'{"phone": "%s", "x": 1}' % PHONE),
        (b'{"phone":-1.5e3}', b'{"phone":"%s"}' % digest("-1.5e3").encode()),
        (rb'{"email":"a\"b@x.org","n":1}', b'{"email":"%s","n":1}' % digest('a"b@x.org').encode()),
        (rb'{"email":"a\\","n":"email"}', b'{"email":"%s","n":"email"}' % digest("a\\").encode()),
        (rb'{"\u0065mail":"ana@x.org"}', rb'{"\u0065mail":"%s"}' % ANA),
        (b'{"email":["a@x.org"],"n":1}', b'{"email":"%s","n":1}' % digest('["a@x.org"]').encode()),
        (b'{"email":{"v":"}"},"n":1}', b'{"email":"%s","n":1}' % digest('{"v":"}"}').encode()),
        (rb'{"raw":"{\"email\":\"a@x.org\",\"n\":1}"}',
         rb'{"raw":"{\"email\":\"%s\",\"n\":1}"}' % digest("a@x.org").encode()),
        (b'{"emails":"a@x.org","my_email":"b"}', b'{"emails":"a@x.org","my_email":"b"}'),
        (b'{"t": "s3cr3t-token"}', b'{"t": "REDACTED"}'),
    ],
)  # fmt: skip
def test_a_body_loses_personal_values_only(body: bytes, expected: bytes) -> None:
    assert REDACTOR.body(body) == expected


@pytest.mark.parametrize(
    "link",
    [
        "https://g.example/v1?access_token=EAAB123&after=x",
        r"https:\/\/g.example\/v1?after=x&access_token=EAAB123",
        r"https://g.example/v1?access_token=EAAB123\u0026after=x",
        "next%3Faccess_token%3DEAAB123%26after=x",
    ],
)
def test_tokens_leave_links(link: str) -> None:
    body = b'{"paging": {"next": "%s"}, "text": "key=1&secret=2"}' % link.encode()

    redacted = REDACTOR.body(body)

    assert redacted == body.replace(b"EAAB123", b"REDACTED")


def test_other_bytes_stay_as_they_are() -> None:
    body = b'{ "b":1.10,\n\t"a": "\xff\\u00e9 \\ud800", "a":0 }  '
    assert REDACTOR.body(body) == body


@given(st.text(), st.text())
def test_any_value_is_found_whatever_its_spelling(value: str, other: str) -> None:
    for ascii_only in (True, False):
        document = {"x": other, "email": value, "y": other}
        body = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

        redacted = json.loads(REDACTOR.body(body).decode("utf-8", "surrogatepass"))

        assert redacted["x"] == redacted["y"] == other.replace("s3cr3t-token", "REDACTED")
        assert redacted["email"] == (REDACTOR.hash_value(value) if value else "")


def test_a_request_is_kept_without_secrets_and_persons() -> None:
    request = {
        "params": {"access_token": "x", "limit": 5, "api_key": "y"},
        "json": {"variables": {"email": "ana@x.org"}, "client_secret": "z"},
    }
    assert REDACTOR.request(request) == {
        "params": {"limit": 5},
        "json": {"variables": {"email": digest("ana@x.org")}},
    }


def test_personal_keys_need_a_hash_key() -> None:
    with pytest.raises(InvalidSettings, match=r"'privacy' \(fields: email, phone\)"):
        Redactor(b"", KEYS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /x?key=abc123&n=1", "GET /x?key=REDACTED&n=1"),
        ("Authorization: Bearer abcdefghij.klm", "Authorization: Bearer REDACTED"),
        ("https://ck_1:cs_2@shop.example/x", "https://REDACTED@shop.example/x"),
        ("{'access_token': 'abc'}", "{'access_token': 'REDACTED'}"),
        ("monkey=1, basic idea", "monkey=1, basic idea"),
    ],
)
def test_messages_lose_what_looks_like_a_token(text: str, expected: str) -> None:
    assert redact_text(text) == expected
