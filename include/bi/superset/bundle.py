"""Superset's export format from the description: `python -m include.bi.superset.bundle`.

The files lie in `include/bi/superset/dashboard/`, where a person can read a change of them, and a
test keeps them equal to the description. `zip_bundle` packs them as Superset's import wants them.
"""

from __future__ import annotations

import io
import json
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

import yaml

from include.bi.superset.description import (
    CHARTS,
    METRICS,
    ROWS,
    SLUG,
    TITLE,
    Chart,
)
from include.bi.superset.labels import label_of
from include.bi.superset.layout import build_position
from include.bi.superset.names import dataset_sql, name_columns
from include.settings import DBT_PROJECT_DIR

FOLDER = Path(__file__).resolve().parent / "dashboard"
ROOT = "groundswell"  # the one folder of the archive
DATABASE = "Groundswell"
# The password is given when the bundle is imported, and so is the server's real address.
URI = "postgresql+psycopg2://bi_reader:XXXXXXXXXX@127.0.0.1:15432/warehouse"
_VERSION = "1.0.0"
_NAMESPACE = uuid.UUID("5f0a3d0e-6c0e-5c0b-9d53-7e1f0c3c6a11")
_KINDS = {"rows": "table", "table": "table", "days": "echarts_timeseries_bar"}

Document = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines, a query, line by line."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style="|" if "\n" in text else None
    )


_Dumper.add_representer(str, _represent_text)


def build_bundle() -> dict[str, Document]:
    """Return every file of the bundle by its path."""
    files: dict[str, Document] = {
        "metadata.yaml": {
            "version": _VERSION,
            "type": "Dashboard",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        f"databases/{DATABASE}.yaml": _database(),
        f"dashboards/{SLUG}.yaml": _dashboard(),
    }
    for mart in METRICS:
        files[f"datasets/{DATABASE}/{mart}.yaml"] = _dataset(mart)
    for chart in CHARTS:
        files[f"charts/{chart.slug}.yaml"] = _chart(chart)
    return files


def write_bundle(folder: Path = FOLDER) -> list[Path]:
    """Write the files and remove those that no description asks for; return the paths written."""
    files = {folder / path: to_yaml(document) for path, document in build_bundle().items()}
    for old in set(folder.rglob("*.yaml")) - files.keys():
        old.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sorted(files)


def zip_bundle(uri: str | None = None) -> bytes:
    """Return the bundle as an archive; `uri` takes the place of the sample address."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, document in build_bundle().items():
            if uri is not None and path.startswith("databases/"):
                document = document | {"sqlalchemy_uri": uri}
            archive.writestr(f"{ROOT}/{path}", to_yaml(document))
    return content.getvalue()


def to_yaml(document: Document) -> str:
    """Return a document as YAML, in the order in which it was made."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)


def id_of(kind: str, name: str) -> str:
    """Return the lasting id of a thing: an import replaces the one of the same id."""
    return str(uuid.uuid5(_NAMESPACE, f"{kind}/{name}"))


def mart_columns(mart: str) -> list[Document]:
    """Return the columns that a mart's contract promises, as dbt's YAML has them."""
    path = DBT_PROJECT_DIR / "models" / "marts" / f"{mart}.yml"
    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    columns: list[Document] = next(m["columns"] for m in models if m["name"] == mart)
    return columns


def dataset_columns(mart: str) -> list[Document]:
    """Return the columns a chart may show: the mart's, and names where its dataset joins them."""
    return mart_columns(mart) + [
        {"name": name, "data_type": "text", "description": told}
        for name, told in name_columns(mart).items()
    ]


def _database() -> Document:
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": URI,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": id_of("database", DATABASE),
        "version": _VERSION,
    }


def _dataset(mart: str) -> Document:
    # A metric that is named like a column is called like it, too.
    labels = {metric.name: metric.label for metric in METRICS[mart]}
    columns = [
        {
            "column_name": column["name"],
            "verbose_name": labels.get(column["name"]) or label_of(column["name"]),
            "type": column["data_type"].upper(),
            "is_dttm": column["data_type"] in {"date", "timestamptz"},
            "is_active": True,
            "groupby": True,
            "filterable": True,
            "description": " ".join(column["description"].split()),
        }
        for column in dataset_columns(mart)
    ]
    metrics = [
        {
            "metric_name": metric.name,
            "verbose_name": metric.label,
            "expression": metric.expression,
            "d3format": metric.format,
        }
        for metric in METRICS[mart]
    ]
    return {
        "table_name": mart,
        "main_dttm_col": None,
        "schema": "marts",
        "sql": dataset_sql(mart),
        "params": None,
        "filter_select_enabled": True,
        "uuid": id_of("dataset", mart),
        "columns": columns,
        "metrics": metrics,
        "version": _VERSION,
        "database_uuid": id_of("database", DATABASE),
    }


