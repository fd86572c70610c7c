"""Put values that break naive readers into every field of a landed page, one field at a time.

The page is the vendor's answer as it came, so decoding, the connector's parser and the records all
take part. Each value must come through as it is, or its row be quarantined; nothing may have gone
through a float on the way. Bodies are taken apart and put together by the standard library: JSON,
lines of JSON, CSV and XML.
"""

from __future__ import annotations

import csv
import html
import io
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from include.errors import SchemaChanged, Truncated
from include.landing.pages import LandedRun, read_pages
from include.landing.store import Store
from include.sources._base import Page, Stream
from include.sources._records import RowRejected
from include.sources._units import SHAPE_ERRORS, Unit, UnitReader

Path = tuple[str | int, ...]
# Beyond what a float holds exactly; beyond a bigint; with leading zeros; a zero with a sign.
BIG, HUGE, ZEROS, MINUS = 9007199254740993, 2**70 + 1, "0009007199254740993", "-0.00"
MONEY = "-90071992547409.93"
# What those become when they were a float in between.
COERCED = re.compile(
    r"9007199254740992|9\.007199254740992e|1180591620717411303424|1\.1805916207174113e"
    r"|90071992547409\.94|90071992547409\.92|9\.0071992547409"
)
TEXT = (
    "007 \N{LOTION BOTTLE} \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 'a'\t\"b\"\\,;\n"
)
NUL, LONE = "a\x00b", "a\ud83db"
MEGABYTE = "x" * 1_000_000
_NUMBER, _TIME = re.compile(r"-?\d+(\.\d+)?"), re.compile(r"\d{4}-?\d\d-?\d\d([T ].*)?")
_MARK = "<number of hostile_values>"
# Rows that are kept of a file: more show nothing more.
_ROWS = 20


@dataclass(frozen=True)
class Number:
    """A JSON number by its text: the standard library would write another one."""

    text: str


@dataclass(frozen=True)
class Odd:
    """One value put into one field; `accepted` are the texts it may come through as."""

    path: Path
    value: Any
    accepted: frozenset[str]


@dataclass(frozen=True)
class Sample:
    """A page that holds rows, what stands in it, and how that becomes a body again."""

    stream: Stream
    page: Page
    document: Any
    write: Callable[[Any], bytes]

    @property
    def texts(self) -> list[str]:
        """Every value of the page's rows as it is."""
        return texts_of(self.units(self.document))

    def units(self, document: Any) -> list[Unit]:
        """Return what is loaded of a document."""
        return [unit for unit in self.outcome(document) if isinstance(unit, Unit)]

    def outcome(self, document: Any) -> list[Unit | RowRejected]:
        """Return the units and rejected rows of a document, as the loader reads it."""
        page = replace(self.page, body=self.write(document), document=None)
        documents = list(self.stream.parse(self.stream.decode(page.body), page))
        return UnitReader(self.stream).read_many(documents)


def find_samples(store: Store, runs: list[LandedRun], stream: Stream) -> list[Sample]:
    """Return the smallest page that holds a row of each kind of page that the runs landed.

    Pages are of one kind when the connector tells its parser the same things about them.
    """
    pages = [page for run in runs for _, page in read_pages(store, run, stream.decode)]
    found: dict[frozenset[str], Sample] = {}
    for page in sorted(pages, key=lambda page: len(page.body)):
        if (kind := frozenset(page.context)) not in found:
            sample = Sample(stream, page, *_taken_apart(page.body))
            if sample.units(sample.document):
                found[kind] = sample
    return list(found.values())


def check_field(sample: Sample, odd: Odd, plain: list[str]) -> str | None:
    """Return what is wrong with how a value comes through; None when nothing is.

    plain: the texts of the sample as it is.
    """
    place, last = sample.document, odd.path[-1]
    for part in odd.path[:-1]:
        place = place[part]
    own, place[last] = place[last], odd.value
    try:
        found = sample.outcome(sample.document)
    except (*SHAPE_ERRORS, Truncated, SchemaChanged):
        return None  # the page is quarantined or refused
    finally:
        place[last] = own
    units = [unit for unit in found if isinstance(unit, Unit)]
    texts = texts_of(units)
    if coerced := [text for text in texts if text not in plain and COERCED.search(text)]:
        return f"went through a float: {coerced[0][:80]}"
    if len(units) < len(found) or sorted(texts) == sorted(plain):
        return None  # quarantined, or no field of ours
    if any(part in text for text in texts for part in odd.accepted):
        return None
    new = sorted(set(texts) - set(plain))
    return f"became {[text[:80] for text in new[:3]]}, {len(plain) - len(texts)} values fewer"


