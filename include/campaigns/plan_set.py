"""All campaign files of an installation together: several campaigns, brands and shops.

plans = load_plans("include/campaigns")
read_plan_set([Path("a.yaml"), Path("b.yaml")]).warnings
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.campaigns.lines import Location
from include.campaigns.model import CampaignPlan, Creator, Exclusivity
from include.campaigns.ownership import Claim, claims_of, gaps, overlap_text, overlapping
from include.campaigns.plan import PlanFile, read_plan_file
from include.campaigns.schedule import campaign_files
from include.errors import InvalidPlan
from include.sources import discover_sources


@dataclass(frozen=True, slots=True)
class PlanSet:
    """Files that are used together; `warnings` holds those of each file and those between them."""

    files: tuple[PlanFile, ...]
    warnings: tuple[str, ...]

    @property
    def plans(self) -> tuple[CampaignPlan, ...]:
        return tuple(file.plan for file in self.files)


def load_plans(folder: Path | str) -> tuple[CampaignPlan, ...]:
    """Read every campaign file of a folder, sorted by file name; raise `InvalidPlan` as below."""
    return read_plan_set(campaign_files(folder)).plans


def read_plan_set(paths: Iterable[Path]) -> PlanSet:
    """Read files that are used together.

    Raises `InvalidPlan` listing the problems of all files, or where files contradict each other.
    """
    files: list[PlanFile] = []
    problems: list[str] = []
    for path in paths:
        try:
            files.append(read_plan_file(path))
        except InvalidPlan as error:
            problems.append(str(error))
    problems += find_contradictions(files)
    if problems:
        raise InvalidPlan("\n".join(problems))
    warnings = [warning for file in files for warning in file.warnings]
    return PlanSet(tuple(files), (*warnings, *_find_doubts(files)))


def find_contradictions(files: Sequence[PlanFile]) -> list[str]:
    """Return where files contradict each other, with file and line of both."""
    return [
        *_differing(files, "an id no other file uses", ("campaign", "id"), _same_id),
        *_differing(
            files,
            "{value} (a business day is one per installation)",
            ("reporting_timezone",),
            lambda one, other: one.reporting_timezone != other.reporting_timezone,
        ),
        *_differing(
            files,
            "{value} (one shop sells in one currency)",
            ("currency",),
            _differ_in_currency,
        ),
        *_handles_of_two_creators(files),
        *_owned_twice(files),
        *_unknown_connections(files),
    ]


def _same_id(one: CampaignPlan, other: CampaignPlan) -> bool:
    return one.campaign.id == other.campaign.id


def _differ_in_currency(one: CampaignPlan, other: CampaignPlan) -> bool:
    return not set(one.shop_ids).isdisjoint(other.shop_ids) and one.currency != other.currency


def _differing(
    files: Sequence[PlanFile],
    allowed: str,
    location: Location,
    collides: Callable[[CampaignPlan, CampaignPlan], bool],
) -> Iterator[str]:
    for position, file in enumerate(files):
        other = next((o for o in files[:position] if collides(o.plan, file.plan)), None)
        if other is not None:
            value, expected = _value(file.plan, location), _value(other.plan, location)
            yield file.spell(
                location,
                f"value {value!r} is not allowed; allowed: {allowed.format(value=expected)}; "
                f"see {other.place(location)}",
            )


def _value(plan: object, location: Location) -> object:
    for part in location:
        plan = getattr(plan, str(part))
    return plan


def _unknown_connections(files: Sequence[PlanFile]) -> Iterator[str]:
    """A day would wait for ever for a source that does not exist, and a shop sends orders.

    Asked of files and not of landed pages: an old plan stays readable when a source has gone.
    """
    sources = discover_sources()
    shops = {
        name for name, source in sources.items() if any(s.name == "orders" for s in source.streams)
    }
    for file in files:
        places: list[tuple[Location, str, Collection[str]]] = [
            (("sources", place), conn_id, sources)
            for place, conn_id in enumerate(file.plan.sources)
        ]
        for at, shop in zip(_shop_places(file.plan), file.plan.shop_ids, strict=True):
            places.append((at, shop, shops))
        for at, conn_id, allowed in places:
            if conn_id.split("__", 1)[0] not in allowed:
                yield file.spell(
                    at,
                    f"value {conn_id!r} is not allowed; allowed: {_list(allowed)}, alone or "
                    "followed by __<name>",
                )


def _shop_places(plan: CampaignPlan) -> list[Location]:
    further = range(len(plan.further_shops))
    return [
        ("shop", "connection_id"),
        *(("further_shops", place, "connection_id") for place in further),
    ]


def _handles_of_two_creators(files: Sequence[PlanFile]) -> Iterator[str]:
    """An account is one person's: a post names its creator by the handle alone."""
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for file in files:
        for i, creator in enumerate(file.plan.creators):
            for k, account in enumerate(creator.accounts):
                at: Location = ("creators", i, "accounts", k, "handle")
                key = (account.platform, account.handle.lower())
                owner, place = seen.setdefault(key, (creator.id, file.place(at)))
                if owner != creator.id:
                    yield file.spell(
                        at,
                        f"value {account.handle!r} is not allowed; allowed: a handle that is not "
                        f"{owner}'s, or the same creator id; see {place}",
                    )