def _chart(chart: Chart) -> Document:
    kind = _KINDS[chart.kind]
    parameters = _parameters(chart) | {"viz_type": kind}
    return {
        "slice_name": chart.title,
        "description": chart.question,
        "viz_type": kind,
        "params": parameters,
        "query_context": json.dumps(_query_context(chart, parameters)),
        "cache_timeout": None,
        "uuid": id_of("chart", chart.slug),
        "version": _VERSION,
        "dataset_uuid": id_of("dataset", chart.mart),
    }


def _parameters(chart: Chart) -> Document:
    """Return what Superset's editor of the chart shows."""
    shared: Document = {
        "adhoc_filters": [
            {
                "clause": "WHERE",
                "expressionType": "SIMPLE",
                "subject": f["col"],
                "operator": f["op"],
                "comparator": f.get("val"),
            }
            for f in _filters(chart)
        ],
        "row_limit": ROWS,
    }
    if chart.kind == "rows":
        order = [json.dumps([chart.order, False])] if chart.order else []
        return shared | {
            "query_mode": "raw",
            "all_columns": list(chart.columns),
            "order_by_cols": order,
            "table_timestamp_format": "%Y-%m-%d",
            "column_config": _formats(chart),
        }
    if chart.kind == "table":
        return shared | {
            "query_mode": "aggregate",
            "groupby": list(chart.columns),
            "metrics": list(chart.metrics),
            "timeseries_limit_metric": chart.order,
            "order_desc": True,
        }
    day, group = chart.columns
    return shared | {
        "x_axis": day,
        "time_grain_sqla": "P1D",
        "metrics": list(chart.metrics),
        "groupby": [group],
        "stack": "Stack",
        "stackDimension": group,
        "show_legend": True,
        "rich_tooltip": True,
    }


def _formats(chart: Chart) -> Document:
    """Return how the numbers of a mart's own rows are shown, by their type and name."""
    types = {column["name"]: column["data_type"] for column in dataset_columns(chart.mart)}
    found = {}
    for name in chart.columns:
        if types[name].startswith("numeric"):
            shown = ".2%" if name.startswith("er_") or name.endswith("_rate") else ",.2f"
            found[name] = {"d3NumberFormat": shown}
    return found


def _query_context(chart: Chart, parameters: Document) -> Document:
    """Return the query behind the chart, as the editor would save it."""
    query: Document = {
        "columns": list(chart.columns),
        "metrics": list(chart.metrics) or None,
        "filters": _filters(chart),
        "orderby": [[chart.order, False]] if chart.order else [],
        "row_limit": ROWS,
        "extras": {},
    }
    if chart.kind == "days":
        query["orderby"] = [[chart.columns[0], True]]
    return {
        "datasource": {"id": 0, "type": "table"},  # the import puts the dataset's number there
        "force": False,
        "queries": [query],
        "form_data": parameters,
        "result_format": "json",
        "result_type": "full",
    }


def _filters(chart: Chart) -> list[Document]:
    found: list[Document] = [
        {"col": column, "op": "==", "val": value} for column, value in chart.filters.items()
    ]
    if chart.shown_only:
        found.append({"col": chart.shown_only, "op": "IS NOT NULL"})
    return found


def _dashboard() -> Document:
    return {
        "dashboard_title": TITLE,
        "description": "What was published, over the read-only role of the schema marts.",
        "css": "",
        "slug": SLUG,
        "uuid": id_of("dashboard", SLUG),
        "position": build_position({chart.slug: id_of("chart", chart.slug) for chart in CHARTS}),
        "metadata": {"color_scheme": "supersetColors", "refresh_frequency": 0},
        "published": True,
        "version": _VERSION,
    }


def main() -> int:
    """Write the files; return the exit code."""
    print(f"{len(write_bundle())} files in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
