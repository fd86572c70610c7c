"""GA4 sandbox: values written as the API writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from include.sources.ga4 import client, sandbox_reports


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("12", "12"),
        ("611.420000", "611.42"),
        ("20110", "20110"),
        ("12000000", "12000000"),
        ("12000000.00", "1.2E7"),
        ("-12345678.90", "-1.23456789E7"),
    ],
)
def test_numbers_are_text_and_large_amounts_scientific(number: str, text: str) -> None:
    assert sandbox_reports._text(Decimal(number)) == text
    assert client.read_number(text, "TYPE_CURRENCY") == Decimal(number)


def test_rows_without_any_count_are_no_rows() -> None:
    facts = [
        ({"date": "20261104", "sessionSource": "a"}, {"sessions": Decimal(2)}),
        ({"date": "20261104", "sessionSource": "a"}, {"sessions": Decimal(3)}),
        ({"date": "20261104", "sessionSource": "b"}, {"sessions": Decimal(0)}),
        ({"date": "20261105", "sessionSource": "a"}, {"sessions": Decimal(9)}),
    ]
    days = [("20261104", "20261104")]
    rows = sandbox_reports._group(facts, ["sessionSource", "country"], ["sessions"], days)
    assert rows == [(("a", "(not set)"), (Decimal(5),))]
