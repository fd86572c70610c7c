"""Rows for COPY: every text comes through, NULL and the empty text stay apart."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.warehouse.load_batch import csv_of, encode_rows


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (["a", 1, True, None], b'"a",1,true,null\n'),
        (["", "null", None], b'"","null",null\n'),
        (["a,b", "],["], b'"a,b","],["\n'),
        (['say "hi"', "back\\slash"], b'"say \\"hi\\"","back\\\\slash"\n'),
        (["two\nlines", "tab\there"], b'"two\nlines","tab\there"\n'),
        (["\r\b\f\x01\x1f"], b'"\r\b\f\x01\x1f"\n'),
        (["\\n is no newline", "\\x00ff"], b'"\\\\n is no newline","\\\\x00ff"\n'),
        (["\u00e9\U0001f600"], '"\u00e9\U0001f600"\n'.encode()),
    ],
)  # fmt: skip
def test_a_row_becomes_a_line(row: list[object], line: bytes) -> None:
    assert csv_of(encode_rows([row])) == line


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1))
def test_any_text_comes_back(rows: list[list[str]]) -> None:
    text = csv_of(encode_rows(rows)).decode()
    # Python's reader knows the same dialect, but for NUL and an escape before other characters.
    found = list(
        csv.reader(io.StringIO(text, newline=""), escapechar="\\", doublequote=False, strict=True)
    )
    assert [row for row in found if row] == rows
