"""The few facts of the campaign files that DAG files need at parse time, read without pydantic."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import yaml

from include.campaigns.document import Loader, not_yaml, read_document
from include.errors import InvalidPlan
from include.settings import read_settings


class ScheduleFacts(NamedTuple):
    """Enabled sources and campaign ids (sorted, over all files) and the files' one time zone.

    campaign_names: id and name of each campaign, as a form shows them.
    """

    sources: tuple[str, ...]
    reporting_timezone: str
    campaigns: tuple[str, ...] = ()
    campaign_names: tuple[tuple[str, str], ...] = ()


def default_folder() -> Path:
    """Return the folder of this installation's campaign files."""
    return read_settings().campaigns_dir


def campaign_files(folder: Path | str) -> tuple[Path, ...]:
    """List a folder's campaign files, sorted by name; raise `InvalidPlan` when there is none."""
    files = tuple(sorted(p for p in Path(folder).glob("*.y*ml") if p.suffix in (".yaml", ".yml")))
    if not files:
        raise InvalidPlan(f"{folder}: no campaign file (*.yaml) in this folder")
    return files


def read_schedule_facts(folder: Path | str) -> ScheduleFacts:
    """Read `sources`, `reporting_timezone` and the campaign's id of every file of a folder.

    Builds nothing below any other key. Raises `InvalidPlan` when a file does not parse, lacks a
    key, or names another time zone than the files before it.
    """
    sources: set[str] = set()
    names: dict[str, str] = {}
    timezone, first = "", ""
    for path in campaign_files(folder):
        state = path.stat()
        facts = _read_file(path, state.st_mtime_ns, state.st_size)
        sources.update(facts.sources)
        names.update(facts.campaign_names)
        if timezone and facts.reporting_timezone != timezone:
            raise InvalidPlan(
                f"{path}: reporting_timezone: value {facts.reporting_timezone!r} is not allowed; "
                f"allowed: {timezone} (every campaign file shares one, {first} has it)"
            )
        timezone, first = facts.reporting_timezone, first or path.name
    return ScheduleFacts(
        tuple(sorted(sources)), timezone, tuple(sorted(names)), tuple(sorted(names.items()))
    )


@lru_cache(maxsize=64)
def _read_file(path: Path, modified_ns: int, size: int) -> ScheduleFacts:
    """Read a file once per process while it stays as it is: a day's tasks ask dozens of times."""
    try:
        root = yaml.compose(read_document(path), Loader=Loader)
    except yaml.YAMLError as error:
        raise not_yaml(str(path), error) from error
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    found = {key.value: node for key, node in entries}
    sources, timezone = found.get("sources"), found.get("reporting_timezone")
    if not isinstance(sources, yaml.SequenceNode) or not sources.value:
        raise InvalidPlan(f"{path}: sources: missing; allowed: a list of source names")
    if not isinstance(timezone, yaml.ScalarNode) or not timezone.value:
        raise InvalidPlan(f"{path}: reporting_timezone: missing; allowed: an IANA name such as UTC")
    names = _campaign_names(found.get("campaign"))
    return ScheduleFacts(
        tuple(str(node.value) for node in sources.value),
        str(timezone.value),
        tuple(campaign_id for campaign_id, _ in names),
        names,
    )


def _campaign_names(campaign: yaml.Node | None) -> tuple[tuple[str, str], ...]:
    """Return id and name of a file's campaign, nothing for a file that names none."""
    entries = campaign.value if isinstance(campaign, yaml.MappingNode) else []
    found = {key.value: str(node.value) for key, node in entries}
    return ((found["id"], found.get("name") or found["id"]),) if "id" in found else ()
