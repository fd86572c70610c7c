"""Run the dbt project: as Airflow tasks through Cosmos, or in this process for the demo and the
tests.

dbt itself is imported only when something runs, never at DAG parse. Cosmos renders the graph from
what it needs of dbt's manifest; `python -m include.dbt_tasks parse` writes both (no database
needed; one that is known spares the first run its own parsing).
"""

from __future__ import annotations

import functools
import gc
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.assets import mart_asset
from include.connections import has_connection, read_connection
from include.errors import GroundswellError, InvalidSettings
from include.settings import DBT_PROJECT_DIR
from include.sources._base import Connection

if TYPE_CHECKING:
    from airflow.sdk import TaskGroup

MANIFEST = DBT_PROJECT_DIR / "target" / "manifest.json"
# Every task of a DAG parses its file; of a manifest of megabytes this is the fiftieth part.
GRAPH = MANIFEST.with_name("graph.json")
GRAPH_KEYS = ("unique_id", "package_name", "resource_type", "original_file_path", "tags", "fqn")
# What a run tells is in its results; writing the graph and every query to files takes as long as
# the SQL of a small day.
LEAN = ("--no-write-json", "--log-level-file", "none")
PROFILE_NAME, TARGET_NAME, TRANSFORMER = "groundswell", "warehouse", "warehouse_transformer"
# Said by Cosmos to each dbt it starts; what we parse without them it would parse again, 5 s.
PROFILE = ("--profile", PROFILE_NAME, "--target", TARGET_NAME)
# Default 700 new objects. As in warm_scheduler.py, for dbt outside Airflow.
RARE_COLLECTIONS = (100_000, 20, 100)
PASSED = frozenset({"success", "pass", "warn", "skipped"})
FOLLOWER = "_run"  # how Cosmos ends the name of a model's task
DBT_SCHEMA = "staging"  # only for models without a folder of their own; there are none


class DbtFailed(GroundswellError):
    """A dbt command ended with failed nodes; the message names them."""


def is_manifest_current() -> bool:
    """Say whether the manifest is there and newer than every file of the project."""
    if not (MANIFEST.is_file() and GRAPH.is_file()):
        return False
    written = MANIFEST.stat().st_mtime
    folders = (DBT_PROJECT_DIR / name for name in ("models", "macros", "seeds", "tests"))
    files = [path for folder in folders for path in folder.rglob("*")]
    files.append(DBT_PROJECT_DIR / "dbt_project.yml")
    return all(path.stat().st_mtime <= written for path in files)


def write_manifest() -> None:
    """Parse the project and put the manifest in its place whole.

    dbt writes straight into its target folder: two parses at the same time mix their files, and a
    scheduler that reads meanwhile sees half of one.
    """
    MANIFEST.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MANIFEST.parent, prefix="parse-") as folder:
        run_dbt(["--quiet", "parse", "--target-path", folder], _known_transformer())
        manifest = json.loads((Path(folder) / MANIFEST.name).read_bytes())
        (Path(folder) / GRAPH.name).write_text(json.dumps(model_graph(manifest)), "utf-8")
        # The manifest goes last: one that is there has what spares later runs the parsing.
        for name in ("partial_parse.msgpack", GRAPH.name, MANIFEST.name):
            (Path(folder) / name).replace(MANIFEST.parent / name)


