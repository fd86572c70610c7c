"""The ECB's envelope: what is read, what is refused; the days of the sandbox's rates."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from decimal import Decimal

import pytest

from include.errors import BadRequest, Truncated
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources._records import RowRejected
from include.sources._units import UnitReader
from include.sources.exchange_rates import SOURCE
from include.sources.exchange_rates.envelope import decode_envelope
from include.sources.exchange_rates.sandbox_rates import (
    is_business_day,
    published_days,
    rates_of,
)
from tests.fakes.answers import Answers, answer

STREAM = SOURCE.stream("rates")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
 xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<Cube>"""
TAIL = "\t</Cube>\n</gesmes:Envelope>"


def envelope(*days: str, rates: str = "<Cube currency='USD' rate='1.1225'/>") -> bytes:
    cubes = "".join(f"<Cube time='{day}'>{rates}</Cube>" for day in days)
    return f"{HEAD}{cubes}{TAIL}".encode()


def test_the_days_and_rates_of_an_envelope_are_texts() -> None:
    rates = "<Cube currency='USD' rate='1.1225'/>\n<Cube currency='IDR' rate='17628.55'/>"
    assert decode_envelope(envelope("2026-10-02", "2026-10-01", rates=rates)) == {
        "days": [
            {
                "time": day,
                "rates": [
                    {"currency": "USD", "rate": "1.1225"},
                    {"currency": "IDR", "rate": "17628.55"},
                ],
            }
            for day in ("2026-10-02", "2026-10-01")
        ]
    }


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no XML"),
        (envelope("2026-10-02")[:-9], "no XML"),
        (b"<html><body>Maintenance</body></html>", "no dated rates"),
        (f"{HEAD}{TAIL}".encode(), "no dated rates"),
        (envelope("2026-10-02", rates=""), "no dated rates"),
        (envelope("2026-10-02").replace(b"eurofxref", b"other"), "no dated rates"),
        (envelope("2026-10-02").replace(b"?>\n", b"?>\n" + BOMB, 1), "document type"),
        (b"<!doctype html>" + envelope("2026-10-02"), "document type"),
        (envelope("2026-10-02").decode().encode("utf-16"), "no UTF-8"),
        (envelope("2026-10-02").decode().encode("utf-16-le"), "NUL"),
        (envelope("2026-10-02").replace(b"UTF-8", b"UTF-7"), "encoding is 'UTF-7'"),
        (envelope("2026-10-02") + b"\xff", "no UTF-8"),
    ],
)
def test_what_is_no_such_envelope_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Truncated, match=reason):
        decode_envelope(body)


def test_an_entity_never_reaches_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(
        "include.sources.exchange_rates.envelope.ET.fromstring", lambda text: parsed.append(text)
    )
    with pytest.raises(Truncated):
        decode_envelope(envelope("2026-10-02").replace(b"?>\n", b"?>\n" + BOMB, 1))
    assert parsed == []


def read(rate: str) -> list[object]:
    body = envelope("2026-10-02", rates=f"<Cube currency='USD' rate='{rate}'/>")
    page = Page(body, 200, dt.datetime.now(dt.UTC), "local", {})
    [document] = STREAM.parse(decode_envelope(body), page)
    return UnitReader(STREAM).read(document).row


def test_a_rate_is_exact() -> None:
    assert read("1.10") == ["2026-10-02", "USD", "1.10"]


@pytest.mark.parametrize("rate", ["N/A", "", "NaN", "inf", "1,1"])
def test_what_is_no_rate_is_quarantined(rate: str) -> None:
    with pytest.raises(RowRejected, match="rate"):
        read(rate)


