"""Every secret of a local installation: random on first start, kept in `<data dir>/secrets.json`.

An environment variable `GROUNDSWELL_<NAME>` (GROUNDSWELL_LOADER_PASSWORD, GROUNDSWELL_HASH_KEY)
takes the place of the stored value; containers set what they need and keep no file.
"""

from __future__ import annotations

import base64
import fcntl
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

from include.errors import InvalidSettings

FILE_NAME = "secrets.json"
CLAIM = ".groundswell"  # lies in a data directory that is ours alone and may be deleted whole
# What brings an installation back whose secrets are gone.
RECOVERY = (
    "python -m include.services.rotation postgres (docs/runbook.md, "
    "'A password leaked or was lost', says what is lost with them)"
)
_MEND = f"bring it back from a backup; without one, move it away and run: {RECOVERY}"
# What else of ours may have been written before the first secret.
_MADE_BEFORE = frozenset({CLAIM, "campaigns", "landing", "logs", "run", "sandbox.json"})


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one installation; `repr` shows none of them."""

    postgres_password: str = field(repr=False)
    loader_password: str = field(repr=False)
    transformer_password: str = field(repr=False)
    bi_reader_password: str = field(repr=False)
    ui_reader_password: str = field(repr=False)
    airflow_password: str = field(repr=False)
    hash_key: str = field(repr=False)
    fernet_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    api_secret_key: str = field(repr=False)
    admin_password: str = field(repr=False)
    sandbox_control_key: str = field(repr=False)

    @property
    def viewer_password(self) -> str:
        """Return the password of Airflow's second login; it is renewed with the admin's."""
        key = self.admin_password.encode()
        digest = hmac.digest(key, b"viewer", "sha256")
        return base64.urlsafe_b64encode(digest)[:16].decode()

    def role_password(self, role: str) -> str:
        """Return the password of a warehouse role; KeyError when there is no such role."""
        name = f"{role}_password"
        if name not in NAMES:
            raise KeyError(f"no password is kept for role {role!r}")
        return str(getattr(self, name))


NAMES = tuple(f.name for f in fields(Secrets))


def read_secrets(data_dir: Path) -> Secrets:
    """Return the secrets of an installation, made on first use.

    Raise `InvalidSettings` when the file is readable by others, is not what we wrote, or is gone
    though a warehouse was made with it.
    """
    given = {name: value for name in NAMES if (value := os.environ.get(variable_of(name)))}
    if len(given) == len(NAMES):
        return Secrets(**given)
    with _locked(data_dir):
        path = data_dir / FILE_NAME
        _check_not_lost(path)
        stored = _read_file(path)
        missing = [name for name in NAMES if name not in stored and name not in given]
        if missing:
            stored |= {name: make_secret(name) for name in missing}
            _write_file(path, stored)
    return Secrets(**{name: given.get(name) or stored[name] for name in NAMES})


def renew_secrets(data_dir: Path, names: Iterable[str]) -> Secrets:
    """Replace some stored secrets by fresh ones and return all of them.

    Raise `InvalidSettings` when one of them comes from the environment: there it must be changed.
    """
    wanted = list(names)
    given = [variable_of(name) for name in wanted if os.environ.get(variable_of(name))]
    if given:
        raise InvalidSettings(
            f"{', '.join(given)} is set in the environment and would win over {FILE_NAME}; change "
            "it there, then run: python -m include.warehouse.ddl"
        )
    with _locked(data_dir):
        path = data_dir / FILE_NAME
        stored = _read_file(path) | {name: make_secret(name) for name in wanted}
        _write_file(path, stored)
    return read_secrets(data_dir)


def are_secrets_given() -> bool:
    """Say whether the environment names every secret, so that none is read from a file."""
    return all(os.environ.get(variable_of(name)) for name in NAMES)


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def variable_of(name: str) -> str:
    """Return the environment variable that takes the place of a stored secret."""
    return f"GROUNDSWELL_{name.upper()}"


def make_secret(name: str) -> str:
    """Return a fresh secret: 256 bits each, 512 for the key that signs Airflow's tokens."""
    if name == "fernet_key":  # Fernet fixes form and length of its key
        return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    if name == "admin_password":  # the one a person types
        return secrets.token_urlsafe(12)
    return secrets.token_hex(64 if name == "jwt_secret" else 32)


def _check_not_lost(path: Path) -> None:
    """Refuse to make secrets for a cluster that has others: they would open nothing."""
    cluster = path.parent / "postgres"
    if not path.exists() and (cluster / "PG_VERSION").exists():
        raise InvalidSettings(
            f"{path} is gone, and {cluster} was made with it; bring it back from a backup, or make "
            f"new secrets with: {RECOVERY}"
        )


def _read_file(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise InvalidSettings(f"{path} has mode {mode:o} and others may read it; run: chmod 600")
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError:
        raise InvalidSettings(f"{path} is not JSON; {_MEND}") from None
    if not isinstance(stored, dict):
        raise InvalidSettings(f"{path} must hold a JSON object; {_MEND}")
    return {str(name): str(value) for name, value in stored.items()}


def _write_file(path: Path, stored: dict[str, str]) -> None:
    write_private(path, json.dumps(stored, indent=2, sort_keys=True) + "\n")


@contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Let one process at a time make secrets, so that two starts do not disagree."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if {path.name for path in data_dir.iterdir()} <= _MADE_BEFORE:
        (data_dir / CLAIM).touch()
    with (data_dir / ".secrets.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
