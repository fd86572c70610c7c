"""Run Superset on the published marts: `python -m include.bi.superset.server serve|test`.

Superset lives in an environment of its own, `<data dir>/superset/.venv`, made from the lock beside
this file: its packages and ours exclude each other. Its metadata is a file beside it. The bundle is
imported at each start, over what the last start imported.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import secrets as randomness
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from include.bi.superset.answers import compare
from include.bi.superset.bundle import zip_bundle
from include.bi.superset.description import ROWS
from include.errors import GroundswellError, InvalidSettings, Unavailable
from include.report.warehouse import open_marts, reader_dsn
from include.services import ports
from include.services.credentials import read_secrets, write_private
from include.settings import REPO_ROOT, Settings, read_settings

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.txt"
PORT = 18088
PORT_VARIABLE = "GROUNDSWELL_SUPERSET_PORT"
USER = "admin"
_LAST_LINES = 15


@dataclass(frozen=True, slots=True)
class Superset:
    """One Superset: its Python, the folder of its state, and what its processes are told."""

    python: Path
    home: Path
    variables: Mapping[str, str]

    def run(self, *command: str, given: bytes | None = None) -> str:
        """Run a command of Superset's environment; raise `Unavailable` with its last lines."""
        result = subprocess.run(
            [str(self.python), *command],
            env={**self.variables},
            cwd=self.home,
            input=given,
            capture_output=True,
            check=False,
        )
        if result.returncode != 0:
            lines = result.stderr.decode(errors="replace").splitlines()[-_LAST_LINES:]
            raise Unavailable(f"superset {command[-1]} failed:\n" + "\n".join(lines))
        return result.stdout.decode()

    def prepare(self, password: str, bundle: bytes) -> None:
        """Bring the metadata up to date, make the one user, import the dashboard."""
        cli = str(self.python.with_name("superset"))
        self.run(cli, "db", "upgrade")
        self.run(cli, "init")
        self.run(str(HERE / "session.py"), "admin", given=password.encode())
        self.import_bundle(bundle)

    def import_bundle(self, bundle: bytes) -> None:
        """Import the dashboard; what an earlier import made is replaced."""
        self.run(str(HERE / "session.py"), "import", given=bundle)

    def read_charts(self) -> dict[str, list[dict[str, object]]]:
        """Return the rows of every chart by its id."""
        # Superset says on stdout which configuration it took; the answer is the last line.
        lines = self.run(str(HERE / "session.py"), "data").splitlines()
        answer: dict[str, list[dict[str, object]]] = json.loads(lines[-1])
        return answer


def make_environment(settings: Settings) -> Path:
    """Make Superset's environment from its lock unless it is there; return its Python."""
    folder = settings.data_dir / "superset" / ".venv"
    python, mark = folder / "bin" / "python", folder / "lock.sha256"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if python.exists() and mark.is_file() and mark.read_text() == wanted:
        return python
    uv = str(Path(sys.executable).with_name("uv"))
    quiet = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    print(f"installing Superset into {folder}", file=sys.stderr, flush=True)
    make = [uv, "venv", "-q", "--clear", "-p", sys.executable, str(folder)]
    install = [uv, "pip", "sync", "-q", "-p", str(python), "--require-hashes", str(LOCK)]
    for command in (make, install):
        if subprocess.run(command, env=quiet, check=False).returncode != 0:
            raise Unavailable(f"{folder} could not be made; see the lines above")
    mark.write_text(wanted)
    return python


def open_superset(python: Path, home: Path) -> Superset:
    """Return the Superset whose state is in a folder, made on first use."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = home / "secret"
    if not key.exists():
        write_private(key, randomness.token_hex(32))
    return Superset(
        python,
        home,
        {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "SUPERSET_HOME": str(home),
            "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
            "FLASK_APP": "superset.app:create_app()",
            "GROUNDSWELL_SUPERSET_SECRET": key.read_text(),
            "GROUNDSWELL_SUPERSET_METADATA": f"sqlite:///{home / 'superset.db'}",
        },
    )


def serve(settings: Settings) -> None:
    """Start Superset in the foreground, with the dashboard on it."""
    port = _port()
    dsn = reader_dsn(settings)
    ports.check_port_free("superset", port)
    superset = open_superset(make_environment(settings), settings.data_dir / "superset")
    password = read_secrets(settings.data_dir).admin_password
    print("preparing Superset: a minute or two the first time", file=sys.stderr, flush=True)
    superset.prepare(password, zip_bundle(alchemy_uri(dsn)))
    print(f"Superset  http://{ports.HOST}:{port}/superset/dashboard/groundswell/")
    print(f"login     {USER}\npassword  {password}", flush=True)
    command = [str(superset.python), "-m", "gunicorn", "--bind", f"{ports.HOST}:{port}"]
    command += ["--workers", "1", "--threads", "8", "--timeout", "120"]
    # In place of this process: whoever ends it ends Superset.
    os.chdir(superset.home)
    os.execve(command[0], [*command, "superset.app:create_app()"], {**superset.variables})


def check(settings: Settings) -> None:
    """Import a bundle into a fresh Superset, ours over it, and compare charts with the warehouse.

    The first one asks other questions under the same ids: nothing of it may stay.

    Raise `Unavailable` when something does not run, `CountMismatch` when a chart differs.
    """
    dsn = reader_dsn(settings)
    python = make_environment(settings)
    with tempfile.TemporaryDirectory(prefix="groundswell-superset-") as folder:
        superset = open_superset(python, Path(folder))
        bundle = zip_bundle(alchemy_uri(dsn))
        superset.prepare(randomness.token_urlsafe(12), outdate(bundle))
        superset.import_bundle(bundle)
        shown = superset.read_charts()
    with open_marts(dsn) as marts:
        for title, rows in compare(marts, shown):
            print(f"{title}: {rows} rows as in the warehouse")


def outdate(bundle: bytes) -> bytes:
    """Return a bundle as an older version might have been: least values, first rows only."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bundle)) as ours,
        zipfile.ZipFile(content, "w") as older,
    ):
        for name in ours.namelist():
            text = ours.read(name).decode()
            text = text.replace("expression: sum(", "expression: min(")
            older.writestr(name, text.replace(f'"row_limit": {ROWS}', '"row_limit": 1'))
    return content.getvalue()


def alchemy_uri(dsn: str) -> str:
    """Return a libpq URI as SQLAlchemy wants it."""
    return dsn.replace("postgresql://", "postgresql+psycopg2://", 1)


def _port() -> int:
    text = os.environ.get(PORT_VARIABLE) or str(PORT)
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise InvalidSettings(f"{PORT_VARIABLE}={text!r} is not a port; allowed: 1-65535")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve or test; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.bi.superset.server")
    parser.add_argument("command", choices=["serve", "test"])
    command = parser.parse_args(arguments).command
    os.chdir(REPO_ROOT)
    try:
        {"serve": serve, "test": check}[command](read_settings())
    except (GroundswellError, psycopg.Error) as error:
        print(f"superset {command} failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
