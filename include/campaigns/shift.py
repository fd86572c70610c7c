"""Move a campaign in time: the same file with every date some days later or earlier."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import yaml

from include.campaigns.document import read_document
from include.campaigns.schedule import campaign_files

DATE_TAG = "tag:yaml.org,2002:timestamp"


def shift_text(text: str, days: int) -> str:
    """Return a campaign file's text with all its dates moved; comments and layout stay as they are.

    Dates are plain YAML dates; quoted ones are text and stay.
    """
    parts, done = [], 0
    for node in _dates(yaml.compose(text, Loader=yaml.SafeLoader)):
        date = dt.date.fromisoformat(node.value) + dt.timedelta(days=days)
        parts += [text[done : node.start_mark.index], date.isoformat()]
        done = node.end_mark.index
    return "".join([*parts, text[done:]])


def shift_folder(source: Path | str, target: Path | str, days: int) -> tuple[Path, ...]:
    """Write moved copies of a folder's campaign files to another folder; return the copies.

    Files that already have the right text are left alone. Raises `InvalidPlan` when there is none.
    """
    Path(target).mkdir(parents=True, exist_ok=True)
    copies = []
    for path in campaign_files(source):
        copy = Path(target) / path.name
        text = shift_text(read_document(path), days)
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8")
        copies.append(copy)
    return tuple(copies)


def _dates(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """Yield the scalar nodes that are dates, in the order of the text."""
    if isinstance(node, yaml.ScalarNode) and node.tag == DATE_TAG:
        yield node
    elif isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _dates(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _dates(value)
