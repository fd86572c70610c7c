"""What sqlfluff's jinja templater lacks of dbt, so that `sqlfluff lint` reads the models offline.

Every name here becomes a name in the templates. Dispatched macros render their first argument: the
linter checks layout and names, dbt itself checks the SQL.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

_PROJECT = yaml.safe_load((Path(__file__).parent.parent / "dbt_project.yml").read_text("utf-8"))


def var(name: str, default: Any = None) -> Any:
    """Return a variable of dbt_project.yml."""
    return _PROJECT["vars"].get(name, default)


def _dispatch(name: str, package: str) -> Any:
    return lambda *arguments: arguments[0]


def _refuse(message: str) -> None:
    raise ValueError(message)


adapter = SimpleNamespace(dispatch=_dispatch, get_relation=lambda *arguments: arguments[-1])
exceptions = SimpleNamespace(raise_compiler_error=_refuse)
flags = SimpleNamespace(FULL_REFRESH=False)
target = SimpleNamespace(database="warehouse", schema="staging")
execute = True
context = {
    f"{kind}_{model['name']}": lambda path: "1.0"
    for model in var("attribution_models")
    for kind in ("share", "part", "cents")
}
