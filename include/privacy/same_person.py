"""Find what else a page holds of a person: hashes that stand beside one of theirs.

A commenter comes with a name, an id, a link and a picture; only some of them are columns, by which
a person is linked, but all of them are theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_HASH = re.compile(r"[0-9a-f]{64}")
_BETWEEN = re.compile(r"[\s,]*")
_read_json = json.JSONDecoder(strict=False).raw_decode


def values_beside(
    text: str, personal_keys: frozenset[str], tokens: Mapping[str, str]
) -> dict[str, str]:
    """Return tokens for the hashes that share an object with a value that has one.

    text: JSON, one document or several; what does not decode is passed over. tokens: by value.
    """
    found: dict[str, str] = {}
    for document in _documents(text):
        for values in _persons(document, personal_keys):
            token = next((tokens[value] for value in values if value in tokens), None)
            if token is not None:
                found |= dict.fromkeys(values, token)
    return found


def _documents(text: str) -> Iterator[Any]:
    place = 0
    try:
        while between := _BETWEEN.match(text, place):
            document, place = _read_json(text, between.end())
            yield document
    except (json.JSONDecodeError, RecursionError):
        return


def _persons(node: Any, keys: frozenset[str]) -> Iterator[list[str]]:
    """Yield the personal hashes of each object; `{"authorChannelId": {"value": …}}` is one too."""
    if isinstance(node, list):
        for item in node:
            yield from _persons(item, keys)
    if not isinstance(node, dict):
        return
    own = []
    for key, value in node.items():
        if isinstance(value, dict) and len(value) == 1:
            [(key, value)] = value.items()
        if key in keys and isinstance(value, str) and _HASH.fullmatch(value):
            own.append(value)
    if own:
        yield own
    for value in node.values():
        yield from _persons(value, keys)