def fetch(*bodies: bytes, start: dt.date, **extra: str) -> tuple[list[Page], list[str]]:
    connection = Connection("exchange_rates", host="ecb.example", extra=extra)
    wire = Answers(*(answer(body) for body in bodies))
    session = ApiSession(
        connection,
        adapter=wire,
        decode=STREAM.decode,
        retry=RetryPolicy(attempts=2),
        sleep=lambda seconds: None,
    )
    begin = dt.datetime.combine(start, dt.time(), tzinfo=dt.UTC)
    window = Window(begin, begin + dt.timedelta(days=8), "key")
    pages = list(STREAM.fetch(FetchContext(connection, session, window)))
    return pages, [str(request.path_url) for request in wire.requests]


OCTOBER = dt.date(2026, 10, 1)


def test_the_look_back_takes_the_file_of_90_days() -> None:
    pages, paths = fetch(
        envelope("2026-10-08"), envelope("2026-10-08", "2026-07-10"), start=OCTOBER
    )
    assert paths == [
        "/stats/eurofxref/eurofxref-daily.xml",
        "/stats/eurofxref/eurofxref-hist-90d.xml",
    ]
    assert [len(list(STREAM.parse(page.document, page))) for page in pages] == [1, 2]


def test_a_window_that_begins_with_the_last_day_needs_no_more() -> None:
    pages, _ = fetch(envelope("2026-10-01"), start=OCTOBER)
    assert len(pages) == 1


def test_other_files_may_be_named() -> None:
    _, paths = fetch(
        envelope("2026-10-08"),
        envelope("2026-10-08", "1999-01-04"),
        start=OCTOBER,
        daily_path="/a.xml",
        history_path="/b.xml",
    )
    assert paths == ["/a.xml", "/b.xml"]


def test_a_window_older_than_the_file_is_said(caplog: pytest.LogCaptureFixture) -> None:
    fetch(envelope("2026-10-08"), envelope("2026-10-08", "2026-10-05"), start=OCTOBER)
    assert "begins at 2026-10-05" in caplog.text


def test_a_maintenance_page_is_asked_again() -> None:
    html = b"<!DOCTYPE html><html></html>"
    pages, paths = fetch(html, envelope("2026-10-01"), start=OCTOBER)
    assert (len(pages), len(paths)) == (1, 2)


def test_a_daily_file_of_several_days_is_the_wrong_file() -> None:
    with pytest.raises(BadRequest, match="holds 2 days"):
        fetch(envelope("2026-10-01", "2026-10-02"), start=OCTOBER)


# From the ECB's calendar of closing days of 2026 and 2027, weekdays only.
HOLIDAYS = ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25", "2027-03-26"]


@pytest.mark.parametrize("day", [*HOLIDAYS, "2026-11-14", "2026-11-15"])
def test_no_rates_are_set_on_holidays_and_weekends(day: str) -> None:
    assert not is_business_day(dt.date.fromisoformat(day))


@pytest.mark.parametrize("day", ["2026-11-16", "2026-04-07", "2026-12-24", "2026-05-25"])
def test_rates_are_set_on_every_other_day(day: str) -> None:
    assert is_business_day(dt.date.fromisoformat(day))


def test_a_day_is_published_at_four_in_frankfurt() -> None:
    monday = dt.date(2026, 11, 16)
    before = dt.datetime(2026, 11, 16, 14, 59, tzinfo=dt.UTC)
    assert published_days(before, 10)[0] == monday - dt.timedelta(days=3)
    assert published_days(before + dt.timedelta(minutes=1), 10)[0] == monday


def test_rates_depend_on_seed_and_day_alone_and_move_little() -> None:
    days = sorted(published_days(dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC), 90))
    paths = [rates_of(7, day) for day in days]
    assert rates_of(7, days[3]) == paths[3]
    assert rates_of(8, days[3]) != paths[3]
    for before, after in itertools.pairwise(paths):
        for currency, rate in after.items():
            assert abs(rate / before[currency] - 1) < Decimal("0.03"), currency
    assert all(Decimal("0.9") < path["USD"] < Decimal("1.3") for path in paths)
    assert re.fullmatch(r"\d+\.\d{4}", str(paths[0]["USD"]))
