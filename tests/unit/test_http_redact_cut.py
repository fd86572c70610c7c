"""A body that was cut off anywhere holds no part of a personal value or of a secret."""

from __future__ import annotations

import json
import re

import pytest

from include.errors import Truncated
from include.http.redact import Redactor
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection
from tests.fakes.answers import Answers, answer

KEYS = frozenset({"email", "phone", "tags"})
SECRET = "s3cr3t-tokenvalue"
REDACTOR = Redactor(b"key", KEYS, [SECRET])
# Texts that occur in personal values and nowhere else; any two letters of them would tell.
DOCUMENT = {
    "id": 17,
    "email": 'qw"ertz\\uiop@q-w.example',
    "note": "n",
    "phone": "+9988776655",
    "tags": ["asdf", {"v": "ghjk"}],
    "raw": json.dumps({"email": "yxcv@q-w.example", "n": 1, "phone": 998877}),
    "box": {"phone": 998877, "email": "bnm\u00fc@q-w.example"},
}
TOLD = re.compile(rb"qw|we|er|tz|ui|99|88|77|as|df|gh|jk|yx|xc|cv|bn|nm|q-w")
HASH = re.compile(rb"[0-9a-f]{64}")


def bodies() -> list[bytes]:
    """The document in the spellings that JSON allows."""
    plain = json.dumps(DOCUMENT, ensure_ascii=False).encode()
    spelled = json.dumps(DOCUMENT).replace('"email":', '"\\u0065mail":').encode()
    tight = json.dumps(DOCUMENT, separators=(",", ":")).encode()
    return [plain, spelled, tight]


@pytest.mark.parametrize("body", bodies(), ids=["plain", "spelled", "tight"])
def test_whatever_byte_a_body_ends_after_no_personal_text_is_left(body: bytes) -> None:
    assert TOLD.search(body)
    for length in range(1, len(body) + 1):
        left = REDACTOR.body(body[:length])
        assert TOLD.search(HASH.sub(b"", left)) is None, left


def test_what_is_cut_stays_cut_and_whole_values_keep_their_hash() -> None:
    whole = REDACTOR.body(b'{"email": "a@x.org", "phone": "+49')
    assert whole == b'{"email": "%s", "phone": "REDACTED' % REDACTOR.hash_value("a@x.org").encode()
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(whole)


def test_json_inside_a_text_that_somebody_shortened_is_cut_as_well() -> None:
    body = rb'{"raw": "{\"n\": 1, \"email\": \"qw@x.or", "id": 1}'
    assert REDACTOR.body(body) == rb'{"raw": "{\"n\": 1, \"email\": \"REDACTED", "id": 1}'
    escaped = rb'{"raw": "{\"email\": \"qw\\\\", "id": 1}'
    assert REDACTOR.body(escaped) == rb'{"raw": "{\"email\": \"REDACTED", "id": 1}'


def test_a_secret_that_a_body_ends_in_is_not_left_in_part() -> None:
    for length in range(6, len(SECRET)):
        assert REDACTOR.body(b'{"echo": "' + SECRET[:length].encode()) == b'{"echo": "REDACTED'
    assert REDACTOR.body(b"it says s3cr3") == b"it says s3cr3"  # too short to tell anything


def test_neither_the_error_nor_the_log_of_a_cut_answer_tells_a_part(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cut = answer(b'{"orders": [{"email": "qwertz@x.o')
    session = ApiSession(
        Connection("shop", host="shop.example"),
        hash_key=b"key",
        personal_keys=KEYS,
        retry=RetryPolicy(attempts=2),
        sleep=lambda seconds: None,
        adapter=Answers(cut, answer(b'{"orders": [{"email": "qwertz@x.o')),
    )
    with pytest.raises(Truncated) as failure:
        session.request("GET", "/orders")
    assert "REDACTED" in str(failure.value)
    assert "qw" not in str(failure.value) + caplog.text
