"""Which scopes and which approval a root field needs, and how the API refuses without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from include.sources.shopify.sandbox_query import Field, QueryError

_SCOPES: Mapping[str, str | None] = {
    "orders": "read_orders",
    "order": "read_orders",
    "ordersCount": "read_orders",
    "customers": "read_customers",
    "customersCount": "read_customers",
    "productVariants": "read_products",
    "productVariantsCount": "read_products",
    "discountNodes": "read_discounts",
    "discountNodesCount": "read_discounts",
    "discountNode": "read_discounts",
    "shopifyqlQuery": "read_reports",
}
# Protected customer data of level 2; without approval null or, by the app's setting, an error.
_LEVEL_2 = frozenset({"email", "phone", "emailAddress", "phoneNumber", "firstName", "lastName"})


def check_scope(field: Field, scopes: Sequence[str], level_2: str) -> None:
    """Raise `QueryError` when a root field needs a scope or an approval that the app lacks.

    level_2: "granted", "null" (fields are empty) or "denied" (asking for them is an error).
    """
    needed = _SCOPES.get(field.name)
    if needed is not None and needed not in scopes:
        raise _denied(field.name, f"`{needed}` access scope.")
    if level_2 == "denied":
        for name in _names(field):
            if name in _LEVEL_2:
                raise _denied(name, "approval for level 2 protected customer data.")


def _names(field: Field) -> Iterator[str]:
    yield field.name
    for part in field.selection:
        yield from _names(part)


def _denied(name: str, access: str) -> QueryError:
    return QueryError(
        f"Access denied for {name} field. Required access: {access}",
        "ACCESS_DENIED",
        documentation="https://shopify.dev/api/usage/access-scopes",
        requiredAccess=access,
    )
