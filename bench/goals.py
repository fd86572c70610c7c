"""A measured number beside its goal, and the environment in which attribution's peers run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent
PEER_VENV = BENCH / "peers" / ".venv"
PEER_PYTHON = PEER_VENV / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Goal:
    """A measured number beside what it must not exceed."""

    what: str
    found: float
    allowed: float

    @property
    def is_met(self) -> bool:
        return self.found <= self.allowed

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        return f"  {verdict:<7} {self.what}: {self.found:.3g} (goal {self.allowed:g})"


def run_peer(name: str, table: dict[str, Any]) -> dict[str, Any]:
    """Run a peer in its own process; RuntimeError with its last words when it fails."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.json", Path(folder) / "out.json"
        source.write_text(json.dumps(table), "utf-8")
        command = [str(PEER_PYTHON), str(BENCH / "attribution_peer.py"), name]
        done = subprocess.run(
            [*command, str(source), str(target)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{name} failed ({done.returncode}):\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(target.read_text("utf-8"))
        return found


def make_peer_environment() -> bool:
    """Make bench/peers/.venv from its lock, if it is not there; say why when that fails."""
    if PEER_PYTHON.exists():
        return True
    uv = str(Path(sys.executable).with_name("uv"))
    lock = str(BENCH / "requirements-attribution.txt")
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    draft = PEER_VENV.with_name(".venv.new")
    for command in (
        [uv, "venv", "-q", "--clear", "-p", sys.executable, str(draft)],
        [uv, "pip", "install", "-q", "-p", str(draft), "--require-hashes", "-r", lock],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            words = done.stderr.strip()[-600:]
            print(f"peers are left out, their environment cannot be made:\n{words}\n", flush=True)
            return False
    draft.rename(PEER_VENV)
    return True
