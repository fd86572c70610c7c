"""Edit the values of a JSON text in place: everything that is not edited stays byte for byte.

Works on what is cut off or damaged as well (a payload in quarantine holds the first characters of a
page), which a decoder would refuse, and on JSON lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

# The keys that lead to a value; places in lists do not count.
Path = tuple[str, ...]

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_INTEGER = re.compile(r"-?[0-9]+")
_WORDS = frozenset({"null", "true", "false"})


def edit_json(text: str, edit: Callable[[Path, str], str]) -> str:
    """Return the text with each key, string and number replaced by what `edit` makes of it.

    `edit` gets the path and the decoded text of a value; a number that is changed into what is none
    becomes a string. Keys are edited too, under the path of their object.
    """
    parts: list[str] = []
    done = 0
    stack: list[str | None] = []  # per open container: its current key, None for a list
    is_key = False  # the next string is a key
    for match in _TOKEN.finditer(text):
        raw = match.group()
        if raw in "{[":
            stack.append("" if raw == "{" else None)
            is_key = raw == "{"
        elif raw in "}]":
            if stack:
                stack.pop()
            is_key = False
        elif raw == ",":
            is_key = bool(stack) and stack[-1] is not None
        elif raw != ":" and raw not in _WORDS:
            own = stack[:-1] if is_key else stack
            value = _decoded(raw)
            edited = edit(tuple(key for key in own if key is not None), value)
            if is_key:
                stack[-1] = value
                is_key = False
            if edited != value:
                # What was written in escapes stays so: a lone surrogate has no other form.
                written = json.dumps(edited, ensure_ascii="\\" in raw)
                if raw[0] != '"' and _INTEGER.fullmatch(edited):
                    written = edited
                parts += (text[done : match.start()], written)
                done = match.end()
    return "".join((*parts, text[done:]))


def _decoded(raw: str) -> str:
    if not raw.startswith('"'):
        return raw
    if "\\" not in raw:
        return raw[1:-1]
    try:
        return str(json.loads(raw, strict=False))
    except ValueError:
        return raw[1:-1]
