"""What must be true before anything is installed or started; says everything that is wrong at once.

Run by the system's Python, isolated (`python3 -I`), so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

REPO_ROOT = Path(__file__).resolve().parents[2]
OLDEST_PYTHON = (3, 11)
INSTALL_GIGABYTES = 4.0  # packages 0.8, their download cache as much again, a campaign's data
RUN_GIGABYTES = 1.0  # once the packages are there
_GIGABYTE = 1e9


def check_python(version: tuple[int, int]) -> str | None:
    """Return what is wrong with this Python's version, None when nothing is."""
    if version >= OLDEST_PYTHON:
        return None
    return (
        f"this is Python {version[0]}.{version[1]} ({sys.executable}); needed: "
        f"{OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer. Name another one: make PYTHON=<path>"
    )


def check_venv(is_known: Callable[[str], bool]) -> str | None:
    """Return what is missing to make a virtual environment."""
    missing = [name for name in ("venv", "ensurepip") if not is_known(name)]
    if not missing:
        return None
    return (
        f"Python's modules {' and '.join(missing)} are missing; on Debian and Ubuntu they come "
        f"with the package python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    )


def check_disk(folder: Path, needed_gigabytes: float) -> str | None:
    """Return what is wrong with the free space where `folder` is or will be."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free / _GIGABYTE
    if free >= needed_gigabytes:
        return None
    return (
        f"{existing} has {free:.1f} GB free; needed: {needed_gigabytes:.0f} GB "
        "(GROUNDSWELL_DATA_DIR moves the data)"
    )


def check_services() -> list[str]:
    """Return what is wrong with ports and rights; our own running services are in nobody's way."""
    from include.errors import InvalidSettings
    from include.services import ports, privileges, processes
    from include.settings import read_settings

    try:
        settings = read_settings()
    except InvalidSettings as error:
        return [str(error)]
    ours = {r.port for r in processes.read_records(settings.data_dir / "run") if r.is_running}
    wanted = {"airflow": settings.airflow_port, "sandbox": settings.sandbox_port}
    if not os.environ.get("WAREHOUSE_DSN"):
        wanted["postgres"] = settings.postgres_port
    problems = _find_doubles(wanted)
    for service, port in wanted.items():
        try:
            if port not in ours:
                ports.check_port_free(service, port)
            if service == "postgres":
                privileges.unprivileged_prefix()
        except InvalidSettings as error:
            problems.append(str(error))
    return problems


def find_problems(*, with_services: bool) -> list[str]:
    """Return every reason not to begin."""
    problem = check_python((sys.version_info[0], sys.version_info[1]))
    if problem is not None:  # nothing below would even import
        return [problem]
    is_installed = (REPO_ROOT / ".venv" / ".synced").exists()
    data_dir = Path(os.environ.get("GROUNDSWELL_DATA_DIR") or REPO_ROOT / ".data").resolve()
    found = [
        check_venv(lambda name: importlib.util.find_spec(name) is not None),
        check_disk(REPO_ROOT, RUN_GIGABYTES if is_installed else INSTALL_GIGABYTES),
        check_disk(data_dir, RUN_GIGABYTES),
    ]
    problems = [problem for problem in found if problem is not None]
    return problems + (check_services() if with_services else [])


def main(arguments: list[str] | None = None) -> int:
    """Print the problems; return the exit code."""
    parser = argparse.ArgumentParser(description="Check what an installation needs.")
    parser.add_argument("--with-services", action="store_true", help="check the ports, too")
    options = parser.parse_args(arguments)
    problems = find_problems(with_services=options.with_services)
    for problem in problems:
        print(f"cannot begin: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _find_doubles(wanted: dict[str, int]) -> list[str]:
    services: dict[int, list[str]] = {}
    for service, port in sorted(wanted.items()):
        services.setdefault(port, []).append(service)
    return [
        f"port {port} is wanted for {' and '.join(names)}; give each its own: "
        + ", ".join(f"GROUNDSWELL_{name.upper()}_PORT" for name in names)
        for port, names in services.items()
        if len(names) > 1
    ]


if __name__ == "__main__":
    # Isolated mode leaves the checkout off the path.
    sys.path.insert(0, str(REPO_ROOT))
    sys.exit(main())
