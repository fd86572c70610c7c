"""Replace passwords that leaked or were lost: `python -m include.services.rotation NAME …`.

Roles of the warehouse, `postgres` (the embedded server's superuser; also when its password is lost)
and `admin` (Airflow's login). Keys are never replaced here: with another `hash_key` hashed personal
values would no longer match, with another `fernet_key` stored tokens could not be opened.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import psycopg

from include.errors import GroundswellError, InvalidSettings
from include.services.credentials import (
    FILE_NAME,
    Secrets,
    read_secrets,
    renew_secrets,
    write_private,
)
from include.services.environment import ADMIN_USER, LOGINS_FILE, airflow_home, logins
from include.settings import Settings, read_settings
from include.warehouse.connection import connect
from include.warehouse.ddl import ROLES, migrate
from include.warehouse.embedded import SUPERUSER
from include.warehouse.server import VARIABLE, admin_dsn, embedded_cluster, is_embedded, role_dsn

NAMES = (*ROLES, SUPERUSER, ADMIN_USER)
# Whose passwords running services hold.
HELD_BY_SERVICES = frozenset(ROLES) - {"bi_reader"}
_LOST = (
    f"{FILE_NAME} was gone: every password and both keys are new. Personal values hashed from now "
    "on match no older ones, and stored tokens of the platforms cannot be opened: log in again. "
    "Airflow's connections whose password and extra were emptied, to be entered again: {}. "
    "Start with: make ui"
)


def rotate(settings: Settings, names: Sequence[str]) -> Secrets:
    """Give each name a fresh random password, end its sessions, and return all secrets.

    The file comes first: a rotation that is killed is finished by the next start, which sets the
    roles' passwords from it. Raise `InvalidSettings` for an unknown name, for a secret that the
    environment sets, and for the superuser of a server that is not ours.
    """
    _check_names(names)
    fresh = [f"{name}_password" for name in names]
    secrets = renew_secrets(settings.data_dir, fresh)
    if is_embedded():
        cluster = embedded_cluster(settings, secrets)
        if SUPERUSER in names:
            cluster.reset_password()
        cluster.start()
    if ADMIN_USER in names:
        _write_login(settings, secrets)
    if set(names) - {ADMIN_USER}:
        migrate(admin_dsn(settings, secrets), secrets)
        _end_sessions(admin_dsn(settings, secrets), [name for name in names if name in ROLES])
    return secrets


def _check_names(names: Sequence[str]) -> None:
    unknown = sorted(set(names) - set(NAMES))
    if unknown or not names:
        raise InvalidSettings(
            f"there is no password of {', '.join(unknown) or 'nobody'} to replace; "
            f"allowed: {', '.join(NAMES)}"
        )
    if SUPERUSER in names and not is_embedded():
        raise InvalidSettings(
            f"{SUPERUSER} belongs to the server that {VARIABLE} names; change it there and in "
            f"{VARIABLE}"
        )


def _write_login(settings: Settings, secrets: Secrets) -> None:
    """Hand Airflow the new passwords, as its start does; it reads the file at each login."""
    home = airflow_home(settings)
    if home.is_dir():
        write_private(home / LOGINS_FILE, logins(secrets))


def _end_sessions(dsn: str, roles: Sequence[str]) -> None:
    """End the sessions of roles: who came in by the old password is sent away."""
    with connect(dsn, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = any(%s)",
            [list(roles)],
        )


def _empty_unreadable(settings: Settings, secrets: Secrets) -> list[str]:
    """Empty what Airflow sealed with the lost key, and return the ids of those connections.

    One that cannot be opened makes Airflow refuse the whole list of connections.
    """
    with connect(role_dsn(settings, secrets, "airflow", database="airflow")) as metadata:
        row = metadata.execute("select to_regclass('public.connection')").fetchone()
        if row is None or row[0] is None:
            return []
        emptied = metadata.execute(
            """
            update connection set
                password = null, extra = null, is_encrypted = false, is_extra_encrypted = false
            where is_encrypted or is_extra_encrypted
            returning conn_id
            """
        ).fetchall()
    return sorted(conn_id for (conn_id,) in emptied)


def main(arguments: Sequence[str] | None = None) -> int:
    """Rotate the passwords of the names given; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m include.services.rotation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="+", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    names = parser.parse_args(arguments).names
    settings = read_settings()
    try:
        if is_embedded() and not (settings.data_dir / "postgres").exists():
            raise InvalidSettings(f"there is no warehouse in {settings.data_dir}")
        # The superuser's renewal is also how a lost file is made anew.
        is_lost = SUPERUSER in names and not (settings.data_dir / FILE_NAME).exists()
        if not is_lost:
            read_secrets(settings.data_dir)
        secrets = rotate(settings, names)
        closed = _empty_unreadable(settings, secrets) if is_lost else []
    except (GroundswellError, psycopg.Error) as error:
        print(f"rotation failed: {error}", file=sys.stderr)
        return 1
    print(f"new passwords: {', '.join(names)}")
    if is_lost:
        print(_LOST.format(", ".join(closed) or "none"))
    if "bi_reader" in names:
        print("the address for BI tools: make dsn")
    if HELD_BY_SERVICES & set(names):
        print("Airflow still holds the old ones; restart it: make ui")
    return 0


if __name__ == "__main__":
    sys.exit(main())
