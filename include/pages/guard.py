"""Who may open a page: permissions of Airflow itself, named at each endpoint.

Airflow mounts a plugin's application beside its own and guards none of it. Every endpoint of ours
therefore carries `dependencies=[READ_…]`; `check_guarded` refuses an application in which one does
not. The user comes from Airflow's own session cookie (the UI) or bearer token (scripts): without
one the answer is 401, without the permission 403.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView, DagAccessEntity
from airflow.api_fastapi.core_api.security import (
    requires_access_asset,
    requires_access_dag,
    requires_access_view,
)
from fastapi import Depends
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute

from include.errors import InvalidSettings

# The DAG whose result the pages show: who may see it may see what it published.
DAG_ID = "measure_campaigns"

READ_SITE = Depends(requires_access_view(AccessView.WEBSITE))
READ_CAMPAIGNS = Depends(requires_access_dag("GET", None, DAG_ID))
READ_RUNS = Depends(requires_access_dag("GET", DagAccessEntity.RUN, DAG_ID))
READ_ASSETS = Depends(requires_access_asset("GET"))

# What each guard asks of Airflow, for docs and tests.
PERMISSIONS = MappingProxyType(
    {
        READ_SITE.dependency: "can read on Website",
        READ_CAMPAIGNS.dependency: f"can read on DAG:{DAG_ID}",
        READ_RUNS.dependency: f"can read on DAG Runs of DAG:{DAG_ID}",
        READ_ASSETS.dependency: "can read on Assets",
    }
)


def permission_of(route: APIRoute) -> str | None:
    """Return the permission an endpoint names, None when it names none."""
    return _permission(route.dependencies)


def check_guarded(routes: Iterable[object]) -> None:
    """Raise `InvalidSettings` naming an endpoint without a permission, or that does not only read.

    Anything that is no endpoint of FastAPI (a mounted folder, FastAPI's own docs) is refused too:
    nobody would ask for its permission.
    """
    for route in routes:
        if not isinstance(route, APIRoute):
            raise InvalidSettings(f"{route!r} cannot be guarded; write an endpoint for it")
        if permission_of(route) is None:
            allowed = ", ".join(sorted(PERMISSIONS.values()))
            raise InvalidSettings(f"{route.path} names no permission; allowed: {allowed}")
        if route.methods != {"GET"}:
            raise InvalidSettings(f"{route.path} takes {sorted(route.methods)}; allowed: GET")


def _permission(dependencies: Iterable[Dependency]) -> str | None:
    for dependency in dependencies:
        found = PERMISSIONS.get(dependency.dependency)
        if found is not None:
            return found
    return None
