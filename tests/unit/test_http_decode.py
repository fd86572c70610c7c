"""Decoding: exact numbers, and input that other decoders refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.errors import Truncated
from include.http.decode import decode_json


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[9007199254740993, 123456789012345678901234567890]",
         [9007199254740993, 123456789012345678901234567890]),
        (b"[1.10, -0.00, 1e3]", [Decimal("1.10"), Decimal("-0.00"), Decimal("1E+3")]),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'{"a\u0000": "x\ud83d\ude00"}', {"a\ufffd": "x\U0001f600"}),
        (rb'["\ud800", "\udc00x", 0.10]', ["\ufffd", "\ufffdx", Decimal("0.10")]),
        (b'"\xff caf\xc3\xa9"', "\ufffd caf\u00e9"),
        (b'"tab\there"', "tab\there"),
        (b"[NaN, -Infinity]", ["NaN", "-Infinity"]),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    ],
)  # fmt: skip
def test_a_body_decodes_without_loss(body: bytes, expected: Any) -> None:
    decoded = decode_json(body)

    assert decoded == expected
    assert repr(decoded) == repr(expected)


@pytest.mark.parametrize(
    "body", [b"", b'{"a": [1, 2', b"<html>", b'{"a": 1} {"b": 2}', b"[" * 9999]
)
def test_what_is_no_json_is_truncated(body: bytes) -> None:
    with pytest.raises(Truncated, match="no JSON"):
        decode_json(body)
