"""The patch of an approved shift of money: it applies, and what it gives is a valid plan."""

from __future__ import annotations

import subprocess
from decimal import Decimal
from pathlib import Path

import pytest

from include.campaigns.plan import load_plan
from include.review.plan_change import plan_change, unified_diff
from include.review.proposal import Move, Proposal
from include.settings import REPO_ROOT

SAMPLE = REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a copy of the sample campaign."""
    campaigns = tmp_path / "campaigns"
    campaigns.mkdir()
    (campaigns / SAMPLE.name).write_text(SAMPLE.read_text())
    return campaigns


def shift(*moves: Move) -> Proposal:
    return Proposal("serum_launch", "USD", "scale", moves, None, Decimal("0.84"))


def to_maya_from_lena(amount: str = "310") -> Proposal:
    given = Decimal(amount)
    return shift(
        Move("maya_okafor", given, 2, "best with P = 0.84"),
        Move("lena_brandt", -given, 0, "returns 0.41 of its price"),
    )


@pytest.mark.parametrize("tool", [["git", "apply", "-p1"], ["patch", "-p1", "--quiet", "-i"]])
def test_the_patch_applies_and_the_patched_plan_is_valid(folder: Path, tool: list[str]) -> None:
    before = (folder / SAMPLE.name).read_text()
    change = plan_change(folder, to_maya_from_lena(), "2026-11-09")
    assert (folder / SAMPLE.name).read_text() == before
    patch = folder.parent / "shift.patch"
    patch.write_text(change.diff)
    subprocess.run([*tool, str(patch)], cwd=folder, check=True, capture_output=True)
    plan = load_plan(folder / SAMPLE.name)
    maya, lena = plan.creator("maya_okafor").contract, plan.creator("lena_brandt").contract
    assert (maya.fee, lena.fee) == (Decimal("1160"), Decimal("310"))
    # Her instalments were 425 and 425: the last one takes what is new.
    assert [payment.amount for payment in maya.payments] == [Decimal(425), Decimal(735)]
    # Hers were 310 and 310: nothing is left of the last one.
    assert [payment.amount for payment in lena.payments] == [Decimal(310)]
    others = [c for c in plan.creators if c.id not in ("maya_okafor", "lena_brandt")]
    assert others == [c for c in load_plan(SAMPLE).creators if c in others]


def test_the_patch_touches_the_lines_of_fees_and_instalments_alone(folder: Path) -> None:
    diff = plan_change(folder, to_maya_from_lena(), "2026-11-09").diff
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in "+++---"]
    assert changed == [
        "-      fee: 850",
        "+      # review of 2026-11-09: +310.00 USD; plan 2 more pieces under deliverables",
        "+      fee: 1160",
        "-        - {amount: 425, milestone: all_pieces_live}",
        "+        - {amount: 735, milestone: all_pieces_live}",
        "-      fee: 620",
        "+      # review of 2026-11-09: -310.00 USD; take what it paid for out of deliverables",
        "+      fee: 310",
        "-        - {amount: 310, milestone: all_pieces_live}",
    ]


@pytest.mark.parametrize(
    ("proposal", "message"),
    [
        (to_maya_from_lena("620.01"), "the fee of 620 cannot give 620.01"),
        (shift(Move("nobody_here", Decimal(5), 1, "best")), "the file has no nobody_here"),
        (
            # Half of her fee is due at signing: the last instalment cannot become negative.
            shift(Move("maya_okafor", Decimal(-500), 0, "returns little")),
            "payments",
        ),
    ],
    ids=["more than the fee", "unknown creator", "instalment below zero"],
)
def test_what_the_file_cannot_take_becomes_instructions(
    folder: Path, proposal: Proposal, message: str
) -> None:
    change = plan_change(folder, proposal, "2026-11-09")
    assert change.diff == ""
    assert message in change.instructions
    assert f"{abs(proposal.moves[0].amount):,.2f} USD" in change.instructions


def test_a_campaign_without_a_file_is_said(folder: Path) -> None:
    proposal = Proposal("spring", "EUR", "shift", (Move("ana", Decimal(5), 1, "x"),), None, None)
    change = plan_change(folder, proposal, "2026-11-09")
    assert (change.diff, change.file) == ("", None)
    assert change.instructions.startswith("give 5.00 EUR to ana for 1 more\n(no file in")


def test_a_last_line_without_a_newline_still_applies(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("one: 1\ntwo: 2")
    (tmp_path / "p").write_text(unified_diff("a.yaml", "one: 1\ntwo: 2", "one: 1\ntwo: 3"))
    subprocess.run(["patch", "-p1", "-i", "p"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "a.yaml").read_text() == "one: 1\ntwo: 3"
