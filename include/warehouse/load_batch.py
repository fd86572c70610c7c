"""Units on their way into the stage: encoded as soon as they come, copied when enough of them wait.

The objects of a row are made, encoded and freed while a core's cache still holds them; kept until
the copy they would cost a third of the whole load, because everything after them would be made in
memory that is not cached. What waits is text. Units are made of it again only where Postgres
refuses a value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from include.sources._extract import Row
from include.sources._units import Unit

# Lines of JSON that are made CSV at once: what is made of them fits into a core's cache.
PIECE_BYTES = 256 * 1024

encode_rows = msgspec.json.Encoder().encode_lines
_decode_rows = msgspec.json.Decoder(Row).decode_lines
_ESCAPED = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|([^u]))")
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
# Quotes and backslashes stay escaped; where none of these stands there is nothing to be done.
_MAY_BE_CONTROL = re.compile(rb"\\[bfnrtu]")


@dataclass(slots=True)
class Batch:
    """What waits to be copied: for each table lines of JSON, and the page of every unit.

    A row of a unit ends with the unit's number, in the parent's at `seq_place`.
    """

    texts: list[list[bytes]]
    seq_place: int
    pages: list[int] = field(default_factory=list)
    size: int = 0

    @classmethod
    def of(cls, tables: int, seq_place: int) -> Batch:
        """Return an empty batch for a number of tables."""
        return cls([[] for _ in range(tables)], seq_place)

    def add(self, units: Sequence[Unit], page_number: int) -> None:
        """Encode units; UnicodeEncodeError, and none is taken, when a text cannot be sent."""
        tables = [[unit.row for unit in units]]
        tables += [
            [row for unit in units for row in unit.children[index]]
            for index in range(len(self.texts) - 1)
        ]
        encoded = [encode_rows(rows) for rows in tables]
        for texts, text in zip(self.texts, encoded, strict=True):
            if text:
                texts.append(text)
        self.pages += [page_number] * len(units)
        self.size += sum(map(len, encoded))

    def units(self) -> list[tuple[Unit, int]]:
        """Make the units again, each with its page."""
        parents, *groups = (
            [row for text in texts for row in _decode_rows(text)] for texts in self.texts
        )
        found: list[defaultdict[int, list[Row]]] = []
        for rows in groups:
            found.append(defaultdict(list))
            for row in rows:
                found[-1][row[-1]].append(row)
        place = self.seq_place
        return [
            (Unit(row, None, tuple(group[row[place]] for group in found), b""), page_number)
            for row, page_number in zip(parents, self.pages, strict=True)
        ]

    def halves(self) -> tuple[Batch, Batch]:
        """Return the first and the second half of the units."""
        units = self.units()
        parts = Batch.of(len(self.texts), self.seq_place), Batch.of(len(self.texts), self.seq_place)
        for number, (unit, page_number) in enumerate(units):
            parts[2 * number >= len(units)].add([unit], page_number)
        return parts


def csv_pieces(texts: Sequence[bytes]) -> Iterator[bytes]:
    """Yield lines of JSON as CSV, in pieces of about `PIECE_BYTES`."""
    piece: list[bytes] = []
    size = 0
    for text in texts:
        piece.append(text)
        size += len(text)
        if size >= PIECE_BYTES:
            yield csv_of(b"".join(piece))
            piece, size = [], 0
    if piece:
        yield csv_of(b"".join(piece))


def csv_of(lines: bytes) -> bytes:
    """Return rows of texts, numbers, booleans and None, as `encode_rows` wrote them, as CSV.

    A JSON array is a line of CSV but for its brackets and for the escapes of control characters.
    msgspec writes it in a tenth of the time that formatting row by row takes.
    """
    # A newline inside a text is still escaped here, so every line is one row in its brackets.
    # Cutting them off line by line takes half as long as replacing what stands between rows.
    # After the last row's newline comes one empty line more; it ends the text.
    text = b"\n".join([line[1:-1] for line in lines.split(b"\n")])
    return _ESCAPED.sub(_character, text) if _MAY_BE_CONTROL.search(text) else text


def _character(escape: re.Match[bytes]) -> bytes:
    """Return what an escape stands for; quotes and backslashes stay escaped, CSV wants it so."""
    if (code := escape.group(1)) is not None:
        return chr(int(code, 16)).encode()
    return _CONTROLS.get(escape.group(2), escape.group())
