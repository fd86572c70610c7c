"""Whether a file can be a campaign file at all, before a parser builds anything of it.

YAML can nest a hundred thousand lists, which ends the process that builds them, and name a part
ten times in a part that is named ten times, and so on, until no memory is left. The parser's events
cost the same whatever they describe, so they are counted first.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from include.errors import InvalidPlan

# libyaml parses the sample file about ten times faster than the pure Python loader.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# The sample of 25 creators has 45,000 bytes in 8 levels; every alias counts as what it stands for.
LARGEST_BYTES = 2_000_000
DEEPEST_LEVEL = 32
MOST_VALUES = 500_000


def read_document(path: Path | str) -> str:
    """Return the text of a campaign file; raise `InvalidPlan` when it can be none."""
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise InvalidPlan(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST_BYTES:
        raise InvalidPlan(
            f"{path}: is larger than {LARGEST_BYTES:,} bytes; allowed: one campaign per file"
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InvalidPlan(
            f"{path}:{line}: cannot be read: byte 0x{content[error.start]:02x} is no UTF-8; "
            "allowed: a file that is saved as UTF-8"
        ) from error
    check_structure(text, str(path))
    # As text files are read everywhere: what an editor of another system ends lines with is no
    # change of the plan.
    return text.replace("\r\n", "\n").replace("\r", "\n")


@lru_cache(maxsize=32)  # a day's streams all read the same few files
def check_structure(text: str, name: str) -> None:
    """Raise `InvalidPlan` for a text that no parser should build, naming the line."""
    try:
        _Structure(name).read(text)
    except yaml.YAMLError as error:
        raise not_yaml(name, error) from error


def not_yaml(name: str, error: yaml.YAMLError) -> InvalidPlan:
    """Return the error that says where a text is no YAML."""
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else 1
    return InvalidPlan(f"{name}:{line}: not valid YAML: {error}")


class _Structure:
    """Counts the values of a document, as many times as they are named.

    `_open` holds, for each list or mapping that has begun: its anchor, the values before it, its
    levels within it (0 is a scalar), and for a mapping whether the next value is a key.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0
        self._open: list[list[Any]] = []
        self._anchors: dict[str, tuple[int, int]] = {}

    def read(self, text: str) -> None:
        """Read every event of a text."""
        for event in yaml.parse(text, Loader=Loader):
            if isinstance(event, yaml.ScalarEvent):
                self._add(event, 1, 0)
                if event.anchor:
                    self._anchors[event.anchor] = (1, 0)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._begin(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before, below, _ = self._open.pop()
                if anchor:
                    self._anchors[anchor] = (self._count - before, below)
                if self._open:
                    self._open[-1][2] = max(self._open[-1][2], below + 1)
            elif isinstance(event, yaml.AliasEvent):
                self._name_again(event)

    def _begin(self, event: Any) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._check_no_key(event)
        before = self._count
        self._add(event, 1, 0)
        self._open.append([event.anchor, before, 1, True if is_mapping else None])
        if event.anchor:  # until it ends it must not be named
            self._anchors.pop(event.anchor, None)

    def _check_no_key(self, event: Any) -> None:
        if self._open and self._open[-1][3] is True:
            raise self._refuse(event, "a key is a list or a mapping; allowed: a text")

    def _name_again(self, event: Any) -> None:
        if any(anchor == event.anchor for anchor, *_ in self._open):
            raise self._refuse(event, f"an alias (*{event.anchor}) stands inside its own anchor")
        # One that is not known is the parser's to refuse.
        values, below = self._anchors.get(event.anchor, (1, 0))
        if below:
            self._check_no_key(event)
        self._add(event, values, below)

    def _add(self, event: Any, values: int, below: int) -> None:
        """Count values that stand in the list or mapping that is open."""
        self._count += values
        if self._open:
            last = self._open[-1]
            last[2] = max(last[2], below + 1)
            if last[3] is not None:
                last[3] = not last[3]
        if len(self._open) + below > DEEPEST_LEVEL:
            raise self._refuse(event, f"nested deeper than {DEEPEST_LEVEL} levels")
        if self._count > MOST_VALUES:
            raise self._refuse(event, f"more than {MOST_VALUES:,} values, with those of aliases")

    def _refuse(self, event: Any, text: str) -> InvalidPlan:
        return InvalidPlan(f"{self._name}:{event.start_mark.line + 1}: {text}")