def _claims(files: Sequence[PlanFile]) -> tuple[list[Claim], dict[str, PlanFile]]:
    return (
        [claim for file in files for claim in claims_of(file.plan)],
        {file.plan.campaign.id: file for file in files},
    )


def _owned_twice(files: Sequence[PlanFile]) -> Iterator[str]:
    claims, file_of = _claims(files)
    for later, earlier in overlapping(claims):
        if later.campaign_id != earlier.campaign_id:
            place = file_of[earlier.campaign_id].place(earlier.location)
            text = f"{overlap_text(later, earlier)}; see {place}"
            yield file_of[later.campaign_id].spell(later.location, text)


def _find_doubts(files: Sequence[PlanFile]) -> Iterator[str]:
    claims, file_of = _claims(files)
    for following, last in gaps(claims):
        if following.campaign_id != last.campaign_id:
            yield file_of[following.campaign_id].spell(
                following.location,
                f"nobody owns {following.part} {following.shown!r} between {last.span.valid_to} "
                f"and {following.span.valid_from}; before it is {last.creator_id}'s, see "
                f"{file_of[last.campaign_id].place(last.location)}",
            )
    enabled = {source for file in files for source in file.plan.sources}
    for file in files:
        for place, shop in zip(_shop_places(file.plan), file.plan.shop_ids, strict=True):
            if shop not in enabled:
                yield file.spell(
                    place,
                    f"{shop!r} is in no file's sources ({_list(enabled)}): its orders are not read",
                )
    if files and "campaign_plan" not in enabled:
        yield files[0].spell(
            ("sources",), f"campaign_plan is not among them ({_list(enabled)}): no plan is read"
        )
    for one, other in itertools.permutations(files, 2):
        yield from _collisions(one, other)


def _collisions(one: PlanFile, other: PlanFile) -> Iterator[str]:
    """Exclusivity that a creator of one file granted and that the campaign of another breaks."""
    for i, creator in enumerate(one.plan.creators):
        rival = next((c for c in other.plan.creators if _is_same_person(c, creator)), None)
        if rival is None or one.plan.brand.name == other.plan.brand.name:
            continue
        for k, promise in enumerate(creator.exclusivity):
            if _is_broken(promise, other.plan):
                place = other.place(("creators", other.plan.creators.index(rival)))
                yield one.spell(
                    ("creators", i, "exclusivity", k),
                    f"{creator.id} is exclusive to {one.plan.brand.name} and also works for "
                    f"{other.plan.brand.name} from {other.plan.campaign.start_date} to "
                    f"{other.plan.campaign.end_date}; see {place}",
                )


def _is_same_person(one: Creator, other: Creator) -> bool:
    accounts = {(a.platform, a.handle.lower()) for a in one.accounts}
    return one.id == other.id or any(
        (a.platform, a.handle.lower()) in accounts for a in other.accounts
    )


def _is_broken(promise: Exclusivity, plan: CampaignPlan) -> bool:
    campaign, brand = plan.campaign, plan.brand
    is_meanwhile = promise.valid_from <= campaign.end_date and (
        promise.valid_to is None or campaign.start_date <= promise.valid_to
    )
    rivals = {name.lower() for name in promise.competitor_brands}
    is_rival = brand.name.lower() in rivals or (
        promise.category is not None and promise.category == brand.category
    )
    return is_meanwhile and is_rival


def _list(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
