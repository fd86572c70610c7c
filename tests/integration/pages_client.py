"""Every endpoint that our plugins put into Airflow's api-server, called with Airflow's own tokens.

The plugins' applications are mounted as Airflow mounts them; the guard is Airflow's, the tokens are
signed and verified by its auth manager, and the pages read a real warehouse as `ui_reader`.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from include.connections import fields_to_json
from include.settings import REPO_ROOT

JWT_SECRET = "a secret of the tests that is long enough for a signature of sixty-four bytes or more"
# A good value for each parameter of a path. A new parameter has to be named here.
PATH_VALUES = {
    "name": "pages.css", "load_id": "1", "reject_id": "1", "result_id": "1", "table": "creators",
}  # fmt: skip


class Endpoint(NamedTuple):
    """One endpoint of a plugin below the address it is mounted at."""

    prefix: str
    route: APIRoute

    @property
    def name(self) -> str:
        return f"{self.prefix}{self.route.path}"

    def address(self, values: dict[str, str] | None = None) -> str:
        """Return the address with its parameters filled in."""
        known = {**PATH_VALUES, **(values or {})}
        return re.sub(r"{(\w+)(:\w+)?}", lambda found: known[found[1]], self.name)


def load_plugins() -> list[dict[str, Any]]:
    """Return what every file of `plugins/` asks Airflow to mount."""
    from airflow.plugins_manager import AirflowPlugin

    mounted: list[dict[str, Any]] = []
    for path in sorted((REPO_ROOT / "plugins").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"plugin_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for thing in vars(module).values():
            if isinstance(thing, type) and issubclass(thing, AirflowPlugin):
                mounted += getattr(thing, "fastapi_apps", [])
    return mounted


def endpoints() -> list[Endpoint]:
    """Return every endpoint of every plugin; the pages' application is built for it."""
    found = []
    for entry in load_plugins():
        app = entry["app"]
        if not isinstance(app, FastAPI):  # the pages, which are imported by their first request
            from include.pages.app import build_app
            from include.pages.reader import Reader

            app = build_app(Reader(lambda: ""))
        assert all(isinstance(route, APIRoute) for route in app.routes), (
            "only endpoints are guarded"
        )
        found += [Endpoint(entry["url_prefix"], route) for route in app.routes]
    return found


@contextmanager
def api_server(warehouse: Any, folder: Any) -> Iterator[TestClient]:
    """Mount the plugins in an application with Airflow's auth manager; its metadata is SQLite."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", JWT_SECRET)
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False")
        patch.setenv(
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(folder / "logins.json")
        )
        patch.setenv("AIRFLOW_CONN_WAREHOUSE_UI_READER", reader_connection(warehouse))
        patch.setenv("GROUNDSWELL_DATA_DIR", str(folder))
        yield TestClient(_application(), raise_server_exceptions=False)
        from include.pages.wiring import pages

        pages().state.reader.close()
        pages.cache_clear()


def reader_connection(warehouse: Any) -> str:
    """Return the pages' connection in Airflow's JSON form."""
    return fields_to_json(
        {
            "conn_type": "postgres",
            "host": "127.0.0.1",
            "port": warehouse.port,
            "login": "ui_reader",
            "password": warehouse.secrets.role_password("ui_reader"),
            "schema": "warehouse",
        }
    )


def token_of(role: str | None) -> str:
    """Return a token of a user with a role of Airflow's simple auth manager, None for no role."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="somebody", role=role))


def _application() -> FastAPI:
    from airflow import settings
    from airflow.api_fastapi.app import init_auth_manager
    from airflow.models import import_all_models
    from airflow.models.base import Base

    # Tokens that were logged out and teams of DAGs are asked of the metadata database.
    import_all_models()
    Base.metadata.create_all(settings.engine)
    app = FastAPI()
    init_auth_manager(app)
    for entry in load_plugins():
        app.mount(entry["url_prefix"], entry["app"])
    return app
