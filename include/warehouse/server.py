"""Which Postgres this installation uses: the embedded one, or the one WAREHOUSE_DSN names."""

from __future__ import annotations

import os

from include.services.credentials import Secrets
from include.settings import Settings
from include.warehouse.connection import replace_login
from include.warehouse.ddl import WAREHOUSE
from include.warehouse.embedded import Cluster

VARIABLE = "WAREHOUSE_DSN"


def is_embedded() -> bool:
    """Say whether no other server was named."""
    return not os.environ.get(VARIABLE)


def embedded_cluster(settings: Settings, secrets: Secrets) -> Cluster:
    """Return the embedded cluster of an installation, running or not."""
    return Cluster(settings.data_dir, settings.postgres_port, secrets.postgres_password)


def admin_dsn(settings: Settings, secrets: Secrets) -> str:
    """Return the URI under which databases and roles are made."""
    return os.environ.get(VARIABLE) or embedded_cluster(settings, secrets).admin_dsn()


def role_dsn(settings: Settings, secrets: Secrets, role: str, *, database: str = WAREHOUSE) -> str:
    """Return the URI of one of our roles; KeyError when there is no such role."""
    return replace_login(
        admin_dsn(settings, secrets),
        user=role,
        password=secrets.role_password(role),
        database=database,
    )
