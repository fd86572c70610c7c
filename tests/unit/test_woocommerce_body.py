"""JSON with PHP's messages around it, and what must not be taken for JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from include.errors import Truncated
from include.sources.woocommerce.body import decode_answer, is_web_page, read_title

ORDERS = (
    b'[{"id":9007199254740993,"total":"-0.00","price":1.10,"note":"<b>[1]</b> \xf0\x9f\x92\x9a"}]'
)
DOCUMENT = [
    {
        "id": 9007199254740993,
        "total": "-0.00",
        "price": Decimal("1.10"),
        "note": "<b>[1]</b> \N{GREEN HEART}",
    }
]
HTML_NOTICE = (
    b"<br />\n<b>Notice</b>:  Undefined index: size in <b>/srv/www/x.php</b> on line <b>3</b>"
    b"<br />\n"
)
TEXT_NOTICE = b"\nPHP Warning:  Undefined array key [0] in /srv/www/x.php on line 3\n"
DUMP = b"Array\n(\n    [0] => {1}\n    [1] => []\n)\n"
BOM = b"\xef\xbb\xbf"


@pytest.mark.parametrize(
    "body",
    [
        ORDERS,
        BOM + ORDERS,
        BOM + BOM + ORDERS,
        HTML_NOTICE + ORDERS,
        HTML_NOTICE * 3 + ORDERS,
        TEXT_NOTICE + ORDERS,
        DUMP + ORDERS,
        ORDERS + b"\n" + HTML_NOTICE,
        ORDERS + TEXT_NOTICE,
        HTML_NOTICE + ORDERS + TEXT_NOTICE,
        b"<!-- cached by a plugin -->" + ORDERS + b"<!-- 0.2 s -->",
        b'{"debug": 1}\n' + ORDERS,
        b"[]\n" + ORDERS,
        HTML_NOTICE + b"[\n    " + ORDERS[1:],
    ],
)
def test_messages_around_the_answer_are_left_out(body: bytes) -> None:
    found = decode_answer(body)
    assert found == DOCUMENT
    assert repr(found) == repr(DOCUMENT)


@pytest.mark.parametrize(("body", "expected"), [(b"[]", []), (b"{}", {}), (b'{"a":1}', {"a": 1})])
def test_an_empty_answer_stays_one(body: bytes, expected: Any) -> None:
    assert decode_answer(HTML_NOTICE + body) == expected
    assert decode_answer(TEXT_NOTICE + body + HTML_NOTICE) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HTML_NOTICE,
        HTML_NOTICE + ORDERS[:-1],  # cut short
        HTML_NOTICE + b'[{"id":1,"note":"<b>\n[]</b>"},',  # a list inside a cut text
        HTML_NOTICE + b'[{"id":1,"note":"<b>[]',  # cut right behind what looks like an answer
        b'<!DOCTYPE html><body>\n{"a": 1}\n<footer>Bye</footer></body>',
        b'{"a": 1}\n<script>track()</script>',
        HTML_NOTICE + ORDERS + b',{"id":2}]',
        b"<html><body>Briefly unavailable</body></html>",
        b"<!DOCTYPE html><script type='application/ld+json'>\n{\"a\": 1}</script>",
        b'<p>hello</p>\n{"a": 1}</div>',
        TEXT_NOTICE + b"x" * 70_000 + b"\n" + ORDERS,
    ],
)
def test_what_is_no_whole_answer_is_refused(body: bytes) -> None:
    with pytest.raises(Truncated):
        decode_answer(body)


def test_a_web_page_is_recognised_by_its_marks_and_named_by_its_title() -> None:
    page = b"\n <HTML><head><title>Briefly\n unavailable</title></head></HTML>"
    assert is_web_page(page)
    assert read_title(page) == "Briefly unavailable"
    assert not is_web_page(HTML_NOTICE + ORDERS)
    assert read_title(ORDERS) == ""
