"""Take erased persons out of texts and pages."""

from __future__ import annotations

import functools
import json
import re
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote

from include.privacy.json_text import Path, edit_json
from include.privacy.same_person import values_beside
from include.privacy.subjects import (
    TOKEN_PREFIX,
    ErasedSubjects,
    bare,
    landed_form,
    number_token,
)
from include.sources._base import Page, Record, Stream
from include.sources._records import columns_of

# Shorter values (the ids of a small shop) are replaced only where a source says a person stands:
# elsewhere "17" is a quantity.
SHORTEST_ANYWHERE = 6
_BEFORE, _AFTER = r"(?:(?<![A-Za-z0-9])|(?<=%[0-9A-Fa-f]{2}))", r"(?![A-Za-z0-9])"
# An address inside a longer address is another person's.
_BEFORE_MAIL = r"(?:(?<![A-Za-z0-9._+-])|(?<=%[0-9A-Fa-f]{2}))"
_AFTER_MAIL = r"(?![A-Za-z0-9-])(?!\.[A-Za-z0-9])"
_HASH = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_JSON_START = re.compile(r"[\[{]\s*[\"\[{]")
_read_json = json.JSONDecoder(strict=False).raw_decode
# A value under one of these keys.
_CANDIDATE = r'"(?:%s)"\s*:\s*"?([^",}\]\s]+)'
# What may name a person of a whole shop: an address, a hash, a key made of one, a number.
_ANYBODY = re.compile(
    rf"{_BEFORE_MAIL}[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
    rf"|{_BEFORE}(?:[0-9a-f]{{64}}|[0-9a-f]{{32}}|(?:\+|%2B)?[0-9]{{{SHORTEST_ANYWHERE},}}){_AFTER}"
)


def spellings(value: str) -> set[str]:
    """Return the texts a value may be written as: plain, and inside an address."""
    plain = bare(value).casefold()
    found = {plain, quote(plain, safe="").casefold(), quote(plain, safe="@").casefold()}
    if plain.startswith("+"):
        found.add(plain[1:])
    return {text for text in found if text}


class TextEraser:
    """Replaces known values wherever they stand; `tokens` maps a value to its token.

    values: the texts looked for; anywhere: those long enough to be replaced inside other texts.
    """

    is_whole_shop = False

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens: Mapping[str, str] = {
            text: token for value, token in tokens.items() for text in spellings(value)
        }
        self.values = sorted(self._tokens)
        self.anywhere = [text for text in self.values if len(text) >= SHORTEST_ANYWHERE]
        ordered = sorted(self.anywhere, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(_bounded, ordered)) or r"(?!)", re.IGNORECASE)

    def text(self, text: str) -> str:
        """Return a text without the known values."""
        return self._pattern.sub(lambda found: self._tokens[found.group().casefold()], text)

    def value(self, value: str) -> str:
        """Return the token of a value that names a person as a whole, else what `text` says."""
        return self._tokens.get(bare(value).casefold()) or self.text(value)

    def may_change(self, body: str) -> bool:
        """Say, cheaply, whether a known value may stand in a text."""
        if not self.anywhere:
            return False
        folded = body.casefold()
        return any(text in folded for text in self.anywhere)

    def with_more(self, tokens: Mapping[str, str]) -> TextEraser:
        """Return an eraser that knows more values."""
        return TextEraser({**self._tokens, **tokens}) if tokens else self


class ShopEraser(TextEraser):
    """Replaces everybody of a shop: `tokens` may hold millions of values, so texts are looked up.

    Addresses and numbers that a person typed are hashed and compared with the landed hashes.
    """

    is_whole_shop = True

    def __init__(self, tokens: Mapping[str, str], hash_key: bytes) -> None:
        super().__init__({})
        self._tokens = tokens
        self._hash_key = hash_key

    def text(self, text: str) -> str:
        return _ANYBODY.sub(lambda found: self._token(found.group()) or found.group(), text)

    def may_change(self, body: str) -> bool:
        return True

    def with_more(self, tokens: Mapping[str, str]) -> TextEraser:
        return ShopEraser(ChainMap(dict(tokens), dict(self._tokens)), self._hash_key)

    def _token(self, value: str) -> str | None:
        plain = unquote(value).casefold()
        for text in (plain, f"+{plain}"):
            if token := self._tokens.get(text) or self._tokens.get(
                landed_form(text, self._hash_key)
            ):
                return token
        return None


def _bounded(text: str) -> str:
    if "@" in text or "%40" in text:
        return _BEFORE_MAIL + re.escape(text) + _AFTER_MAIL
    return _BEFORE + re.escape(text) + _AFTER


