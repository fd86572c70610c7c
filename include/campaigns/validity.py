"""What every part of a campaign file is made of: closed models, days from and to, plain types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Platform = Literal["instagram", "tiktok", "youtube"]
RuleVersion = Literal["all", "code_first", "link_first"]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
Rate = Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
# YouTube allows a hyphen in a handle, the other platforms do not.
Handle = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=60)]
# Of a country (US) or a part of it (US-CA), ISO 3166.
Region = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
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

    valid_from: dt.date
    valid_to: dt.date | None = None

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
