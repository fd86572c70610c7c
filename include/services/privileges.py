"""How to run a program that refuses to run as root.

Standard library only: preflight runs it before anything is installed.
"""

from __future__ import annotations

import os
import subprocess

from include.errors import InvalidSettings


def unprivileged_prefix() -> list[str]:
    """Return the command prefix under which this user may run Postgres.

    Raise `InvalidSettings` for root on a system without user namespaces.
    """
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    try:
        trial = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
        refusal = trial.stderr.strip() if trial.returncode else None
    except FileNotFoundError:
        refusal = "unshare is not installed"
    if refusal is not None:
        raise InvalidSettings(
            f"Postgres does not run as root, and a user namespace is refused here ({refusal}); "
            "run as an ordinary user, or set WAREHOUSE_DSN to a Postgres >= 15"
        )
    return prefix