def model_graph(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a manifest what Cosmos draws: the models of its two groups, and their edges.

    Staging, and what is as light as it, is built by one task before them (`staged_views`).
    """
    models = manifest["nodes"]
    drawn = _built_in_groups(models)
    nodes = {
        name: {
            **{key: models[name][key] for key in GRAPH_KEYS},
            "config": {
                "materialized": models[name]["config"]["materialized"],
                "meta": models[name]["meta"],
            },
            "depends_on": {
                "nodes": sorted(drawn.intersection(models[name]["depends_on"]["nodes"]))
            },
        }
        for name in sorted(drawn)
    }
    return {"metadata": {"project_name": manifest["metadata"]["project_name"]}, "nodes": nodes}


def _built_in_groups(nodes: Mapping[str, Any]) -> set[str]:
    """Return the models that are neither staging nor built along with it."""
    models = {name for name, node in nodes.items() if node["resource_type"] == "model"}
    staged = {name for name in models if _staging_folder(nodes[name]["fqn"])}
    return models - staged - _views_over_sources(nodes)


def _holds_rows(node: Mapping[str, Any]) -> bool:
    return bool(node["resource_type"] == "model" and node["config"]["materialized"] != "view")


def read_manifest() -> dict[str, object]:
    """Return dbt's manifest; `InvalidSettings` says how to write it when it is missing."""
    if not MANIFEST.is_file():
        raise InvalidSettings(
            f"{MANIFEST} is missing; write it with: python -m include.dbt_tasks parse"
        )
    written = MANIFEST.stat()
    return _read_written(MANIFEST, (written.st_ino, written.st_mtime_ns))


@functools.lru_cache(maxsize=1)
def _read_written(path: Path, _written: tuple[int, int]) -> dict[str, object]:
    """Read a manifest once until it is replaced: a measure run asks twice, it takes 0.3 s."""
    manifest: dict[str, object] = json.loads(path.read_bytes())
    return manifest


def mart_names() -> list[str]:
    """Return the names of the marts, the tables a publication moves, sorted.

    dbt names a model by its file, so no manifest has to be read for it.
    """
    return sorted(path.stem for path in (DBT_PROJECT_DIR / "models" / "marts").rglob("*.sql"))


def published_assets() -> list[str]:
    """Return the asset names of all marts."""
    return [mart_asset(name) for name in mart_names()]


def idle_staging(enabled_sources: Sequence[str]) -> list[str]:
    """Return dbt selectors of the staging folders of sources that no campaign file enables.

    Their views would be built over tables that nothing fills. A folder that facts read is built in
    any case: what a campaign does not have is an empty view, and no model needs to know.
    """
    folders = sorted(path for path in (DBT_PROJECT_DIR / "models" / "staging").iterdir())
    wanted = {*enabled_sources, *_staging_that_facts_read()}
    return [
        f"path:models/staging/{path.name}"
        for path in folders
        if path.is_dir() and path.name not in wanted
    ]


def _staging_that_facts_read() -> set[str]:
    """Return the staging folders with a model that a model outside of them depends on."""
    if not MANIFEST.is_file():
        write_manifest()
    nodes: Any = read_manifest()["nodes"]
    folders = {name: _staging_folder(node["fqn"]) for name, node in nodes.items()}
    return {
        folder
        for name, node in nodes.items()
        if node["resource_type"] == "model"
        for parent in node["depends_on"]["nodes"]
        if (folder := folders.get(parent)) and folder != folders[name]
    }


def staged_views() -> list[str]:
    """Return the names of views beyond staging that read nothing dbt fills, sorted."""
    nodes: Any = read_manifest()["nodes"]
    found = (nodes[name] for name in _views_over_sources(nodes))
    return sorted(node["name"] for node in found if not _staging_folder(node["fqn"]))


def _views_over_sources(nodes: Mapping[str, Any]) -> set[str]:
    """Return the views that hold no rows of ours underneath: all they read are views and seeds."""
    filled = {name for name, node in nodes.items() if _holds_rows(node)}
    views = {n for n, node in nodes.items() if node["resource_type"] == "model"} - filled
    while over := {n for n in views if filled.intersection(nodes[n]["depends_on"]["nodes"])}:
        views, filled = views - over, filled | over
    return views


def _staging_folder(path: Sequence[str]) -> str:
    """Return the source of a node's path [project, staging, source, name], "" for any other."""
    return path[2] if len(path) == 4 and path[1] == "staging" else ""


def dbt_group(
    group_id: str, *, select: Sequence[str] = (), exclude: Sequence[str] = ()
) -> TaskGroup:
    """Return a task group: a task per dbt model, one for the tests of the group.

    The watcher mode runs one `dbt build` and lets the model tasks follow it; LOCAL (a process per
    model) is for `dag.test()`, on which the watcher hangs: GROUNDSWELL_DBT_EXECUTION=local.

    A process that reads the DAG file to run one task gets that task and what it needs: with all
    models the reading would be half of what following one of them costs.
    """
    from airflow.sdk import TaskGroup, get_parsing_context

    task_id = get_parsing_context().task_id or ""
    if task_id and not task_id.startswith(f"{group_id}."):
        return TaskGroup(group_id)
    if task_id.endswith(FOLLOWER):
        select, exclude = [model_of_task(task_id)], []
    from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
    from cosmos.constants import ExecutionMode, InvocationMode, LoadMode, TestBehavior
    from cosmos.profiles import PostgresUserPasswordProfileMapping

    is_local = os.environ.get("GROUNDSWELL_DBT_EXECUTION") == "local"
    mode = ExecutionMode.LOCAL if is_local else ExecutionMode.WATCHER
    followers: dict[str, object] = {"deferrable": False, "poke_interval": 1}
    group: TaskGroup = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=DBT_PROJECT_DIR,
            manifest_path=MANIFEST if is_local else GRAPH,
            # There are no packages to fetch, least of all before each task.
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name=PROFILE_NAME,
            target_name=TARGET_NAME,
            profile_mapping=PostgresUserPasswordProfileMapping(
                conn_id=TRANSFORMER, profile_args={"schema": DBT_SCHEMA, "threads": 4}
            ),
        ),
        execution_config=ExecutionConfig(
            execution_mode=mode, invocation_mode=InvocationMode.DBT_RUNNER
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=list(select),
            exclude=[*exclude, "resource_type:unit_test"],
            test_behavior=TestBehavior.AFTER_ALL,
            emit_datasets=False,
        ),
        operator_args={
            # A DAG without that field in its form builds what is new.
            "full_refresh": "{{ params.get('full_refresh', False) }}",
            "dbt_cmd_global_flags": list(LEAN),
            **({} if is_local else followers),
        },
    )
    _finish_tasks(group)
    return group


