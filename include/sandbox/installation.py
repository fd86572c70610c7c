"""What a sandbox keeps on disk: when its campaign ends, its seed, and the credentials it accepts.

    <data dir>/sandbox.json   anchor_date, seed, options, campaign_file, credentials, connections
    <data dir>/campaigns/     campaign files whose dates end on the anchor

The truth is no part of it; it can only be had by running the market with the control key.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from include.campaigns.plan import load_plan
from include.campaigns.schedule import campaign_files
from include.campaigns.shift import shift_folder
from include.errors import InvalidSettings
from include.sandbox.market_facts import MarketOptions
from include.sandbox.server import discover_sandboxes
from include.sandbox.world import Market, build_market
from include.services.credentials import write_private
from include.settings import REPO_ROOT, Settings

STATE_FILE, CAMPAIGNS_FOLDER = "sandbox.json", "campaigns"
SAMPLE_FOLDER = REPO_ROOT / "include" / "campaigns"
HOST = "127.0.0.1"
SEED = 7
# Twenty-three weeks before the campaign: eleven until as many customers come back as ever will (60
# days at the latest), and twelve of a shop as it sells without creators, which its lift is judged
# against.
SAMPLE_OPTIONS = MarketOptions(history_days=161)
CONTROL_KEY_VARIABLE = "GROUNDSWELL_SANDBOX_CONTROL_KEY"
SECRETS_FILE = "secrets.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """A stored sandbox; `credentials` per source, as its `make_credentials` made them."""

    data_dir: Path
    anchor: dt.date
    seed: int
    options: MarketOptions
    campaign_file: str
    credentials: Mapping[str, Mapping[str, Any]]

    def build(self) -> Market:
        """Simulate the market of this installation."""
        plan = load_plan(self.data_dir / CAMPAIGNS_FOLDER / self.campaign_file)
        return build_market(plan, self.seed, options=self.options)


def initialise(
    settings: Settings,
    last_day: dt.date,
    *,
    seed: int = SEED,
    options: MarketOptions | None = None,
    campaigns: Path = SAMPLE_FOLDER,
) -> dt.date:
    """Set up the sandbox of a data directory and return the anchor: its campaign's last day.

    What exists is kept: the first call's `last_day`, `seed` and `options` hold until the state file
    is deleted, credentials too; a source new since then gets its own, connections follow the port.
    The market is that of the first campaign file by name; all files move by the same days.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / STATE_FILE
    files = campaign_files(campaigns)
    state: dict[str, Any] = {
        "anchor_date": last_day.isoformat(),
        "seed": seed,
        "options": asdict(options or MarketOptions()),
        "campaign_file": files[0].name,
        "credentials": {},
    }
    state |= _read_state(path) if path.exists() else {}
    anchor = dt.date.fromisoformat(state["anchor_date"])
    original = load_plan(campaigns / str(state["campaign_file"]))
    days = (anchor - original.campaign.end_date).days
    shift_folder(campaigns, settings.data_dir / CAMPAIGNS_FOLDER, days)
    _add_credentials(state, settings.sandbox_port)
    write_private(path, json.dumps(state, indent=2))
    return anchor


def move_connections(settings: Settings) -> None:
    """Write the stored connections anew, for the port of `settings`; all else is kept.

    Raise `InvalidSettings` when the state is broken.
    """
    path = settings.data_dir / STATE_FILE
    state = _read_state(path)
    if not isinstance(state.get("credentials"), dict):
        raise InvalidSettings(f"{path} is not what the sandbox writes (credentials); delete it")
    _add_credentials(state, settings.sandbox_port)
    write_private(path, json.dumps(state, indent=2))


def read_installation(data_dir: Path) -> Installation:
    """Read what `initialise` stored; raise `InvalidSettings` when that is missing or broken."""
    path = data_dir / STATE_FILE
    if not path.exists():
        raise InvalidSettings(
            f"{path} does not exist; run: python -m include.sandbox init --last-day YYYY-MM-DD"
        )
    state = _read_state(path)
    try:
        return Installation(
            data_dir=data_dir,
            anchor=dt.date.fromisoformat(state["anchor_date"]),
            seed=int(state["seed"]),
            options=MarketOptions(**state["options"]),
            campaign_file=str(state["campaign_file"]),
            credentials=dict(state["credentials"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidSettings(
            f"{path} is not what the sandbox writes ({error}); delete it"
        ) from error


def read_control_key(data_dir: Path) -> str:
    """Return the control's key: from the environment, the installation's secrets, or a new one."""
    key = os.environ.get(CONTROL_KEY_VARIABLE)
    if key:
        return key
    kept = data_dir / SECRETS_FILE
    if kept.exists():
        key = json.loads(kept.read_text(encoding="utf-8")).get("sandbox_control_key")
        if key:
            return str(key)
    path = data_dir / STATE_FILE
    state = _read_state(path)
    if "control_key" not in state:
        state["control_key"] = secrets.token_urlsafe(32)
        write_private(path, json.dumps(state, indent=2))
    return str(state["control_key"])


def _add_credentials(state: dict[str, Any], port: int) -> None:
    """Make what a source lacks; write the connections anew, for this port."""
    state["connections"] = {}
    for name, module in discover_sandboxes().items():
        if name not in state["credentials"]:
            state["credentials"][name] = module.make_credentials(secrets.token_bytes)
        fields = module.connection_fields(HOST, port, state["credentials"][name])
        state["connections"][name] = fields


def _read_state(path: Path) -> dict[str, Any]:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidSettings(f"{path} is not what the sandbox writes; delete it") from error
    if not isinstance(state, dict):
        raise InvalidSettings(f"{path} is not what the sandbox writes; delete it")
    return state
