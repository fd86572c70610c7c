"""Rows for COPY: every text comes through, NULL and the empty text stay apart."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.sources._units import Unit
from include.warehouse.load_batch import Batch, csv_of, csv_pieces, encode_rows


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


def test_a_batch_gives_back_the_units_it_was_given() -> None:
    batch = Batch.of(3, seq_place=1)
    # Parents end with their number and when they were captured, children with the number.
    first = Unit(["a\n", 0, "at"], None, ([["x", True, 0], ["y", None, 0]], []), b"")
    second = Unit([str(2**70), 1, "at"], None, ([], [["-0.00", 1]]), b"")
    third = Unit(["c", 2, "at"], None, ([["z", 2**62, 2]], []), b"")
    batch.add([first, second], page_number=7)
    batch.add([third], page_number=8)
    assert batch.units() == [(first, 7), (second, 7), (third, 8)]
    small, large = batch.halves()
    assert [unit for unit, _ in small.units()] == [first, second]
    assert large.units() == [(third, 8)]
    assert b"".join(csv_pieces(large.texts[1])) == b'"z",4611686018427387904,2\n'


def test_a_text_without_bytes_takes_no_unit_into_the_batch() -> None:
    batch = Batch.of(2, seq_place=1)
    with pytest.raises(UnicodeEncodeError):
        batch.add([Unit(["fine", 0], None, ([["\ud800", 0]],), b"")], page_number=1)
    assert batch.units() == []


@pytest.mark.parametrize(("count", "sizes"), [(2, (1, 1)), (3, (2, 1)), (8, (4, 4))])
def test_halves_are_never_the_whole(count: int, sizes: tuple[int, int]) -> None:
    batch = Batch.of(1, seq_place=0)
    batch.add([Unit([number], None, (), b"") for number in range(count)], page_number=1)
    assert tuple(len(half.units()) for half in batch.halves()) == sizes
