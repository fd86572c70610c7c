"""The characters of a file: UTF-8 unless the connection declares another encoding."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import IO

from include.sources.files.layout import FileRefused

ENCODINGS = ("utf-8", "utf-16", "latin-1", "cp1252")
DELIMITERS = (",", ";", "\t", "|")
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FIRST_BYTES = 4096


def read_lines(file: IO[bytes], encoding: str) -> Iterator[str]:
    r"""Yield the lines of a file with their ends; only \n ends one.

    A byte order mark decides (UTF-8 or UTF-16), otherwise the declared `encoding`. Raise
    `FileRefused` when the bytes are of another encoding than declared.
    """
    start = file.read(_FIRST_BYTES)
    file.seek(0)
    if start.startswith(_UTF16_MARKS):
        if encoding != "utf-16":
            raise FileRefused(f"is UTF-16; {_advice('utf-16')}")
        yield from _read_utf16(file)
        return
    if start.startswith(codecs.BOM_UTF8):
        file.read(len(codecs.BOM_UTF8))
        encoding = "utf-8"
    elif encoding == "utf-16":
        raise FileRefused("has no byte order mark of UTF-16, which extra.encoding declares")
    elif b"\x00" in start:
        raise FileRefused(f"holds NUL bytes, so it is UTF-16 or no text; {_advice('utf-16')}")
    yield from _read_plain(file, encoding)


def choose_delimiter(line: str, delimiters: tuple[str, ...], headers: tuple[str, ...]) -> str:
    """Return the declared delimiter that splits the header line into the most known names."""

    def known(delimiter: str) -> int:
        names = {name.strip().strip('"').strip() for name in line.split(delimiter)}
        return len(names & set(headers))

    return max(delimiters, key=known)


def _read_plain(file: IO[bytes], encoding: str) -> Iterator[str]:
    for number, line in enumerate(file, start=1):
        try:
            yield line.decode(encoding)
        except UnicodeDecodeError as error:
            raise FileRefused(
                f"line {number}: byte 0x{line[error.start]:02x} is no {encoding.upper()}; "
                f"{_advice('latin-1 or cp1252')}"
            ) from None


def _read_utf16(file: IO[bytes]) -> Iterator[str]:
    reader = io.TextIOWrapper(file, "utf-16", newline="\n")
    try:
        yield from reader
    except UnicodeDecodeError as error:
        raise FileRefused(f"is no whole UTF-16 ({error.reason})") from None
    finally:
        reader.detach()


def _advice(encoding: str) -> str:
    return f"save it as UTF-8, or declare extra.encoding of the connection ({encoding})"