def _finish_tasks(group: TaskGroup) -> None:
    """Let a task build again, say what its failure means, link to the model's documentation."""
    from include.dag_tasks import explain_first
    from include.dbt_watcher import make_repeatable
    from include.task_links import ModelLink

    for task in group.children.values():
        operator: Any = task
        make_repeatable(operator)
        explain_first(operator)
        # Cosmos would keep a failed build's progress for an attempt that does not build.
        operator.on_failure_callback = operator.on_retry_callback = []
        if operator.task_id.endswith(FOLLOWER):
            operator.operator_extra_links = (*operator.operator_extra_links, ModelLink())


def model_of_task(task_id: str) -> str:
    """Return the dbt model of a task of a group: `<group>.<model>_run`."""
    return task_id.rpartition(".")[2].removesuffix(FOLLOWER)


def run_dbt(arguments: Sequence[str], connection: Connection | None = None) -> Any:
    """Run a dbt command in this process and return its result; `DbtFailed` names what failed.

    `connection` is the transformer's; commands that need no database (`parse`) go without.
    """
    from dbt.cli.main import dbtRunner

    os.environ.update(_profile_environment(connection))
    folder = str(DBT_PROJECT_DIR)
    with _rare_collections():
        outcome = dbtRunner().invoke(
            [*arguments, *PROFILE, "--project-dir", folder, "--profiles-dir", folder]
        )
    if outcome.success:
        return outcome.result
    if outcome.exception is not None:
        raise DbtFailed(f"dbt {' '.join(arguments)}: {outcome.exception}") from outcome.exception
    results: Any = outcome.result
    failed = [f"{r.node.name}: {r.message}" for r in results if r.status not in PASSED]
    raise DbtFailed(f"dbt {' '.join(arguments)} failed: " + "; ".join(failed))


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage rarely: dbt's graph stays, and looking through it took a quarter."""
    usual = gc.get_threshold()
    gc.set_threshold(*RARE_COLLECTIONS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _known_transformer() -> Connection | None:
    """Return the connection dbt will run with, if this process has it.

    A parse is used again only by runs with the same server, profile and target.
    """
    return read_connection(TRANSFORMER) if has_connection(TRANSFORMER) else None


def _profile_environment(connection: Connection | None) -> dict[str, str]:
    found = connection or Connection(
        conn_id="none", host="127.0.0.1", login="none", password="none"
    )
    return {
        "GROUNDSWELL_DBT_HOST": found.host,
        "GROUNDSWELL_DBT_PORT": str(found.port or 5432),
        "GROUNDSWELL_DBT_USER": found.login or "",
        "GROUNDSWELL_DBT_PASSWORD": found.password or "",
        "GROUNDSWELL_DBT_DBNAME": found.scheme if connection else "none",
    }


if __name__ == "__main__":
    if sys.argv[1:] != ["parse"]:
        sys.exit(f"usage: python -m include.dbt_tasks parse (got {sys.argv[1:]})")
    write_manifest()
    print(MANIFEST)
