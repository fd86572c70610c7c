"""Where each value of a YAML file stands, so that an error can name its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import yaml

from include.campaigns.document import Loader

Location = tuple[str | int, ...]


def line_of_every_value(text: str) -> tuple[dict[Location, int], list[tuple[int, str]]]:
    """Map each location (keys and list positions) to its line, counted from 1.

    A mapping entry stands where its key stands. Also returns (line, key) of keys given twice in one
    mapping, which YAML would silently let the last one win. Raises `yaml.YAMLError`.
    """
    lines: dict[Location, int] = {(): 1}
    duplicates: list[tuple[int, str]] = []
    root = yaml.compose(text, Loader=Loader)
    if root is not None:
        for location, line, is_duplicate in _walk(root, ()):
            lines[location] = line
            if is_duplicate:
                duplicates.append((line, dotted(location)))
    return lines, duplicates


def _walk(node: yaml.Node, location: Location) -> Iterator[tuple[Location, int, bool]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inner = (*location, key.value)
            yield inner, key.start_mark.line + 1, key.value in seen
            seen.add(key.value)
            yield from _walk(value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            inner = (*location, position)
            yield inner, value.start_mark.line + 1, False
            yield from _walk(value, inner)


def nearest_line(lines: Mapping[Location, int], location: Location) -> int:
    """Return the line of a location, or of the part that should hold it when it is missing."""
    while location not in lines and location:
        location = location[:-1]
    return lines.get(location, 1)


def dotted(location: Sequence[str | int]) -> str:
    """Spell a location as people do: `creators[3].codes[0].code`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "(file)"
