"""What the plan may say of a piece (mechanic, promises, draft), and who makes it."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml

from include.campaigns.plan import load_plan, parse_plan
from include.errors import InvalidPlan
from include.settings import REPO_ROOT
from include.sources.campaign_plan import flatten

SAMPLE = REPO_ROOT / "include/campaigns/serum_launch.yaml"


def with_piece(**changes: object) -> str:
    """The sample's file with other words about its first piece."""
    document = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    document["creators"][0]["deliverables"][1] |= changes
    return yaml.safe_dump(document)


def test_the_documented_pieces_are_accepted_and_become_rows() -> None:
    page = (REPO_ROOT / "docs/campaign-file.md").read_text(encoding="utf-8")
    section = page.split("## What was agreed about a piece", 1)[1].split("\n## ", 1)[0]
    example = section.split("```yaml\n", 1)[1].split("```", 1)[0].replace("lena_", "maya_")
    pieces = yaml.safe_load(example)["deliverables"]
    document = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))
    document["creators"][0]["deliverables"] = pieces
    document["creators"][0]["contract"].pop("payments", None)
    document["creators"][0] |= {"kind": "collective"}
    plan = parse_plan(yaml.safe_dump(document), "p").plan
    reel, feed = list(flatten.deliverables(plan, "1"))[:2]
    agreed = {
        "content_mechanic": None,
        "call_to_action": "the code",
        "promised_length_seconds": 45,
        "promised_views_count": 15_000,
        "draft_due_date": dt.date(2026, 9, 24),
        "draft_submitted_date": dt.date(2026, 9, 23),
        "approved_date": dt.date(2026, 9, 27),
        "revision_count": 1,
        "reshared_date": dt.date(2026, 10, 9),
    }
    assert {key: reel[key] for key in agreed} == agreed
    assert {key: feed[key] for key in agreed} == {
        **dict.fromkeys(agreed),
        "content_mechanic": "giveaway",
    }
    kinds = [row["creator_kind"] for row in flatten.creators(plan, "1")]
    assert kinds == ["collective", *["person"] * 24]


def test_the_sample_names_each_mechanic_but_a_live_session_once() -> None:
    pieces = [piece for creator in load_plan(SAMPLE).creators for piece in creator.deliverables]
    assert sorted(piece.mechanic for piece in pieces if piece.mechanic) == ["giveaway", "takeover"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mechanic": "lottery"}, "allowed: giveaway, takeover, live_session"),
        ({"length_seconds": 0}, "length_seconds: value 0 is not allowed"),
        ({"revision_rounds": -1}, "revision_rounds: value -1 is not allowed"),
        (
            {"draft_submitted_date": dt.date(2026, 9, 28)},
            "approved_date: value 2026-09-27 is not allowed",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidPlan, match="p:") as refusal:
        parse_plan(with_piece(**changes), "p")
    assert message in str(refusal.value)
