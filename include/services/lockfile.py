"""Does requirements.txt belong to pyproject.toml? `python -m include.services.lockfile check`.

Resolving again to find out needs a network and changes with every release of anything. So `make
lock` writes (`stamp`) a digest of the dependency sections into the lock's first line, and `make
lint` compares.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path

from include.settings import REPO_ROOT

PREFIX = "# Locked from pyproject.toml by `make lock`; digest of its dependencies: "


def digest_of(project_file: Path) -> str:
    """Return a digest of what pyproject.toml says about dependencies; comments do not count."""
    project = tomllib.loads(project_file.read_text(encoding="utf-8"))
    parts = {
        "python": project["project"]["requires-python"],
        "dependencies": project["project"]["dependencies"],
        "groups": project.get("dependency-groups", {}),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def find_problem(project_file: Path, lock_file: Path) -> str | None:
    """Return why the lock does not belong to the project file, None when it does."""
    first_line = lock_file.read_text(encoding="utf-8").partition("\n")[0]
    if not first_line.startswith(PREFIX):
        return f"{lock_file.name} was not made by `make lock`"
    if first_line.removeprefix(PREFIX) != digest_of(project_file):
        return f"the dependencies of {project_file.name} changed since the last `make lock`"
    return None


def stamp(project_file: Path, lock_file: Path) -> None:
    """Write the digest into the lock's first line."""
    text = lock_file.read_text(encoding="utf-8")
    if text.startswith(PREFIX):
        text = text.partition("\n")[2]
    lock_file.write_text(f"{PREFIX}{digest_of(project_file)}\n{text}", encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Check or stamp the lock of this repository; return the exit code."""
    files = REPO_ROOT / "pyproject.toml", REPO_ROOT / "requirements.txt"
    if arguments == ["stamp"]:
        stamp(*files)
        return 0
    if arguments != ["check"]:
        print("usage: python -m include.services.lockfile check|stamp", file=sys.stderr)
        return 2
    problem = find_problem(*files)
    if problem is not None:
        print(f"{problem}; run: make lock", file=sys.stderr)
    return 0 if problem is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
