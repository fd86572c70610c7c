"""Shapes of the Graph API: field expressions, cursors, errors."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response


class Refusal(Exception):
    """An error answer in Graph's envelope, with the HTTP status it comes with."""

    def __init__(
        self, status: int, code: int, message: str, *, subcode: int | None = None, title: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "type": "OAuthException", "code": code}
        if subcode is not None:
            self.body["error_subcode"] = subcode
        if title:
            self.body |= {"is_transient": False, "error_user_title": title}
        self.body["fbtrace_id"] = "AbCdEfGhIjKlMnOpQrStUvW"


@dataclass(frozen=True, slots=True)
class Field:
    """One asked field with its arguments (`.limit(50)`) and its own fields (`{id,caption}`)."""

    arguments: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)


def parse_fields(text: str) -> dict[str, Field]:
    """Read a field expression such as `id,media.limit(50).after(X){id,caption}`."""
    fields, position = _parse_list(text, 0)
    if position != len(text):
        raise _syntax_error(text)
    return fields


def choose(document: Mapping[str, Any], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the asked fields that have a value, and the id, which is always there."""
    names = [name for name in fields if name != "id"]
    chosen = {name: document[name] for name in names if document.get(name) is not None}
    return {**chosen, "id": document["id"]} if "id" in document else chosen


def page_of(
    documents: Sequence[Mapping[str, Any]], params: Mapping[str, str], *, default: int, most: int
) -> dict[str, Any]:
    """Return one page of an edge.

    As in the real API a full page announces a next one even when nothing follows, so a reader can
    meet an empty last page, which has no `paging` at all.
    """
    limit = _read_limit(params.get("limit"), default, most)
    start = _read_cursor(params.get("after"))
    data = list(documents[start : start + limit])
    if not data:
        return {"data": []}
    cursors = {"before": _cursor(start), "after": _cursor(start + len(data))}
    paging: dict[str, Any] = {"cursors": cursors}
    if len(data) == limit:
        paging["has_next"] = True
    return {"data": data, "paging": paging}


def answer_of(document: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    """Write an answer as the API sends it."""
    return Response(
        json.dumps(document),
        status,
        headers=dict(headers),
        media_type="application/json; charset=UTF-8",
    )


def add_next_addresses(document: dict[str, Any], request: Request, token: str) -> None:
    """Complete `paging.next`, also of edges inside: the API puts the caller's token into it."""
    for edge in _edges_of(document):
        paging = edge.get("paging", {})
        if paging.pop("has_next", False):
            own = {"access_token": token, "after": paging["cursors"]["after"]}
            address = request.url.include_query_params(**{**request.query_params, **own})
            paging["next"] = str(address)


def _edges_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a list, those inside its entries, and those inside them."""
    yield document
    for entry in document.get("data", []):
        for name in ("comments", "replies"):
            if name in entry:
                yield from _edges_of(entry[name])


def read_moment(params: Mapping[str, str], name: str) -> dt.datetime | None:
    """Return a parameter that is an instant in Unix seconds; None where it is not given."""
    text = params.get(name)
    if text is None:
        return None
    if not text.isdecimal():
        raise Refusal(400, 100, f"(#100) param {name} must be a valid unix timestamp")
    return dt.datetime.fromtimestamp(int(text), dt.UTC)


def _read_limit(text: str | None, default: int, most: int) -> int:
    limit = default if text is None else int(text) if text.isdecimal() else 0
    if not 1 <= limit <= most:
        raise Refusal(400, 100, f"(#100) param limit must be between 1 and {most}")
    return limit


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"position:{position}".encode()).decode().rstrip("=")


def _read_cursor(text: str | None) -> int:
    if not text:
        return 0
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(plain.removeprefix("position:"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Refusal(400, 100, "(#100) Invalid cursor") from None


def _parse_list(text: str, position: int) -> tuple[dict[str, Field], int]:
    """Read fields up to the end or a closing brace; return them and where reading stopped."""
    fields: dict[str, Field] = {}
    while position < len(text) and text[position] != "}":
        name, position = _parse_word(text, position)
        arguments, position = _parse_arguments(text, position)
        inner: dict[str, Field] = {}
        if text[position : position + 1] == "{":
            inner, position = _parse_list(text, position + 1)
            if text[position : position + 1] != "}":
                raise _syntax_error(text)
            position += 1
        fields[name] = Field(arguments, inner)
        if text[position : position + 1] == ",":
            position += 1
    return fields, position


def _parse_arguments(text: str, position: int) -> tuple[dict[str, str], int]:
    arguments: dict[str, str] = {}
    while text[position : position + 1] == ".":
        name, position = _parse_word(text, position + 1)
        end = text.find(")", position)
        if text[position : position + 1] != "(" or end < 0:
            raise _syntax_error(text)
        arguments[name] = text[position + 1 : end]
        position = end + 1
    return arguments, position


def _parse_word(text: str, position: int) -> tuple[str, int]:
    end = position
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    if end == position:
        raise _syntax_error(text)
    return text[position:end], end


def _syntax_error(text: str) -> Refusal:
    return Refusal(400, 2500, f"Syntax error in field expression: {text[:80]}")
