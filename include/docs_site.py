"""`make docs`: dbt's documentation of every model as one file, `<data dir>/docs/index.html`.

The page brings its scripts along and asks nobody for anything, so it is also fit for a folder or a
mail. dbt builds marts in `marts_next`; analysts know them by the views of `marts`, so that is what
the site says. Where no warehouse answers the site has descriptions and types without the catalog.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from include.dbt_tasks import run_dbt
from include.errors import GroundswellError, InvalidSettings
from include.services.credentials import write_private
from include.services.shell import read_shell_connection
from include.settings import Settings, read_settings
from include.sources._base import Connection
from include.warehouse.connection import connect, dsn_of
from include.warehouse.mart_views import STAGED_SCHEMA, VIEW_SCHEMA

FILE = Path("docs") / "index.html"
# dbt's page asks for these before its script has filled them in.
_UNFILLED = {
    "href=\"${require('./assets/favicons/favicon.ico')}\"": 'href="data:,"',
    '<use xlink:href="{{': '<use ng-attr-xlink:href="{{',
}
_COLUMNS = """
select c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
    col_description(c.oid, a.attnum), a.attnum, obj_description(c.oid)
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid
where c.relnamespace = to_regnamespace(%s) and a.attnum > 0 and not a.attisdropped
order by c.relname, a.attnum
"""


def build_site(settings: Settings, connection: Connection | None) -> Path:
    """Write the site and return its file; `connection` is the transformer's, None for no catalog.

    Raise `DbtFailed` when dbt does.
    """
    with tempfile.TemporaryDirectory(prefix="groundswell-docs-") as folder:
        target = ["--quiet", "--target-path", folder]
        generate = ["docs", "generate", *target]
        if connection is None:
            run_dbt(["parse", *target])
            generate += ["--empty-catalog", "--no-compile"]
        run_dbt(generate, connection)
        manifest = json.loads((Path(folder) / "manifest.json").read_bytes())
        catalog = json.loads((Path(folder) / "catalog.json").read_bytes())
    published = _read_published(connection) if connection else {}
    _show_as_published(manifest, catalog, published)
    path = settings.data_dir / FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, render_site(manifest, catalog))
    return path


def render_site(manifest: dict[str, Any], catalog: dict[str, Any]) -> str:
    """Return dbt's page with both documents inside it."""
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    page = Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")
    for unfilled, quiet in _UNFILLED.items():
        page = page.replace(unfilled, quiet)
    for place, document in (("MANIFEST", manifest), ("CATALOG", catalog)):
        # A description may hold any text, also one that would end the script around it.
        text = json.dumps(document).replace("</", "<\\/")
        page = page.replace(f'"{place}.JSON INLINE DATA"', text)
    return page


def _show_as_published(
    manifest: dict[str, Any], catalog: dict[str, Any], published: dict[str, dict[str, Any]]
) -> None:
    """Let the marts stand in `marts`, with the columns of the published views."""
    for unique_id, node in manifest["nodes"].items():
        if node.get("schema") != STAGED_SCHEMA:
            continue
        node["schema"] = VIEW_SCHEMA
        if node.get("relation_name"):
            staged, shown = f'"{STAGED_SCHEMA}"', f'"{VIEW_SCHEMA}"'
            node["relation_name"] = node["relation_name"].replace(staged, shown)
        found = published.get(node["name"])
        if found is not None:
            catalog["nodes"][unique_id] = found | {"unique_id": unique_id}


def _read_published(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return the views of `marts` as entries of dbt's catalog, by name."""
    found: dict[str, dict[str, Any]] = {}
    with connect(dsn_of(connection)) as warehouse:
        rows = warehouse.execute(_COLUMNS, [VIEW_SCHEMA]).fetchall()
    for name, column, kind, comment, position, about in rows:
        metadata = {"type": "VIEW", "schema": VIEW_SCHEMA, "name": name, "comment": about}
        entry = found.setdefault(name, {"metadata": metadata, "columns": {}, "stats": {}})
        entry["columns"][column] = {
            "type": kind,
            "index": position,
            "name": column,
            "comment": comment,
        }
    return found


def _find_connection() -> Connection | None:
    """Return the transformer's connection when its warehouse answers."""
    try:
        connection = read_shell_connection("warehouse_transformer")
        connect(dsn_of(connection)).close()
    except (InvalidSettings, psycopg.OperationalError):
        return None
    return connection


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the site; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.docs_site", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--empty-catalog", action="store_true", help="do not ask a warehouse, even if one answers"
    )
    options = parser.parse_args(arguments)
    connection = None if options.empty_catalog else _find_connection()
    try:
        path = build_site(read_settings(), connection)
    except GroundswellError as error:
        print(f"docs failed: {error}", file=sys.stderr)
        return 1
    without = "" if connection else ", without the warehouse's catalog: none answers"
    print(f"{path}{'' if options.empty_catalog else without}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
