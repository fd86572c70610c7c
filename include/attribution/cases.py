"""The format of attribution cases: what happened, under which settings, and what must come out.

A file holds `{"format": 1, "tolerance_abs": 1e-9, "cases": [...]}`. A case tells either `touches`
and `conversions` (with `refunds`, each referring to its sale) or weighted `paths`, and under
`expected` any of: `paths`, `unattributed`, `credits` per model and channel, `markov_exact`
(rationals as texts) and `touch_rows` (weights per touch, `<model>_cents`). The format is closed: a
field we do not know would be a rule we do not check.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec

# Fields of the format that carry a short name of a model.
CENTS_OF = {"position_cents": "position_based"}

Instant = Annotated[dt.datetime, msgspec.Meta(tz=True)]
Count = Annotated[float, msgspec.Meta(ge=0)]
Days = Annotated[int, msgspec.Meta(ge=0)]
Channel = Annotated[str, msgspec.Meta(min_length=1)]
Numbers = dict[str, dict[str, float]]


class InvalidCases(ValueError):
    """A case file is not of the format; names the file, the case and the field."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a case; what is left out has the product's default."""

    lookback_days: Days = 30
    half_life_days: Annotated[int, msgspec.Meta(gt=0)] = 7
    direct_channel: str = "direct"
    direct_policy: Literal["drop_unless_only", "keep"] = "drop_unless_only"
    collapse_repeats: bool = False
    path_reset: Literal["none", "conversion"] = "none"


class Touch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dated touch of a user; without `evidence` it is a link's."""

    touch_id: int
    user: str
    ts: Instant
    channel: Channel
    evidence: Literal["utm", "referrer", "landing_page", "in_app", "code", "survey"] = "utm"


class Sale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order of a user, in money of one currency."""

    conversion_id: str
    user: str
    ts: Instant
    value: float


class Refund(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ledger row of its own date that refers to its sale."""

    refund_id: str
    refund_of: str
    ts: Instant
    value: float


class WeightedPath(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A path that ended so often in an order (with so much money in all) and in nothing."""

    path: list[Channel]
    conversions: Count = 0.0
    nulls: Count = 0.0
    value: float = 0.0


class ExpectedPath(WeightedPath, frozen=True, kw_only=True):
    """A path that must be built: an order's, or `null:<user>`; weighted paths are p1, p2, ..."""

    id: str


class Exact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The chain's numbers as rationals, such as "1/3"."""

    p_conversion: str
    removal_effect: dict[str, str]
    share: dict[str, str]


class TouchRow(msgspec.Struct, frozen=True):
    """An order's path with weights and cents per model, touch by touch."""

    id: str
    touches: list[str]
    weights: dict[str, list[float]] = {}
    cents: dict[str, list[int]] = {}


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must come out; what is left out is not compared."""

    paths: list[ExpectedPath] | None = None
    unattributed: dict[str, float] | None = None
    credits: dict[str, Numbers] = {}
    markov_exact: Exact | None = None
    touch_rows: list[dict[str, object]] = []

    def rows(self) -> list[TouchRow]:
        """Return the touch rows with `<model>_cents` gathered per model."""
        return [msgspec.convert(_gather_cents(row), TouchRow) for row in self.touch_rows]


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case; `why` says what it guards, `source` who published its numbers."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    expected: Expected
    why: str = ""
    source: str = ""
    config: Config = Config()
    touches: list[Touch] = []
    conversions: list[Sale] = []
    refunds: list[Refund] = []
    paths: list[WeightedPath] = []


class CaseFile(msgspec.Struct, frozen=True):
    """Cases and how far a value may be from what is expected."""

    tolerance: float
    cases: tuple[Case, ...]


class _Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cases: list[msgspec.Raw]
    format: Literal[1] = 1
    tolerance_abs: Annotated[float, msgspec.Meta(gt=0)] = 1e-9
    definitions: dict[str, str] = {}


class _Named(msgspec.Struct, frozen=True):
    id: str = "?"


def read_cases(file: Path) -> CaseFile:
    """Read and check a case file; `InvalidCases` names file, case and field."""
    try:
        envelope = msgspec.json.decode(file.read_bytes(), type=_Envelope)
    except OSError as error:
        raise InvalidCases(f"{file} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise InvalidCases(f"{file}: {error}") from error
    cases = tuple(
        _read_case(f"{file}: case {number}", raw) for number, raw in enumerate(envelope.cases, 1)
    )
    _check_distinct(str(file), "case", (case.id for case in cases))
    return CaseFile(envelope.tolerance_abs, cases)


def _read_case(place: str, raw: msgspec.Raw) -> Case:
    try:
        name = msgspec.json.decode(raw, type=_Named).id
    except msgspec.MsgspecError as error:
        raise InvalidCases(f"{place}: {error}") from error
    place = f"{place} ({name})"
    try:
        case = msgspec.json.decode(raw, type=Case)
        case.expected.rows()
    except msgspec.MsgspecError as error:
        raise InvalidCases(f"{place}: {error}") from error
    _check_sense(place, case)
    return case


def _gather_cents(row: dict[str, object]) -> dict[str, object]:
    cents = {CENTS_OF.get(k, k.removesuffix("_cents")): v for k, v in row.items() if _is_cents(k)}
    unknown = [key for key in row if not _is_cents(key) and key not in ("id", "touches", "weights")]
    if unknown:
        raise msgspec.ValidationError(
            f"touch_rows have the unknown fields {unknown}; "
            "allowed: id, touches, weights, <model>_cents"
        )
    return {key: value for key, value in row.items() if not _is_cents(key)} | {"cents": cents}


def _is_cents(key: str) -> bool:
    return key.endswith("_cents")


def _check_sense(place: str, case: Case) -> None:
    """Check what types cannot say."""
    if case.paths and (case.touches or case.conversions or case.refunds):
        raise InvalidCases(f"{place} has paths and touches; allowed: one of the two")
    for text in _rationals(case.expected.markov_exact):
        if not re.fullmatch(r"-?\d+(/0*[1-9]\d*)?", text):
            raise InvalidCases(f'{place}: markov_exact holds {text!r}; allowed: such as "1/3"')
    _check_distinct(place, "touch_id", (str(touch.touch_id) for touch in case.touches))
    _check_distinct(place, "conversion_id", (sale.conversion_id for sale in case.conversions))
    sales = {sale.conversion_id for sale in case.conversions}
    for refund in case.refunds:
        if refund.refund_of not in sales:
            raise InvalidCases(
                f"{place}: refund {refund.refund_id!r} refers to {refund.refund_of!r}; "
                f"allowed: {', '.join(sorted(sales)) or 'none, there is no conversion'}"
            )


def _rationals(exact: Exact | None) -> list[str]:
    if exact is None:
        return []
    return [exact.p_conversion, *exact.removal_effect.values(), *exact.share.values()]


def _check_distinct(place: str, label: str, names: Iterable[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise InvalidCases(f"{place}: {label} {', '.join(twice)} is there more than once")
