"""Check requests and answers against the discovery documents that Google publishes of its APIs.

A sandbox keeps the part that its connector uses, without its texts: `schemas` by name and, for
methods whose request is an address, `methods` with their parameters. The documents lie in the
google-api-python-client package, in `googleapiclient/discovery_cache/documents`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

KEPT = ("type", "format", "enum", "$ref", "items", "properties", "additionalProperties")
KEPT_OF_PARAMETER = ("type", "format", "enum", "default", "minimum", "maximum", "repeated")
# Numbers of 64 bits are texts in JSON; as a text every number fits.
TEXT_PATTERNS = {
    "int64": re.compile(r"-?\d+"),
    "uint64": re.compile(r"\d+"),
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
}
Schema = Mapping[str, Any]


class Discovery:
    """A trimmed document; read when it is first needed."""

    def __init__(self, file: Path) -> None:
        self.file = file

    @functools.cached_property
    def _document(self) -> Mapping[str, Any]:
        document: Mapping[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
        return document

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """The schemas by name."""
        found: Mapping[str, Schema] = self._document["schemas"]
        return found

    @property
    def methods(self) -> Mapping[str, Mapping[str, Schema]]:
        """The parameters of methods by name, `<resource>.<method>`."""
        found: Mapping[str, Mapping[str, Schema]] = self._document["methods"]
        return found

    def find_problems(self, document: Any, schema_name: str) -> list[str]:
        """Return what Google's schema does not know or would not take, in the API's words."""
        return list(self._problems(document, {"$ref": schema_name}, ""))

    def _problems(self, value: Any, schema: Schema, path: str) -> Iterator[str]:
        if "$ref" in schema:
            schema = self.schemas[schema["$ref"]]
        kind = schema.get("type")
        if kind == "object":
            yield from self._object_problems(value, schema, path)
        elif kind == "array":
            if not isinstance(value, list):
                yield f"Invalid value at '{path}': a list is expected, not {value!r}."
            else:
                for index, item in enumerate(value):
                    yield from self._problems(item, schema["items"], f"{path}[{index}]")
        elif not _fits(value, schema):
            expected = schema.get("format") or schema.get("enum") or kind
            yield f"Invalid value at '{path}' ({expected}), {value!r}"

    def _object_problems(self, value: Any, schema: Schema, path: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"Invalid value at '{path}': an object is expected, not {value!r}."
            return
        properties = schema.get("properties", {})
        for name, inner in value.items():
            where = f"{path}.{name}" if path else name
            if name in properties:
                yield from self._problems(inner, properties[name], where)
            elif "additionalProperties" not in schema:
                yield f"Unknown name \"{name}\" at '{path}': Cannot find field."


def trim_schemas(document: Mapping[str, Any], roots: Iterable[str]) -> dict[str, Any]:
    """Return the schemas that `roots` lead to, without descriptions, by name."""
    schemas: dict[str, Any] = {}
    pending = list(roots)
    while pending:
        name = pending.pop()
        if name not in schemas:
            schemas[name] = _trim(document["schemas"][name])
            pending += re.findall(r'"\$ref": "(\w+)"', json.dumps(schemas[name]))
    return dict(sorted(schemas.items()))


def trim_parameters(document: Mapping[str, Any], method: str) -> dict[str, Any]:
    """Return the parameters of `<resource>.<method>`, without descriptions."""
    resource, _, name = method.partition(".")
    found = document["resources"][resource]["methods"][name]["parameters"]
    return {
        parameter: {key: schema[key] for key in KEPT_OF_PARAMETER if key in schema}
        for parameter, schema in sorted(found.items())
    }


def write_trimmed(file: Path, document: Mapping[str, Any]) -> None:
    """Write a trimmed document."""
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _trim(schema: Mapping[str, Any]) -> dict[str, Any]:
    trimmed: dict[str, Any] = {key: schema[key] for key in KEPT if key in schema}
    if "properties" in trimmed:
        properties = schema["properties"].items()
        trimmed["properties"] = {name: _trim(inner) for name, inner in properties}
    if "items" in trimmed:
        trimmed["items"] = _trim(schema["items"])
    return trimmed


def _fits(value: Any, schema: Schema) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    kind, pattern = schema.get("type"), TEXT_PATTERNS.get(schema.get("format", ""))
    if pattern is not None:  # a number is taken where a text of digits is
        return pattern.fullmatch(str(value)) is not None and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind != "string" or isinstance(value, str)
