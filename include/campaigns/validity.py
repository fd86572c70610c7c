"""What every part of a campaign file is made of: closed models, days from and to, plain types.

Each type says to editors (JSON Schema) what it says to `check`, as far as a pattern can.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    WithJsonSchema,
)
from pydantic.config import JsonDict, JsonValue
from pydantic_core import PydanticCustomError

from include.campaigns.iso_codes import COUNTRIES, CURRENCIES

# Characters that are not seen and end a line, or turn the text around them: a name that holds one
# is shown as another name.
UNSEEN = r"\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_LINE = rf"^[^\t\n{UNSEEN}]*[^\s{UNSEEN}][^\t\n{UNSEEN}]*$"
_LINES = rf"^[^{UNSEEN}]*[^\s{UNSEEN}][^{UNSEEN}]*$"
_DAY = r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


def _read_day(value: object) -> dt.date:
    """Read a day; a number is no day, and neither is an instant.

    The years are bounded because a far day is a typing error, and tables have a row per day.
    """
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        raise PydanticCustomError("date_type", "a date")
    text = str(value)
    try:
        day = dt.date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}(-[0-9]{2}){2}", text) else None
    except ValueError:
        day = None
    if day is None:
        raise PydanticCustomError("date_parsing", "a date")
    if not re.fullmatch(_DAY, text):
        raise PydanticCustomError(
            "date_range", "a day of the years 2000 to 2099; what has no end has no valid_to"
        )
    return day


def written_as(pattern: str, allowed: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise PydanticCustomError("text_form", "{allowed}", {"allowed": allowed})
        return text

    return check


def _one_of(codes: Collection[str], allowed: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text.partition("-")[0] not in codes:
            raise PydanticCustomError("code", "{allowed}", {"allowed": allowed})
        return text

    return check


def text_schema(**facts: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **facts})


def _number_schema(maximum: float, quoted: str) -> WithJsonSchema:
    number = {"type": "number", "minimum": 0, "maximum": maximum}
    return WithJsonSchema({"anyOf": [number, {"type": "string", "pattern": quoted}]})


def names(key: str, **value: JsonValue) -> JsonDict:
    """Return the JSON Schema of an object that has a key with a value, and not null."""
    there: JsonDict = {"not": {"type": "null"}}
    return {"required": [key], "properties": {key: {**value} or there}}


def _either(codes: Collection[str]) -> str:
    return f"({'|'.join(sorted(codes))})"


_COUNTRY = "a country of ISO 3166 such as GB"
Platform = Literal["instagram", "tiktok", "youtube"]
RuleVersion = Literal["all", "code_first", "link_first"]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60)]
# A day of the reporting time zone.
Day = Annotated[dt.date, BeforeValidator(_read_day), text_schema(format="date", pattern=_DAY)]
Text = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(written_as(_LINE, "visible text on one line")),
    text_schema(minLength=1, maxLength=200, pattern=_LINE),
]
# A remark, which may have several lines.
Note = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(written_as(_LINES, "visible text")),
    text_schema(minLength=1, maxLength=200, pattern=_LINES),
]
Amount = Annotated[
    Decimal,
    Field(ge=0, le=Decimal("9999999999.99"), max_digits=12, decimal_places=2),
    AfterValidator(abs),  # -0.00 is 0.00
    _number_schema(9_999_999_999.99, r"^[0-9]{1,10}([.][0-9]{1,2})?$"),
]
Rate = Annotated[
    Decimal,
    Field(ge=0, le=1, decimal_places=6),
    _number_schema(1, r"^(0([.][0-9]{1,6})?|1([.]0{1,6})?)$"),
]
# Neither `true` nor "7"; no number that a column would not hold.
Whole = Annotated[int, Strict(), Field(le=1_000_000_000_000)]
Count = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(gt=0)]
Currency = Annotated[
    str,
    AfterValidator(_one_of(CURRENCIES, "a currency of ISO 4217 such as USD")),
    text_schema(pattern=f"^{_either(CURRENCIES)}$"),
]
# YouTube allows a hyphen in a handle, the other platforms do not.
Handle = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=60)]
# Of a country (US) or a part of it (US-CA), ISO 3166.
Region = Annotated[
    str,
    Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$"),
    AfterValidator(_one_of(COUNTRIES, _COUNTRY + ", or a part of it such as US-CA")),
    text_schema(pattern=f"^{_either(COUNTRIES)}(-[A-Z0-9]{{1,3}})?$"),
]
Country = Annotated[
    str,
    Field(pattern=r"^[A-Z]{2}$"),
    AfterValidator(_one_of(COUNTRIES, _COUNTRY)),
    text_schema(pattern=f"^{_either(COUNTRIES)}$"),
]
AttributionModel = Literal[
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "shapley",
    "rule_winner",
]


class PlanModel(BaseModel):
    """Base of every part of the file: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Validity(PlanModel):
    """Part that holds from one day to another, both included; `valid_to` None means no end."""

    valid_from: Day
    valid_to: Day | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Return True when `day` lies in the validity, both ends included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def overlaps(self, other: Validity) -> bool:
        """Return True when both validities share a day."""
        return (other.valid_to is None or self.valid_from <= other.valid_to) and (
            self.valid_to is None or other.valid_from <= self.valid_to
        )

    def leaves_gap_before(self, later: Validity) -> bool:
        """Return True when a day lies between this validity's end and a later one's start."""
        return self.valid_to is not None and later.valid_from > self.valid_to + dt.timedelta(days=1)
