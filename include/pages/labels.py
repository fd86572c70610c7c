"""Names beside the points of a plot, only where they have room: no name meets another.

What a name takes is reckoned from its letters, with the widths of a wide sans serif, because the
server does not know the reader's font; a browser test measures the real ones.
"""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

FONT_SIZE = 12.0
# Above and below the line a text stands on; ascent and descent of a wide font.
_ASCENT, _DESCENT = 0.98 * FONT_SIZE, 0.28 * FONT_SIZE
_NARROW, _BROAD = frozenset("iIjlft.,:;|'!()[]- "), frozenset("mwMW@%&—…")
LONGEST_NAME = 28
# How far a name keeps from its dot, from other names, and from the middle of other dots.
GAP, MARGIN = 10.5, 2.0
DOT_RADIUS = 8.0
NAMED = 24  # more are not read
CONSIDERED = 60  # of 1,000 creators the lighter ones have no room anyway


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Say whether the two share any ground."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Say whether the other lies within this one."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True, slots=True)
class Dot:
    """A point as it is drawn: its place, its name, how much it matters, its interval's ends."""

    x: float
    y: float
    name: str
    weight: float
    whisker: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A name, on which line (`y`) it stands, and whether `x` is its start, middle or end."""

    text: str
    x: float
    y: float
    anchor: str = "start"

    @property
    def box(self) -> Box:
        """Return the ground the name takes, its margin included."""
        width = text_width(self.text)
        left = self.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[self.anchor]
        top, bottom = self.y - _ASCENT - MARGIN / 2, self.y + _DESCENT + MARGIN / 2
        return Box(left - MARGIN, top, left + width + MARGIN, bottom)


def text_width(content: str) -> float:
    """Return at least the width of a text in pixels."""
    return sum(_share_of_em(letter) for letter in content) * FONT_SIZE


def _share_of_em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    if letter in _NARROW:
        return 0.42
    if letter in _BROAD:
        return 1.02
    return 0.8 if letter.isupper() else 0.67


def place_labels(
    dots: Sequence[Dot], area: Box, taken: Sequence[Box] = (), level: float | None = None
) -> list[Label]:
    """Return the names that have room within `area`, of the weightiest dots first.

    A name meets no other name, no dot and nothing of `taken`, and where it can neither an interval
    nor the line that is drawn at the height of `level`. Dots on one place share one name, which
    says how many they are.
    """
    places: dict[tuple[float, float], list[Dot]] = {}
    for dot in sorted(dots, key=lambda dot: (-dot.weight, dot.name)):
        places.setdefault((dot.x, dot.y), []).append(dot)
    is_free = _free_of(sorted(places), area)
    found: list[Label] = []
    for group in list(places.values())[:CONSIDERED]:
        label = _best(group, dots, [*taken, *(one.box for one in found)], is_free, level)
        if label is not None:
            found.append(label)
        if len(found) == NAMED:
            break
    return found


def _free_of(places: Sequence[tuple[float, float]], area: Box) -> Callable[[Box], bool]:
    """Return what says whether a box lies in the area and on no dot; places: by x."""
    xs = [x for x, _ in places]

    def is_free(box: Box) -> bool:
        first = bisect.bisect_left(xs, box.left - DOT_RADIUS)
        last = bisect.bisect_right(xs, box.right + DOT_RADIUS)
        return area.holds(box) and not any(
            box.top - DOT_RADIUS < y < box.bottom + DOT_RADIUS for _, y in places[first:last]
        )

    return is_free


def _best(
    group: Sequence[Dot],
    dots: Sequence[Dot],
    taken: Sequence[Box],
    is_free: Callable[[Box], bool],
    level: float | None,
) -> Label | None:
    """Return the group's label where it crosses the fewest lines, None without room."""
    free = [
        label
        for label in _candidates(group)
        if is_free(label.box) and not any(label.box.meets(box) for box in taken)
    ]
    return min(free, key=lambda label: _crossed(label.box, dots, level), default=None)


def _candidates(group: Sequence[Dot]) -> Iterator[Label]:
    """Yield the places for a name, the one that is read most easily first."""
    dot = group[0]
    name = dot.name if len(dot.name) <= LONGEST_NAME else dot.name[: LONGEST_NAME - 1] + "…"
    if len(group) > 1:
        name += f" and {len(group) - 1} more"
    places = [(GAP, 4.0, "start"), (-GAP, 4.0, "end")]
    for down in (-GAP - _DESCENT, GAP + _ASCENT):
        places += [(0.0, down, "middle"), (MARGIN, down, "start"), (-MARGIN, down, "end")]
    for right, down, anchor in places:
        yield Label(name, round(dot.x + right, 1), round(dot.y + down, 1), anchor)


def _crossed(box: Box, dots: Sequence[Dot], level: float | None) -> int:
    is_level = level is not None and box.top < level < box.bottom
    return is_level + sum(
        box.left < dot.x < box.right and dot.whisker[1] < box.bottom and box.top < dot.whisker[0]
        for dot in dots
        if dot.whisker is not None
    )
