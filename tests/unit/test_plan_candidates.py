"""Candidates of a campaign file: what is refused, and how criteria reach every candidate's row."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from include.campaigns.plan import parse_plan
from include.errors import InvalidPlan
from include.sources.campaign_plan import flatten

SAMPLE = Path("include/campaigns/serum_launch.yaml")
PICKED = "creator: maya_okafor, evaluator"
MAYA = "handle: maya.glows, niche: skincare"


def with_change(old: str, new: str) -> str:
    text = SAMPLE.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("handle: dewy.days,", "handle: MAYA.glows,", "candidates[25].handle: value 'maya.glows'"),
        (PICKED, "creator: maya, evaluator", "the id of one of the campaign's 25 creators"),
        (PICKED, "evaluator", "allowed: picked with creator, any other without"),
        ("sampled_engagements: 14500,", "", "sampled_posts and sampled_engagements together"),
        ("sampled_engagements: 14500, niche_posts: 10", "sampled_engagements: 1, niche_posts: 13",
         "value 13 is not allowed; allowed: up to 12 (sampled_posts)"),
        ("evaluated_date: 2026-08-16, followers: 14100", "evaluated_date: 2026-08-18, followers: 1",
         "value 2026-08-17 is not allowed; allowed: 2026-08-18 or later"),
        ("  overlap_high: 0.30", "  overlap_high: 0.30\n  followers_low: 60000",
         "value 50000 is not allowed; allowed: 60000 (followers_low) or more"),
        (f"{MAYA},", f"{MAYA}, followers: -1,", "candidates[0].followers: value -1"),
        ("handle: lotus.morning,", "handle: lotus.morning, quoted_pieces: 5,",
         "candidates[30].quoted_pieces: allowed: beside a quoted_price"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named_with_what_is_allowed(old: str, new: str, message: str) -> None:
    with pytest.raises(InvalidPlan) as refused:
        parse_plan(with_change(old, new), "plan.yaml")
    assert message in str(refused.value)


def test_every_row_carries_the_criteria() -> None:
    """Asked: niches, regions, 3 posts, 30 % at most; by default 5,000-50,000 followers and 3 %."""
    plan = parse_plan(SAMPLE.read_text(encoding="utf-8"), "sample.yaml").plan
    rows = {row["handle"]: row for row in flatten.candidates(plan, "1")}
    assert len(rows) == 35
    asked = {
        "followers_low": 5_000,
        "followers_high": 50_000,
        "er_by_followers_low": Decimal("0.03"),
        "niches": ["skincare", "green_beauty", "mindful_living"],
        "regions": ["US", "CA"],
        "niche_posts_low": 3,
        "collaborations_low": None,
        "overlap_high": Decimal("0.30"),
    }
    assert all({key: row[key] for key in asked} == asked for row in rows.values())
    dropped = rows["dewy.days"]
    assert (dropped["followers_count"], dropped["sampled_post_count"]) == (61_000, 12)
    assert (dropped["creator_id"], dropped["candidate_status"]) == (None, "dropped")
    assert dropped["quoted_piece_count"] is None
    contacted = rows["serena.skin"]
    assert (contacted["quoted_price_amount"], contacted["quoted_piece_count"]) == (520, 5)


def test_the_creators_of_the_sample_were_picked_from_its_candidates() -> None:
    plan = parse_plan(SAMPLE.read_text(encoding="utf-8"), "sample.yaml").plan
    picked = [candidate for candidate in plan.candidates if candidate.status == "picked"]
    assert {candidate.creator for candidate in picked} == {creator.id for creator in plan.creators}
    for candidate in picked:
        assert candidate.creator is not None
        account = plan.creator(candidate.creator).account(candidate.platform)
        assert account is not None
        assert account.handle == candidate.handle


def test_a_campaign_without_candidates_is_fine() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    start, end = text.index("candidate_criteria:"), text.index("\ncreators:")
    plan = parse_plan(text[:start] + text[end:], "plain.yaml").plan
    assert list(flatten.candidates(plan, "1")) == []


def test_the_list_of_the_documentation_is_accepted() -> None:
    page = Path("docs/campaign-file.md").read_text(encoding="utf-8")
    section = page.split("## Who was considered", 1)[1]
    example = section.split("```yaml\n", 1)[1].split("```", 1)[0]
    text = SAMPLE.read_text(encoding="utf-8")
    start, end = text.index("candidate_criteria:"), text.index("\ncreators:")
    plan = parse_plan(text[:start] + example + text[end:], "p.yaml").plan
    assert [candidate.status for candidate in plan.candidates] == ["picked", "dropped"]
    assert plan.candidate_criteria.niche_posts_low == 3
