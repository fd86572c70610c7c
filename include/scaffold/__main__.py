"""Copy the pattern of a source: connector, staging, checks, tests.

`python -m include.scaffold NAME` writes new files only; it never touches one that exists.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from string import Template

from include.errors import InvalidSettings
from include.settings import REPO_ROOT

TEMPLATES = Path(__file__).parent / "template"
# Template -> where it goes; `$name` is the source.
TARGETS = {
    "init.py.tmpl": "include/sources/$name/__init__.py",
    "client.py.tmpl": "include/sources/$name/client.py",
    "schema.py.tmpl": "include/sources/$name/schema.py",
    "suite.py.tmpl": "include/quality/suites/$name.py",
    "sources.yml.tmpl": "dbt_project/models/staging/$name/_${name}__sources.yml",
    "staging.sql.tmpl": "dbt_project/models/staging/$name/stg_${name}__items.sql",
    "test.py.tmpl": "tests/unit/test_${name}_client.py",
}


def write_source(name: str, root: Path = REPO_ROOT) -> list[Path]:
    """Write the files of a new source below `root` and return their paths.

    Raise `InvalidSettings` when the name is not a plain lower-case word or a file exists already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        raise InvalidSettings(
            f"{name!r} is not a source name; allowed: lower-case words such as pinterest or x_ads"
        )
    values = {"name": name, "title": name.replace("_", " ").title()}
    planned = {
        root / Template(target).substitute(values): (TEMPLATES / template).read_text()
        for template, target in TARGETS.items()
    }
    if taken := [str(path) for path in planned if path.exists()]:
        raise InvalidSettings(f"source {name!r} exists already: {', '.join(taken)}")
    for path, text in planned.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(values))
    return sorted(planned)


def main(arguments: list[str]) -> int:
    """Write the source named by the one argument; return the exit code."""
    if len(arguments) != 1 or not arguments[0]:
        print("usage: make new-source NAME=<source>, a lower-case word", file=sys.stderr)
        return 2
    try:
        paths = write_source(arguments[0])
    except InvalidSettings as error:
        print(f"new-source failed: {error}", file=sys.stderr)
        return 1
    for path in paths:
        print(path.relative_to(REPO_ROOT))
    print(f"next: docs/adding-a-source.md; then put {arguments[0]} into a campaign file's sources")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
