"""Check what the connector sends against Shopify's published schema, as strictly as it does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

SCHEMA_FILE = Path(__file__).parent / "sandbox_admin" / "admin_2026_10.graphql"
_NO_FIELD = re.compile(r"Cannot query field ['\"](\w+)['\"] on type ['\"](\w+)['\"]")


@cache
def admin_schema() -> GraphQLSchema:
    """Return the part of the Admin schema that is kept with the sandbox."""
    return build_schema(SCHEMA_FILE.read_text(encoding="utf-8"))


def find_errors(text: str) -> list[dict[str, Any]]:
    """Return what Shopify's `errors` would hold for a query's text; empty when it is valid."""
    return list(_errors_of(text))


@cache
def _errors_of(text: str) -> tuple[dict[str, Any], ...]:
    try:
        document = parse(text)
    except GraphQLError as error:
        return (_payload(error, "syntaxError"),)
    return tuple(_payload(error) for error in validate(admin_schema(), document))


def find_variable_errors(text: str, variables: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what `errors` would hold for the variables of a valid query."""
    values = get_variable_values(admin_schema(), _declared_variables(text), dict(variables))
    if not isinstance(values, list):
        return []
    return [_payload(error, "INVALID_VARIABLE") for error in values]


@cache
def _declared_variables(text: str) -> tuple[VariableDefinitionNode, ...]:
    return tuple(
        variable
        for definition in parse(text).definitions
        if isinstance(definition, OperationDefinitionNode)
        for variable in definition.variable_definitions or ()
    )


def _payload(error: GraphQLError, code: str = "invalidQuery") -> dict[str, Any]:
    """Return an error in Shopify's words where the connector knows them."""
    places = [{"line": place.line, "column": place.column} for place in error.locations or ()]
    if (found := _NO_FIELD.match(error.message)) is not None:
        name, owner = found.groups()
        return {
            "message": f"Field '{name}' doesn't exist on type '{owner}'",
            "locations": places,
            "extensions": {"code": "undefinedField", "typeName": owner, "fieldName": name},
        }
    return {"message": error.message, "locations": places, "extensions": {"code": code}}
