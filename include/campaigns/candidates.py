"""Who was considered for a campaign, by which criteria: the list before the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from include.campaigns.lines import Location
from include.campaigns.problems import Problem, before, repeated
from include.campaigns.validity import (
    Amount,
    Count,
    Day,
    Handle,
    Identifier,
    Note,
    PlanModel,
    Platform,
    Positive,
    Rate,
    Region,
    Text,
)

if TYPE_CHECKING:
    from include.campaigns.model import CampaignPlan

CandidateStatus = Literal["listed", "contacted", "picked", "declined", "dropped"]


class CandidateCriteria(PlanModel):
    """What a candidate should have; what is left out is not asked.

    Followers and engagement default to what guides to micro-influencer campaigns advise: 5,000 to
    50,000 followers and at least 3 % of them reacting (they say 3-5 %). Nothing is weighted: a
    person decides, with every criterion in sight.
    """

    followers_low: Count | None = 5_000
    followers_high: Count | None = 50_000
    er_by_followers_low: Rate | None = Decimal("0.03")
    niches: tuple[Identifier, ...] = ()
    regions: tuple[Region, ...] = ()
    niche_posts_low: Count | None = None
    collaborations_low: Count | None = None
    overlap_high: Rate | None = None


class Candidate(PlanModel):
    """One account that was considered, and what its evaluator saw on the day of evaluation.

    `creator` names the creator the candidate became, `quoted_pieces` the pieces the price is asked
    for: without them it says nothing of what one piece costs. Numbers are typed where no connector
    reads the account: `sampled_engagements` are likes + comments of `sampled_posts` posts together,
    `niche_posts` those of them in the niche, `collaborations` with other brands, `audience_overlap`
    the share of followers who also follow somebody picked.
    """

    platform: Platform
    handle: Handle
    niche: Identifier | None = None
    region: Region | None = None
    quoted_price: Amount | None = None
    quoted_pieces: Positive | None = None
    status: CandidateStatus = "listed"
    contacted_date: Day | None = None
    creator: Identifier | None = None
    evaluator: Text
    evaluated_date: Day
    followers: Count | None = None
    sampled_posts: Count | None = None
    sampled_engagements: Count | None = None
    niche_posts: Count | None = None
    collaborations: Count | None = None
    collaboration_note: Note | None = None
    audience_overlap: Rate | None = None
    note: Note | None = None


def find_candidate_problems(plan: CampaignPlan) -> Iterator[Problem]:
    """Yield every contradiction of the list: doubles, creators who are none, halves of a rate."""
    handles = ((c.platform, c.handle.lower()) for c in plan.candidates)
    yield from repeated(
        (("candidates", i, "handle"), f"{platform}:{handle}")
        for i, (platform, handle) in enumerate(handles)
    )
    yield from repeated(
        (("candidates", i, "creator"), c.creator)
        for i, c in enumerate(plan.candidates)
        if c.creator is not None
    )
    yield from _check_criteria(plan)
    for i, candidate in enumerate(plan.candidates):
        yield from _check_candidate(plan, candidate, ("candidates", i))


def _check_criteria(plan: CampaignPlan) -> Iterator[Problem]:
    criteria = plan.candidate_criteria
    low, high = criteria.followers_low, criteria.followers_high
    if low is not None and high is not None and low > high:
        yield Problem(
            ("candidate_criteria", "followers_high"),
            f"value {high} is not allowed; allowed: {low} (followers_low) or more",
        )


def _check_candidate(plan: CampaignPlan, candidate: Candidate, at: Location) -> Iterator[Problem]:
    creators = {creator.id for creator in plan.creators}
    if candidate.creator is not None and candidate.creator not in creators:
        yield Problem(
            (*at, "creator"),
            f"value {candidate.creator!r} is not allowed; allowed: the id of one of the "
            f"campaign's {len(creators)} creators",
        )
    if (candidate.status == "picked") != (candidate.creator is not None):
        yield Problem(
            (*at, "status"),
            f"value {candidate.status!r} is not allowed; "
            "allowed: picked with creator, any other without",
        )
    if candidate.quoted_pieces is not None and candidate.quoted_price is None:
        yield Problem((*at, "quoted_pieces"), "allowed: beside a quoted_price, which is missing")
    if (candidate.sampled_posts is None) != (candidate.sampled_engagements is None):
        yield Problem(at, "allowed: sampled_posts and sampled_engagements together, or neither")
    posts, of_niche = candidate.sampled_posts, candidate.niche_posts
    if posts is not None and of_niche is not None and of_niche > posts:
        yield Problem(
            (*at, "niche_posts"),
            f"value {of_niche} is not allowed; allowed: up to {posts} (sampled_posts)",
        )
    if candidate.contacted_date is not None:
        yield from before(
            (*at, "contacted_date"), candidate.contacted_date, candidate.evaluated_date
        )
