"""What a campaign file says that its author most likely did not mean."""

from __future__ import annotations

from collections.abc import Iterator

from include.campaigns.lines import Location
from include.campaigns.model import CampaignPlan
from include.campaigns.ownership import page_key
from include.campaigns.problems import Problem

# Campaigns last weeks; who has one for years renews it, and a mistyped year makes a row per day.
LONGEST_CAMPAIGN_DAYS = 400


def find_slips(plan: CampaignPlan) -> Iterator[Problem]:
    """Yield slips of the keyboard that are valid all the same."""
    yield from _campaign(plan)
    yield from _goals(plan)
    yield from _front_pages(plan)
    yield from _experiments_at_other_times(plan)


def _campaign(plan: CampaignPlan) -> Iterator[Problem]:
    campaign = plan.campaign
    if campaign.days > LONGEST_CAMPAIGN_DAYS:
        yield Problem(
            ("campaign", "end_date"),
            f"the campaign lasts {campaign.days:,} days; is the year right?",
        )
    if campaign.hashtag is None and "hashtag" in campaign.model_fields_set:
        yield Problem(
            ("campaign", "hashtag"), 'has no value; # begins a comment unless it is quoted: "#…"'
        )


def _goals(plan: CampaignPlan) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Location] = {}
    for place, goal in enumerate(plan.goals):
        at: Location = ("goals", place, "target_value")
        first = seen.setdefault((goal.metric, goal.scope), at)
        if first != at:
            yield Problem(at, f"is a second target for {goal.metric}, {goal.scope}", first)
        if goal.unit == "rate" and goal.target_value > 1:
            yield Problem(
                at, f"rates are 0-1: {goal.target_value} is a growth of {goal.target_value:.0%}"
            )


def _front_pages(plan: CampaignPlan) -> Iterator[Problem]:
    for i, creator in enumerate(plan.creators):
        for k, page in enumerate(creator.landing_pages):
            if page_key(page.path) == "/":
                yield Problem(
                    ("creators", i, "landing_pages", k, "path"),
                    f"'/' is the shop's front page: whoever enters there speaks for {creator.id}",
                )


def _experiments_at_other_times(plan: CampaignPlan) -> Iterator[Problem]:
    start, end = plan.campaign.start_date, plan.campaign.end_date
    for i, experiment in enumerate(plan.experiments):
        ended = experiment.valid_to is not None and experiment.valid_to < start
        if ended or experiment.valid_from > end:
            yield Problem(
                ("experiments", i, "valid_from"),
                f"shares no day with the campaign, {start} to {end}: there is nothing to compare",
            )