class PageEraser:
    """Takes the erased persons of a connection out of a stream's pages.

    A page is searched for what the source declares (`subject_columns`, `personal_keys`); whoever of
    the list is found there is then replaced all over the page. What `known` knows is replaced
    wherever it stands, found or not. An empty list costs nothing.
    """

    def __init__(
        self, erased: ErasedSubjects, stream: Stream | None, known: TextEraser | None = None
    ) -> None:
        self._erased = erased
        self._known = known or TextEraser({})
        # A folder of landing whose stream is gone from the source declares nothing.
        self._paths = subject_paths(stream) if stream else frozenset()
        self._numbers = subject_paths(stream, "bigint") if stream else frozenset()
        self._keys = key_paths(stream) - self._paths if stream else frozenset()
        # What stands inside `customer` is the person's, also under the name of another's key.
        self._objects = {path[:-1] for path in self._paths if len(path) > 1}
        # A piece of a file: lines of JSON from the first character on, or CSV.
        self._is_file = stream is not None and stream.decode is bytes
        self._personal_keys = stream.personal_keys if stream else frozenset()
        names = {path[-1] for path in self._paths} | self._personal_keys
        self._candidate = re.compile(
            _CANDIDATE % "|".join(map(re.escape, sorted(names))) if names else r"(?!)()"
        )
        self._token_of: Callable[[str], str | None] = functools.lru_cache(100_000)(erased.token_of)

    def __bool__(self) -> bool:
        return bool(self._erased)

    def page(self, page: Page) -> Page:
        """Return the page without erased persons, the very same object when it names none."""
        if not self:
            return page
        body = self.body(page.body)
        return page if body is page.body else replace(page, body=body, document=None)

    def body(self, body: bytes) -> bytes:
        """Return a body without erased persons, the very same object when it names none."""
        # Bytes that are no UTF-8 come back as they were.
        text = body.decode("utf-8", "surrogateescape")
        edited = self.text(text)
        return body if edited == text else edited.encode("utf-8", "surrogateescape")

    def text(self, text: str) -> str:
        """Do what `body` does, for text; what is no JSON is edited as plain text."""
        found = self._find(text) if self._erased else {}
        if not found and not self._known.may_change(text):
            return text
        eraser = self._known.with_more(found)

        def edit(path: Path, value: str) -> str:
            if ends_in(path, self._paths):
                edited = eraser.value(value)
                is_number = edited.startswith(TOKEN_PREFIX) and ends_in(path, self._numbers)
                return number_token(edited) if is_number else edited
            is_key = ends_in(path, self._keys) and not ends_in(path[:-1], self._objects)
            return value if is_key and value.isalnum() else eraser.text(value)

        if not self._is_json(text):
            return eraser.text(text)
        before, *documents = _split(text)
        edited = [edit_json(document, edit) for document in documents]
        return eraser.text(before) + "".join(edited)

    def _is_json(self, text: str) -> bool:
        """Say whether a text has keys; what only looks like JSON inside a CSV file has none."""
        if self._is_file:
            return text.lstrip("\ufeff \t\r\n").startswith(("{", "["))
        return _JSON_START.search(text) is not None

    def _find(self, text: str) -> dict[str, str]:
        """Return the values of erased persons that stand where the source says, with tokens."""
        found: dict[str, str] = {}
        is_json = self._is_json(text)
        if self._paths and (self._is_file or not is_json):
            # Of a format without keys only what was hashed can be told from other values; in files
            # hashes stand under keys of other people's making, too.
            hashes = set(_HASH.findall(text))
            found = {value: token for value in hashes if (token := self._token_of(value))}
        if not is_json:
            return found
        if not any(self._token_of(match.group(1)) for match in self._candidate.finditer(text)):
            return found

        def note(path: Path, value: str) -> str:
            is_subject = ends_in(path, self._paths) or (path and path[-1] in self._personal_keys)
            if is_subject and (token := self._token_of(value)):
                found[bare(value)] = token
            return value

        for document in _split(text)[1:]:
            edit_json(document, note)
            found |= values_beside(document, self._personal_keys, found)
        return found


def ends_in(path: Path, ends: Iterable[Path]) -> bool:
    """Say whether a path in a page ends in one of the paths inside documents."""
    return any(path[-len(end) :] == end for end in ends)


def _split(text: str) -> tuple[str, str, str]:
    """Return what stands before any JSON, what looks like JSON before the document, and that.

    A server's messages may hold brackets and quotes of their own (`["size"]=> string(2) "5""`). A
    walk that came through them would take every text of the document for what stands between two.
    """
    first = _JSON_START.search(text)
    if first is None:
        return text, "", ""
    begin = first.start()
    start = _document_start(text, begin)
    return text[:begin], text[begin:start], text[start:]


def _document_start(text: str, first: int) -> int:
    """Return from where on most of a text reads as JSON; a document may be cut off."""
    best, longest, place = first, 0, first
    while found := _JSON_START.search(text, place):
        start = found.start()
        read, is_whole = _read_length(text, start)
        if read > longest:
            best, longest = start, read
        # A document that is cut, or broken within, is still the document when nothing precedes it.
        is_alone = not is_whole and not text[:start].strip("\ufeff \t\r\n")
        if is_alone or 2 * read > len(text) - start:
            break
        place = start + max(1, read)
    return best


def _read_length(text: str, start: int) -> tuple[int, bool]:
    """Return how many characters from a place on read as JSON, and whether to its end."""
    try:
        return _read_json(text, start)[1] - start, True
    except json.JSONDecodeError as error:
        return error.pos - start, False
    except RecursionError:
        return 0, False


def subject_paths(stream: Stream, sql_type: str = "") -> frozenset[Path]:
    """Return the paths, inside documents, at which a stream's pages name a person.

    sql_type: only those whose column has this type.
    """
    paths = _paths_of(stream.record, stream.subject_columns, sql_type)
    for child in stream.children:
        paths |= _paths_of(child.record, child.subject_columns, sql_type)
    return frozenset(paths)


def key_paths(stream: Stream) -> frozenset[Path]:
    """Return the paths of a stream's keys: an order that happens to have a person's number."""
    paths = _paths_of(stream.record, stream.key)
    for child in stream.children:
        paths |= _paths_of(child.record, child.key)
    return frozenset(paths)


def _paths_of(record: type[Record], names: Iterable[str], sql_type: str = "") -> set[Path]:
    wanted = set(names)
    return {
        column.path
        for column in columns_of(record)
        if column.name in wanted and sql_type in ("", column.sql_type)
    }
