"""Make `admin_2026_10.graphql` from the Admin schema that Shopify publishes with its npm package.

    npm pack @shopify/dev-mcp@1.16.0
    python -m include.sources.shopify.sandbox_admin.trim shopify-dev-mcp-1.16.0.tgz

Kept are the types our queries reach, each with all its fields whose own type is kept: a field that
exists but is not asked for today stays known, one that does not exist is refused. The roots keep
only the fields we use. `@access` names the scopes of which an app needs one,
`@level2` a field of protected customer data. Run it again when a query reaches further or the API
version moves; needs graphql-core.
"""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    is_abstract_type,
    parse,
    visit,
)
from graphql.language import ast

from include.sources.shopify import list_queries, queries

VERSION = "2026-10"
PACKAGE = "@shopify/dev-mcp 1.16.0"
MEMBER = f"package/dist/data/admin_{VERSION}.json.gz"
TARGET = Path(__file__).parent / f"admin_{VERSION.replace('-', '_')}.graphql"
ROOTS = ("QueryRoot", "Mutation")
# `Node` alone has some 300 types; of an abstract type with so many, only those we name are kept.
MOST_KINDS = 20

HEADER = f"""# The part of Shopify's Admin GraphQL schema {VERSION} that our queries reach.
# Made by trim.py from the introspection in npm {PACKAGE} (ISC licence, Copyright
# 2025-present, Shopify Inc.). Do not edit.

directive @access(scopes: [String!]!) on FIELD_DEFINITION | OBJECT
directive @level2 on FIELD_DEFINITION

schema {{
  query: QueryRoot
  mutation: Mutation
}}
"""


def our_queries() -> list[str]:
    """Return every query text of the connector."""
    texts = [
        value
        for module in (queries, list_queries)
        for name, value in vars(module).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str) and "{" in value
    ]
    return [*texts, queries.bulk_orders("created_at:>'2026-01-01'")]


class _Reached(Visitor):
    """Collects the types and root fields that a query touches."""

    def __init__(self, types: TypeInfo, schema: GraphQLSchema) -> None:
        super().__init__()
        self._types, self._schema = types, schema
        self.names: set[str] = set()
        self.root_fields: set[tuple[str, str]] = set()

    def enter_field(self, node: ast.FieldNode, *_: Any) -> None:
        parent, field = self._types.get_parent_type(), self._types.get_field_def()
        if field is None or parent is None:
            raise SystemExit(f"{node.name.value} is no field of {parent}")
        self.names.add(parent.name)
        if parent.name in ROOTS:
            self.root_fields.add((parent.name, node.name.value))
        found = get_named_type(field.type)
        self.names.add(found.name)
        if found.name.endswith("Connection"):
            self.names.add(found.name.removesuffix("Connection") + "Edge")
        if is_abstract_type(found):
            kinds = self._schema.get_possible_types(found)
            self.names.update(kind.name for kind in kinds if len(kinds) <= MOST_KINDS)


def trim(introspection: Mapping[str, Any]) -> str:
    """Return the SDL of the part that our queries reach."""
    schema = build_client_schema(introspection["data"])
    types = TypeInfo(schema)
    reached = _Reached(types, schema)
    for text in our_queries():
        visit(parse(text), TypeInfoVisitor(types, reached))
    raw = {t["name"]: t for t in introspection["data"]["__schema"]["types"]}
    kept = _with_plain_types(reached, schema, raw)
    access = _scopes(introspection)
    parts = [_type_text(raw[name], kept, reached.root_fields, access) for name in sorted(kept)]
    return HEADER + "\n" + "\n\n".join(part for part in parts if part) + "\n"


def _with_plain_types(reached: _Reached, schema: GraphQLSchema, raw: Mapping[str, Any]) -> set[str]:
    """Add scalars, enums and the inputs of arguments to the types that were reached."""
    kept = set(reached.names)
    for name in reached.names:
        for field in raw[name].get("fields") or ():
            if name in ROOTS and (name, field["name"]) not in reached.root_fields:
                continue
            if raw[_named(field["type"])]["kind"] in ("SCALAR", "ENUM"):
                kept.add(_named(field["type"]))
            if _named(field["type"]) in kept:
                for argument in field["args"]:
                    kept.update(_inputs(_named(argument["type"]), raw))
    return kept


