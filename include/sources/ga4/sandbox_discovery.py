"""Check requests and answers against Google's own description of the Data API.

`sandbox_discovery.json` is the part of the discovery document (analyticsdata v1beta) that reports
use, without its texts. To make it anew from the document in the google-api-python-client package
(`googleapiclient/discovery_cache/documents/analyticsdata.v1beta.json`):

    python -m include.sources.ga4.sandbox_discovery DOCUMENT
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TRIMMED = Path(__file__).with_suffix(".json")
ROOTS = (
    "RunReportRequest",
    "RunReportResponse",
    "BatchRunReportsRequest",
    "BatchRunReportsResponse",
)
KEPT = ("type", "format", "enum", "$ref", "items", "properties", "additionalProperties")
Schema = Mapping[str, Any]


def find_problems(document: Any, schema_name: str) -> list[str]:
    """Return what Google's schema does not know or would not take, in the API's words."""
    return list(_problems(document, {"$ref": schema_name}, ""))


@functools.cache
def read_schemas() -> dict[str, Schema]:
    """Return the trimmed schemas by name."""
    schemas: dict[str, Schema] = json.loads(TRIMMED.read_text(encoding="utf-8"))["schemas"]
    return schemas


def trim_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return revision and schemas that `ROOTS` lead to, without descriptions."""
    schemas: dict[str, Any] = {}
    pending = list(ROOTS)
    while pending:
        name = pending.pop()
        if name not in schemas:
            schemas[name] = _trim(document["schemas"][name])
            pending += re.findall(r'"\$ref": "(\w+)"', json.dumps(schemas[name]))
    return {"revision": document["revision"], "schemas": dict(sorted(schemas.items()))}


def _trim(schema: Mapping[str, Any]) -> dict[str, Any]:
    trimmed: dict[str, Any] = {key: schema[key] for key in KEPT if key in schema}
    if "properties" in trimmed:
        properties = schema["properties"].items()
        trimmed["properties"] = {name: _trim(inner) for name, inner in properties}
    if "items" in trimmed:
        trimmed["items"] = _trim(schema["items"])
    return trimmed


def _problems(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = read_schemas()[schema["$ref"]]
    kind = schema.get("type")
    if kind == "object":
        yield from _object_problems(value, schema, path)
    elif kind == "array":
        if not isinstance(value, list):
            yield f"Invalid value at '{path}': a list is expected, not {value!r}."
        else:
            for index, item in enumerate(value):
                yield from _problems(item, schema["items"], f"{path}[{index}]")
    elif not _fits(value, schema):
        expected = schema.get("format") or schema.get("enum") or kind
        yield f"Invalid value at '{path}' ({expected}), {value!r}"


def _object_problems(value: Any, schema: Schema, path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"Invalid value at '{path}': an object is expected, not {value!r}."
        return
    properties = schema.get("properties", {})
    for name, inner in value.items():
        where = f"{path}.{name}" if path else name
        if name in properties:
            yield from _problems(inner, properties[name], where)
        elif "additionalProperties" not in schema:
            yield f"Unknown name \"{name}\" at '{path}': Cannot find field."


def _fits(value: Any, schema: Schema) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    kind, form = schema.get("type"), schema.get("format")
    if form == "int64":  # text in JSON; a number is taken too
        return re.fullmatch(r"-?\d+", str(value)) is not None and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return kind != "string" or isinstance(value, str)


def main(arguments: list[str]) -> None:
    """Trim the discovery document named on the command line."""
    document = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    text = json.dumps(trim_document(document), indent=1, sort_keys=True)
    TRIMMED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
