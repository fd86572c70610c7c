"""Which campaign, model and rule version the reader chose, checked against what was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import HTTPException, Request

from include.pages.reader import Row, Snapshot

# What the seed of the rules does with an order's touches, in a reader's words.
_RULES = {
    "all": "every touch alike",
    "code_first": "code before link",
    "link_first": "link before code",
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The choices of one request: `campaign` is its row of `mart_campaign_profile`."""

    campaigns: Sequence[Row]
    campaign: Row
    models: Sequence[str]
    rule_versions: Sequence[str]
    model: str
    rule_version: str
    notice: str = ""

    @property
    def is_default(self) -> bool:
        """Say whether the campaign is reported under these choices."""
        own = (self.campaign["attribution_model"], self.campaign["rule_version"])
        return (self.model, self.rule_version) == own

    @property
    def rule_titles(self) -> list[str]:
        """Return the rule versions with what they do, in the order of `rule_versions`."""
        return [
            f"{name} ({_RULES[name]})" if name in _RULES else name for name in self.rule_versions
        ]

    @property
    def currency_code(self) -> str:
        """Return the currency of every amount on the page."""
        return str(self.campaign["currency_code"])

    @property
    def parameters(self) -> dict[str, object]:
        """Return what the sections bind in their queries."""
        return {
            "campaign_id": self.campaign["campaign_id"],
            "model": self.model,
            "rule_version": self.rule_version,
            "own_model": self.campaign["attribution_model"],
            "own_rule_version": self.campaign["rule_version"],
            "start_date": self.campaign["start_date"],
        }


def read_selection(request: Request, snapshot: Snapshot) -> Selection | None:
    """Return the choices of a request, None while no campaign was published.

    404 for a campaign that is not there, 422 for a model or version that no campaign has. A chain
    exists under the campaign's own rules only; asked for under others it is shown under those.
    """
    if not snapshot.columns("marts.mart_campaign_profile"):
        return None
    campaigns = snapshot.rows(
        "select * from marts.mart_campaign_profile order by start_date desc, campaign_id"
    )
    if not campaigns:
        return None
    asked = request.query_params.get("campaign") or campaigns[0]["campaign_id"]
    campaign = next((row for row in campaigns if row["campaign_id"] == asked), None)
    if campaign is None:
        known = ", ".join(row["campaign_id"] for row in campaigns)
        raise HTTPException(404, f"there is no such campaign; published: {known}")
    pairs = _read_pairs(snapshot, campaign)
    own = campaign["rule_version"]
    models = _ordered(campaign["attribution_model"], [model for model, _ in pairs])
    versions = _ordered(own, [version for _, version in pairs])
    model = _choose(request, "model", models)
    version = _choose(request, "rules", versions)
    notice = ""
    if pairs and (model, version) not in pairs:
        notice = (
            f"A chain of whole weeks exists under the campaign's own rules only, so “{model}” is "
            f"shown under “{own}” instead of “{version}”."
        )
        version = own
    return Selection(campaigns, campaign, models, versions, model, version, notice)


def _read_pairs(snapshot: Snapshot, campaign: Row) -> set[tuple[str, str]]:
    if not snapshot.columns("marts.mart_creator_attribution"):
        return set()
    found = snapshot.rows(
        """
        select distinct attribution_model, rule_version
        from marts.mart_creator_attribution where campaign_id = %(campaign_id)s
        """,
        {"campaign_id": campaign["campaign_id"]},
    )
    return {(row["attribution_model"], row["rule_version"]) for row in found}


def _ordered(own: str, found: Sequence[str]) -> list[str]:
    """Return the campaign's own choice first, the others by name."""
    return [own, *sorted(set(found) - {own})]


def _choose(request: Request, name: str, allowed: Sequence[str]) -> str:
    asked = request.query_params.get(name) or allowed[0]
    if asked not in allowed:
        raise HTTPException(422, f"{name} is not one of the campaign's: {', '.join(allowed)}")
    return asked
