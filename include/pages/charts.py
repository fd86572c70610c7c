"""Small charts of table cells and strips, drawn on the server as SVG; `plots` has the larger ones.

Every chart is an image with a label that says in words what it shows, to a screen reader and to the
pointer over it; its figures stand beside it or in a table. Colours are classes of the style sheet,
so light, dark and print are its business. Texts are escaped by `Markup`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

Number = int | float | Decimal

INTERVAL_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from `low` to `high` drawn between `start` and `end` (pixels)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Number) -> float:
        """Return the place of a value, clipped to the axis."""
        share = (float(value) - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)


def nice_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `rough`."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= rough * (1 - 1e-9))


def nice_top(values: Iterable[Number], least: float = 1.0) -> float:
    """Return a round value above all of `values`."""
    most = max([least, *(float(value) for value in values)])
    step = nice_step(most / 5)
    return math.ceil(most / step - 1e-9) * step


def image(
    width: float,
    height: float,
    label: str,
    parts: Iterable[Markup],
    kind: str = "",
    *,
    is_stretched: bool = False,
) -> Markup:
    """Return the SVG of a chart; `label` is what a screen reader says of it, and the pointer.

    A stretched one keeps its height on a narrow screen: it may hold neither circles nor texts.
    """
    shape = Markup(' preserveAspectRatio="none"') if is_stretched else Markup("")
    title = Markup("<title>{}</title>").format(label)
    return Markup(
        '<svg class="chart {}" viewBox="0 0 {} {}" width="{}" height="{}"{} role="img" '
        'aria-label="{}">{}{}</svg>'
    ).format(kind, width, height, width, height, shape, label, title, Markup("").join(parts))


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a line."""
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(kind, x1, y1, x2, y2)


def text(x: float, y: float, content: str, anchor: str) -> Markup:
    """Return a text; `anchor` is start, middle or end."""
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x, y, anchor, content)


def dot(x: float, y: float, radius: float, kind: str) -> Markup:
    """Return a dot."""
    return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(kind, x, y, radius)


def rect(x: float, y: float, width: float, height: float, kind: str, title: str = "") -> Markup:
    """Return a rectangle."""
    inner = Markup("<title>{}</title>").format(title) if title else Markup("")
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="2">{}</rect>').format(
        kind, x, y, max(0.0, round(width, 1)), height, inner
    )


def interval_bar(
    value: Number | None,
    low: Number | None,
    high: Number | None,
    top: float,
    label: str,
    mark: Number | None = None,
) -> Markup:
    """Draw a value within its interval on an axis from 0 to `top`; `mark` is a line to compare to.

    An interval that goes on beyond the axis ends in an arrow. Unknown parts are left out.
    """
    width, height, middle = INTERVAL_WIDTH, 22, 11
    at = _interval_scale(top)
    parts = [line(at(0), middle, at(top), middle, "axis")]
    if mark is not None and float(mark) <= top:
        parts.append(line(at(mark), 2, at(mark), height - 2, "mark"))
    if low is not None and high is not None:
        parts.append(rect(at(low), middle - 4, at(high) - at(low), 8, "band"))
        if float(high) > top:
            tip = at(top)
            parts.append(Markup('<path class="tip" d="M{} {}l6 4l-6 4z"/>').format(tip, middle - 4))
    if value is not None:
        parts.append(
            dot(at(value), middle, 4.5, "point" if float(value) <= top else "point beyond")
        )
    return image(width, height, label, parts, "interval")


def interval_axis(top: float, mark: Number | None = None) -> Markup:
    """Draw the axis that a column of `interval_bar` shares: 0, the mark, its end."""
    at = _interval_scale(top)
    # The mark is what the reader compares with; zero gives way where both have no room.
    marks = [] if mark is None else [float(mark)]
    has_room = not marks or at(marks[0]) - at(0) > 24
    named = [*([0.0] if has_room else []), *marks, top]
    parts = [text(at(value), 11, f"{value:g}×", _anchor(value, top)) for value in named]
    return Markup(
        '<svg class="chart ruler" viewBox="0 0 {} 14" width="{}" height="14" aria-hidden="true">'
        "{}</svg>"
    ).format(INTERVAL_WIDTH, INTERVAL_WIDTH, Markup("").join(parts))


def _interval_scale(top: float) -> Scale:
    return Scale(0, top, 2, INTERVAL_WIDTH - 8)


def _anchor(value: float, top: float) -> str:
    return "start" if value == 0 else "end" if value == top else "middle"


def share_bar(share: Number | None, label: str, kind: str = "fill", width: int = 160) -> Markup:
    """Draw a share of 0-1 as a bar on its full length."""
    parts = [rect(0, 4, width, 10, "rail")]
    if share is not None:
        parts.append(rect(0, 4, float(share) * width, 10, kind))
    return image(width, 18, label, parts, "share")


def signed_bar(amount: Number, most: Number, label: str, width: int = 320) -> Markup:
    """Draw an amount to the right of the middle, or to its left when it is below zero."""
    middle = width / 2
    at = Scale(-float(most), float(most), 0, width)
    place = at(amount)
    kind = "fill" if float(amount) >= 0 else "soft"
    bar = rect(min(place, middle), 4, abs(place - middle), 10, kind)
    return image(width, 18, label, [bar, line(middle, 0, middle, 18, "axis")], "signed")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole: what it is, how much, and its class of colour."""

    name: str
    amount: Number
    kind: str
    shown: str = ""

    def share_of(self, whole: float) -> float:
        """Return the part's share of the whole, 0 when there is none."""
        return max(0.0, float(self.amount)) / whole if whole > 0 else 0.0


def whole_bar(parts: Sequence[Part], label: str, width: int = 1000) -> Markup:
    """Draw parts side by side; the legend beside it (`shares`) says what they are."""
    whole = sum(max(0.0, float(part.amount)) for part in parts)
    drawn, x = [], 0.0
    for part in parts:
        length = part.share_of(whole) * width
        if length > 0:
            title = f"{part.name}: {part.shown or part.amount}"
            drawn.append(rect(round(x, 1), 0, max(length - 2, 1), 26, part.kind, title))
        x += length
    return image(width, 26, label, drawn, "whole", is_stretched=True)


def shares(parts: Sequence[Part]) -> list[tuple[Part, float]]:
    """Return each part with its share of the whole, for the legend."""
    whole = sum(max(0.0, float(part.amount)) for part in parts)
    return [(part, part.share_of(whole)) for part in parts]


def two_lines(strong: object, faint: object) -> Markup:
    """Return a cell of two lines: what it is, and under it what tells more."""
    return Markup('{}<span class="below">{}</span>').format(escape(strong), escape(faint))


def beside(drawn: Markup, shown: str) -> Markup:
    """Return a cell that says in figures what is drawn in it."""
    return Markup('<span class="drawn">{}<span>{}</span></span>').format(drawn, shown)


def badge(text: str, tone: str = "") -> Markup:
    """Return a word with a colour that is never the only sign: the word itself says it."""
    return Markup('<span class="badge {}">{}</span>').format(tone, text)
