"""Which campaign, model, rule version and day a report is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from include.errors import InvalidChoice, NothingPublished
from include.report import queries
from include.report.warehouse import Marts, Row


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for; None stands for the default."""

    campaign_id: str | None = None
    model: str | None = None
    rule_version: str | None = None
    day: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about; `day` is None in reports of a whole campaign."""

    campaign_id: str
    campaign_name: str
    model: str
    rule_version: str
    currency_code: str
    as_of_date: dt.date
    is_final: bool
    day: dt.date | None = None

    def values(self) -> dict[str, object]:
        """Return the values of the queries' placeholders."""
        return {
            "campaign_id": self.campaign_id,
            "model": self.model,
            "rule_version": self.rule_version,
            "day": self.day,
        }


def choose_scope(marts: Marts, wanted: Wanted, *, with_day: bool = False) -> Scope:
    """Fill in what was not asked for: the only campaign, its model, its newest day.

    Raise `InvalidChoice` naming what there is, `NothingPublished` when there is no campaign.
    """
    campaign = _choose_campaign(marts.read(queries.CAMPAIGNS), wanted.campaign_id)
    campaign_id = str(campaign["campaign_id"])
    own = (str(campaign["attribution_model"]), str(campaign["rule_version"]))
    model, rule_version = _choose_model(marts, campaign_id, wanted, own)
    return Scope(
        campaign_id=campaign_id,
        campaign_name=campaign["campaign_name"],
        model=model,
        rule_version=rule_version,
        currency_code=campaign["currency_code"],
        as_of_date=campaign["as_of_date"],
        is_final=campaign["is_final"],
        day=_choose_day(marts, campaign_id, wanted.day) if with_day else None,
    )


def _choose_campaign(campaigns: list[Row], wanted: str | None) -> Row:
    if not campaigns:
        raise NothingPublished(
            "the published marts hold no campaign; `python -m include.campaigns check` reads the "
            "campaign files, quality.load_windows says what was loaded"
        )
    names = [campaign["campaign_id"] for campaign in campaigns]
    if wanted is None and len(campaigns) > 1:
        raise InvalidChoice(f"several campaigns are published; name one with {_one_of(names)}")
    found = [c for c in campaigns if wanted in (None, c["campaign_id"])]
    if not found:
        raise InvalidChoice(f"campaign {wanted!r} is not published; allowed: {', '.join(names)}")
    return found[0]


def _choose_model(
    marts: Marts, campaign_id: str, wanted: Wanted, own: tuple[str, str]
) -> tuple[str, str]:
    """Return model and rule version of which creators' figures are published."""
    known = {
        (row["attribution_model"], row["rule_version"])
        for row in marts.read(queries.MODELS, {"campaign_id": campaign_id})
    }
    model, rule_version = wanted.model or own[0], wanted.rule_version or own[1]
    if model not in {name for name, _ in known}:
        raise InvalidChoice(
            f"model {model!r} is not published for campaign {campaign_id}; "
            f"allowed: {_sorted(name for name, _ in known)}"
        )
    versions = {version for name, version in known if name == model}
    if rule_version not in versions:
        raise InvalidChoice(
            f"rule version {rule_version!r} is not published for campaign {campaign_id} and model "
            f"{model}; allowed: {_sorted(versions)}"
        )
    return model, rule_version


def _choose_day(marts: Marts, campaign_id: str, wanted: dt.date | None) -> dt.date:
    span = marts.read(queries.DAYS, {"campaign_id": campaign_id})[0]
    first: dt.date | None = span["first_day"]
    last: dt.date | None = span["last_day"]
    if first is None or last is None:
        raise NothingPublished(f"no day of campaign {campaign_id} is published yet")
    if wanted is not None and not first <= wanted <= last:
        raise InvalidChoice(
            f"day {wanted} of campaign {campaign_id} is not published; allowed: {first} to {last}"
        )
    return wanted or last


def _one_of(names: Iterable[str]) -> str:
    return " or ".join(f"--campaign {name}" for name in names)


def _sorted(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names)))