def odd_values(sample: Sample) -> Iterator[Odd]:
    """Yield what is to be put into the fields of a page: into each kind of field once."""
    seen: set[Path] = set()
    for path, value in _leaves(sample.document, ()):
        if sample.write is _csv and path[0] == 0:
            continue  # the header; a wrong one refuses the file
        kind = kind_of(sample, path)
        if kind in seen:
            continue
        seen.add(kind)
        if isinstance(value, str) and _TIME.fullmatch(value):
            # Another spelling of the same instant, as the Graph API has it: nothing may change.
            text = re.sub(r"(Z|\+00:00)$", "+0000", value)
            yield Odd(path, text, frozenset({text}))
        elif isinstance(value, str):
            yield from _odd_texts(path, value)
        elif isinstance(value, int | Number) and not isinstance(value, bool):
            for text in (str(BIG), str(HUGE), "-1", MINUS, MONEY):
                yield Odd(path, Number(text), _as_written(text))


def kind_of(sample: Sample, path: Path) -> Path:
    """Return a path without the places in lists; a column of CSV is named by its header."""
    if sample.write is _csv:
        return (sample.document[0][int(path[1])],)
    return tuple("*" if isinstance(part, int) else part for part in path)


def texts_of(units: list[Unit]) -> list[str]:
    """Return every value of the units' rows and child rows as text."""
    rows = [row for unit in units for row in itertools.chain([unit.row], *unit.children)]
    found = [str(value) for row in rows for value in row if value is not None]
    return found + [unit.extra for unit in units if unit.extra is not None]


def _odd_texts(path: Path, value: str) -> Iterator[Odd]:
    if _NUMBER.fullmatch(value):
        for text in (str(BIG), ZEROS, MINUS, MONEY):
            yield Odd(path, text, _as_written(text))
    for text in (TEXT, NUL, LONE, MEGABYTE):
        stored = re.sub("[\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)
        # What keeps several values in one JSON column escapes and may cut off spaces.
        inner = stored.strip()
        forms = {inner, inner.lower(), json.dumps(inner, ensure_ascii=False)[1:-1]}
        yield Odd(path, text, frozenset(forms))


def _as_written(text: str) -> frozenset[str]:
    """Return the texts of the same number: without a fraction of zeros, without leading zeros."""
    number = Decimal(text)
    whole = {str(int(number))} if number == number.to_integral_value() else set()
    return frozenset({text, str(number), *whole})


def _taken_apart(body: bytes) -> tuple[Any, Callable[[Any], bytes]]:
    """Return what a body holds and the function that writes it."""
    try:
        return json.loads(body, parse_float=Number), _json
    except ValueError:
        text = body.decode()
    if text.startswith("{"):
        lines = text.splitlines()[:_ROWS]
        return [json.loads(line, parse_float=Number) for line in lines], _json_lines
    if text.startswith("<?xml"):
        # Values of attributes stand at the odd places.
        return re.split(r"(?<==['\"])([^'\"<>]*)(?=['\"])", text), _xml
    # Semicolons become commas: the reader finds out which of them a file has.
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[:_ROWS], _csv


def _json(document: Any) -> bytes:
    """Write JSON, numbers as they were written."""
    marked = json.dumps(document, default=lambda number: f"{_MARK}{number.text}")
    return re.sub(rf'"{_MARK}([^"]*)"', r"\1", marked).encode()


def _json_lines(documents: list[Any]) -> bytes:
    return b"\n".join(map(_json, documents))


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode(errors="surrogatepass")


def _xml(parts: list[str]) -> bytes:
    odd = (html.escape(part) if place % 2 else part for place, part in enumerate(parts))
    return "".join(odd).encode(errors="surrogatepass")


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _leaves(inner, (*path, place))
    elif value is not None:
        yield path, value
