"""Runs inside Superset's own environment: `python session.py admin|import|folder|data`.

admin   reads a password from stdin and gives it to the one user, made on first use
import  reads the bundle (a zip) from stdin and imports it, replacing what it made before
folder  imports the files beside this one; GROUNDSWELL_SUPERSET_URI is the warehouse's address
data    prints, for every chart of the dashboard, the rows Superset answers for it, as JSON
"""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

USER = "admin"
SLUG = "groundswell"


def set_admin(password: str) -> None:
    """Make the user, or give them another password."""
    from superset import security_manager

    user = security_manager.find_user(username=USER)
    if user is not None:
        security_manager.reset_password(user.id, password)
        return
    role = security_manager.find_role("Admin")
    security_manager.add_user(USER, "Superset", "Admin", "admin@localhost", role, password)


def import_bundle(content: bytes) -> None:
    """Import the dashboard with its charts, datasets and database from an archive."""
    from superset.commands.importers.v1.utils import get_contents_from_bundle

    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        _import(get_contents_from_bundle(bundle))


def import_folder(folder: Path, uri: str) -> None:
    """Import them from their files, with the address of the warehouse that is there."""
    import yaml

    contents = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.yaml")}
    for path, text in contents.items():
        if path.startswith("databases/"):
            contents[path] = yaml.safe_dump(yaml.safe_load(text) | {"sqlalchemy_uri": uri})
    _import(contents)


def _import(contents: dict[str, str]) -> None:
    """Import what the dashboard stands on first: its own import would keep their old state."""
    from flask import g
    from superset import security_manager
    from superset.commands.chart.importers.v1 import ImportChartsCommand
    from superset.commands.dashboard.importers.v1 import ImportDashboardsCommand
    from superset.commands.database.importers.v1 import ImportDatabasesCommand
    from superset.commands.dataset.importers.v1 import ImportDatasetsCommand

    g.user = security_manager.find_user(username=USER)
    steps = (
        ("Database", ("databases/",), ImportDatabasesCommand),
        ("SqlaTable", ("databases/", "datasets/"), ImportDatasetsCommand),
        ("Slice", ("databases/", "datasets/", "charts/"), ImportChartsCommand),
        ("Dashboard", ("",), ImportDashboardsCommand),
    )
    for kind, folders, command in steps:
        part = {path: text for path, text in contents.items() if path.startswith(folders)}
        part["metadata.yaml"] = contents["metadata.yaml"].replace("Dashboard", kind)
        command(part, overwrite=True).run()


def read_charts(app: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of every chart by its id, asked for as the dashboard's page asks."""
    from superset import db, security_manager
    from superset.models.dashboard import Dashboard

    dashboard = db.session.query(Dashboard).filter_by(slug=SLUG).one()
    charts = {str(chart.uuid): chart.id for chart in dashboard.slices}
    user_id = security_manager.find_user(username=USER).id
    found = {}
    with app.test_client() as client:
        with client.session_transaction() as session:
            session["_user_id"] = str(user_id)
            session["_fresh"] = True
        page = client.get(f"/superset/dashboard/{SLUG}/")
        if page.status_code != 200:
            raise SystemExit(f"the dashboard's page answers {page.status_code}")
        for uuid, number in charts.items():
            answer = client.get(f"/api/v1/chart/{number}/data/?force=true")
            if answer.status_code != 200:
                raise SystemExit(f"chart {uuid}: {answer.status_code} {answer.get_data(True)}")
            found[uuid] = answer.get_json()["result"][0]["data"]
    return found


def main() -> int:
    """Run one command; return the exit code."""
    from superset.app import create_app

    app = create_app()
    with app.app_context():
        if sys.argv[1:] == ["admin"]:
            set_admin(sys.stdin.read())
        elif sys.argv[1:] == ["import"]:
            import_bundle(sys.stdin.buffer.read())
        elif sys.argv[1:] == ["folder"]:
            files = Path(__file__).resolve().parent / "dashboard"
            import_folder(files, os.environ["GROUNDSWELL_SUPERSET_URI"])
        elif sys.argv[1:] == ["data"]:
            print(json.dumps(read_charts(app), default=str))
        else:
            raise SystemExit(f"usage: session.py admin|import|folder|data (got {sys.argv[1:]})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
