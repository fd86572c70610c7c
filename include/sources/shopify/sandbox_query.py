"""Just enough GraphQL syntax for the sandbox: one query operation with variables, fragments, inline
fragments and aliases; also one mutation; no directives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class QueryError(Exception):
    """The query cannot be answered; `payload` is what the API puts into `errors`."""

    def __init__(self, message: str, code: str | None = None, **extensions: Any) -> None:
        super().__init__(message)
        self.payload: dict[str, Any] = {"message": message}
        if code:
            self.payload["extensions"] = {"code": code, **extensions}


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A selected field; `condition` is the type of the fragment it stands in, None outside one."""

    name: str
    alias: str
    arguments: Mapping[str, Any]
    selection: tuple[Field, ...]
    condition: str | None = None


_TOKEN = re.compile(r'\s+|,|#[^\n]*|(?P<token>\.\.\.|[{}()\[\]:$!=@]|"(?:[^"\\]|\\.)*"|[\w.+-]+)')


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError(f"syntax error, unexpected {text[position]!r}", "undefinedSyntax")
        if match["token"]:
            found.append(match["token"])
        position = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens; fragments are put in place of their spreads."""

    def __init__(self, text: str) -> None:
        self._tokens = [*_tokens(text), ""]
        self._at = 0
        self.kind = "query"
        self._fragments: dict[str, tuple[str, tuple[Field, ...]]] = {}

    def parse(self) -> tuple[Field, ...]:
        operation_at = -1
        while self._peek():
            if self._peek() == "fragment":
                self._parse_fragment()
            elif self._peek() in ("query", "mutation", "{") and operation_at < 0:
                operation_at = self._at
                self.kind = "mutation" if self._peek() == "mutation" else "query"
                self._skip_to_selection()
                self._skip_selection()
            else:
                raise QueryError(f"syntax error, unexpected {self._peek()!r}")
        if operation_at < 0:
            raise QueryError("no operation found")
        self._at = operation_at
        self._skip_to_selection()
        return self._selection()

    def _peek(self) -> str:
        return self._tokens[self._at]

    def _next(self, expected: str | None = None) -> str:
        token = self._tokens[self._at]
        if token == "" or (expected is not None and token != expected):
            raise QueryError(f"syntax error, unexpected {token!r}, expected {expected!r}")
        self._at += 1
        return token

    def _skip_to_selection(self) -> None:
        depth = 0
        while self._peek() != "{" or depth:
            depth += {"(": 1, ")": -1}.get(self._next(), 0)

    def _skip_selection(self) -> None:
        depth = 0
        while True:
            depth += {"{": 1, "}": -1}.get(self._next(), 0)
            if depth == 0:
                return

    def _parse_fragment(self) -> None:
        self._next("fragment")
        name = self._next()
        self._next("on")
        condition = self._next()
        self._fragments[name] = (condition, self._selection())

    def _selection(self) -> tuple[Field, ...]:
        self._next("{")
        fields: list[Field] = []
        while self._peek() != "}":
            fields.extend(self._spread() if self._peek() == "..." else [self._field()])
        self._next("}")
        return tuple(fields)

    def _spread(self) -> Iterator[Field]:
        self._next("...")
        if self._peek() == "on":
            self._next()
            condition, fields = self._next(), self._selection()
        else:
            condition, fields = "", (Field(self._next(), "...", {}, ()),)
        for field in fields:
            yield Field(
                field.name,
                field.alias,
                field.arguments,
                field.selection,
                field.condition or condition,
            )

    def _field(self) -> Field:
        alias = name = self._next()
        if self._peek() == ":":
            self._next()
            name = self._next()
        arguments: dict[str, Any] = {}
        if self._peek() == "(":
            self._next()
            while self._peek() != ")":
                key = self._next()
                self._next(":")
                arguments[key] = self._value()
            self._next(")")
        selection = self._selection() if self._peek() == "{" else ()
        return Field(name, alias, arguments, selection)

    def _value(self) -> Any:
        token = self._next()
        if token == "$":
            return Variable(self._next())
        if token.startswith('"'):
            return token[1:-1].replace('\\"', '"')
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        return {"true": True, "false": False, "null": None}.get(token, token)

    def inline(self, fields: tuple[Field, ...]) -> tuple[Field, ...]:
        """Replace named spreads by the fields of their fragments."""
        done: list[Field] = []
        for field in fields:
            if field.alias == "...":
                if field.name not in self._fragments:
                    raise QueryError(f"Fragment {field.name} was used, but not defined")
                condition, inner = self._fragments[field.name]
                done += [
                    Field(f.name, f.alias, f.arguments, f.selection, f.condition or condition)
                    for f in self.inline(inner)
                ]
            else:
                inner = self.inline(field.selection)
                done.append(Field(field.name, field.alias, field.arguments, inner, field.condition))
        return tuple(done)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation's selection, fragments put in, and the type of the schema it starts from."""

    selection: tuple[Field, ...]
    root: str


def parse_operation(text: str) -> Operation:
    """Return the one operation of a text; `QueryError` if malformed."""
    parser = _Parser(text)
    selection = parser.inline(parser.parse())
    return Operation(selection, "Mutation" if parser.kind == "mutation" else "Query")


def parse_query(text: str) -> tuple[Field, ...]:
    """Return the selection of a query's operation, fragments put in; `QueryError` if malformed."""
    return parse_operation(text).selection


def resolve(value: Any, variables: Mapping[str, Any]) -> Any:
    """Return an argument with its variable put in."""
    return variables.get(value.name) if isinstance(value, Variable) else value