def _inputs(name: str, raw: Mapping[str, Any]) -> Iterator[str]:
    yield name
    for field in raw[name].get("inputFields") or ():
        yield from _inputs(_named(field["type"]), raw)


def _named(found: Mapping[str, Any]) -> str:
    return _named(found["ofType"]) if found["ofType"] else str(found["name"])


def _type_ref(found: Mapping[str, Any]) -> str:
    if found["kind"] == "NON_NULL":
        return _type_ref(found["ofType"]) + "!"
    return f"[{_type_ref(found['ofType'])}]" if found["kind"] == "LIST" else str(found["name"])


def _scopes(introspection: Mapping[str, Any]) -> dict[tuple[str, str | None], list[str]]:
    """Return the scopes of which one is needed, by type and field (None: the whole type)."""
    return {
        (item["typeName"], item.get("fieldName")): sorted(item["offlineScopes"])
        for item in introspection["offline_scopes"]["items"]
        if item["offlineScopes"]
    }


def _access_text(scopes: list[str] | None) -> str:
    return f" @access(scopes: {json.dumps(scopes)})" if scopes else ""


def _type_text(
    found: Mapping[str, Any],
    kept: set[str],
    root_fields: set[tuple[str, str]],
    access: Mapping[tuple[str, str | None], list[str]],
) -> str:
    name, kind = found["name"], found["kind"]
    if kind == "SCALAR":
        is_built_in = name in ("ID", "String", "Int", "Float", "Boolean")
        return "" if is_built_in else f"scalar {name}"
    if kind == "ENUM":
        return f"enum {name} {{\n" + _lines(v["name"] for v in found["enumValues"]) + "}"
    if kind == "UNION":
        members = [t["name"] for t in found["possibleTypes"] if t["name"] in kept]
        return f"union {name} = " + " | ".join(members)
    if kind == "INPUT_OBJECT":
        return f"input {name} {{\n" + _lines(map(_argument, found["inputFields"])) + "}"
    fields = [
        _field_text(name, field, access)
        for field in found["fields"]
        if _named(field["type"]) in kept
        and (name not in ROOTS or (name, field["name"]) in root_fields)
    ]
    above = [i["name"] for i in found["interfaces"] or () if i["name"] in kept]
    implements = f" implements {' & '.join(above)}" if above else ""
    word = "interface" if kind == "INTERFACE" else "type"
    scopes = _access_text(access.get((name, None)))
    return f"{word} {name}{implements}{scopes if word == 'type' else ''} {{\n{_lines(fields)}}}"


def _field_text(
    owner: str, field: Mapping[str, Any], access: Mapping[tuple[str, str | None], list[str]]
) -> str:
    arguments = ", ".join(map(_argument, field["args"]))
    text = f"{field['name']}{f'({arguments})' if arguments else ''}: {_type_ref(field['type'])}"
    text += _access_text(access.get((owner, field["name"])))
    text += " @level2" if field.get("isProtected") else ""
    return text + (" @deprecated" if field["isDeprecated"] else "")


def _argument(found: Mapping[str, Any]) -> str:
    default = found.get("defaultValue")
    return f"{found['name']}: {_type_ref(found['type'])}" + (f" = {default}" if default else "")


def _lines(parts: Iterator[str] | map[str] | list[str]) -> str:
    return "".join(f"  {part}\n" for part in parts)


def main(package: str) -> None:
    """Write the schema from the packed npm package."""
    with tarfile.open(package) as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise SystemExit(f"{package} holds no {MEMBER}; take {PACKAGE}")
        TARGET.write_text(trim(json.loads(gzip.decompress(member.read()))), encoding="utf-8")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
