"""Where things are, and which environment variables change that.

GROUNDSWELL_DATA_DIR: state of the embedded services, landing files, logs; default `.data`.
GROUNDSWELL_LANDING_URL: where pages are landed, a folder or any fsspec URL; default
`<data dir>/landing`.
GROUNDSWELL_CAMPAIGNS_DIR: folder of campaign files; default `<data dir>/campaigns` if there is one
(the demo keeps its copy there), else `include/campaigns`.
WAREHOUSE_DSN: admin URI of a Postgres >= 15 that replaces the embedded one.
GROUNDSWELL_POSTGRES_PORT, GROUNDSWELL_AIRFLOW_PORT, GROUNDSWELL_SANDBOX_PORT: loopback ports;
default 15432, 18080, 18090.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from include.errors import InvalidSettings

REPO_ROOT = Path(__file__).resolve().parent.parent
DBT_PROJECT_DIR = REPO_ROOT / "dbt_project"
DEFAULT_PORTS = {"postgres": 15432, "airflow": 18080, "sandbox": 18090}


@dataclass(frozen=True, slots=True)
class Settings:
    """Resolved settings of this process."""

    data_dir: Path
    landing_url: str
    campaigns_dir: Path
    postgres_port: int
    airflow_port: int
    sandbox_port: int


def read_settings() -> Settings:
    """Read the environment; raise `InvalidSettings` naming variable, value and what is allowed."""
    data_dir = Path(os.environ.get("GROUNDSWELL_DATA_DIR") or REPO_ROOT / ".data").resolve()
    return Settings(
        data_dir=data_dir,
        landing_url=os.environ.get("GROUNDSWELL_LANDING_URL") or str(data_dir / "landing"),
        campaigns_dir=_campaigns_dir(data_dir),
        postgres_port=_read_port("postgres"),
        airflow_port=_read_port("airflow"),
        sandbox_port=_read_port("sandbox"),
    )


def _campaigns_dir(data_dir: Path) -> Path:
    given = os.environ.get("GROUNDSWELL_CAMPAIGNS_DIR")
    if given:
        return Path(given)
    # The demo keeps a copy of the sample whose dates end on its market's last day.
    own = data_dir / "campaigns"
    return own if own.is_dir() else REPO_ROOT / "include" / "campaigns"


def _read_port(service: str) -> int:
    name = f"GROUNDSWELL_{service.upper()}_PORT"
    text = os.environ.get(name) or str(DEFAULT_PORTS[service])
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise InvalidSettings(f"{name}={text!r} is not a port; allowed: a whole number 1-65535")
    return int(text)
