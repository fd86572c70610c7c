"""The change of a campaign file that an approved shift of money means, as a unified diff.

Fees change, and with them the instalments that must add up to them; what else a piece needs
(platform, format, day) is a person's to say, so a comment marks the place. Layout and comments of
the file stay; the changed text is checked as any campaign file is, and what does not pass becomes
instructions instead of a patch.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from include.campaigns.plan import load_plan, parse_plan
from include.campaigns.schedule import campaign_files
from include.errors import InvalidPlan
from include.review.proposal import Move, Proposal

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What to do to one file: `diff` is a patch, empty when it has to be done by hand."""

    file: Path | None
    diff: str
    instructions: str


def plan_change(folder: Path | str, proposal: Proposal, week_label: str) -> PlanChange:
    """Return the change of the campaign's file in `folder` for a proposal.

    week_label: the week's Monday, for the comments. Never writes a file.
    """
    said = "\n".join(_say(move, proposal.currency_code) for move in proposal.moves)
    path = find_plan_file(folder, proposal.campaign_id)
    if path is None:
        return PlanChange(None, "", f"{said}\n(no file in {folder} holds {proposal.campaign_id})")
    before = path.read_text(encoding="utf-8")
    try:
        after = _edit(before, proposal, week_label)
        parse_plan(after, str(path))
    except InvalidPlan as error:
        return PlanChange(path, "", f"{said}\n(by hand, in {path.name}: {error})")
    return PlanChange(path, unified_diff(path.name, before, after), said)


def find_plan_file(folder: Path | str, campaign_id: str) -> Path | None:
    """Return the file of a folder that holds a campaign, None where none does."""
    for path in campaign_files(folder):
        if load_plan(path).campaign.id == campaign_id:
            return path
    return None


def unified_diff(name: str, before: str, after: str) -> str:
    """Return a patch that `patch -p1` and `git apply` take, "" when nothing changes."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile=f"a/{name}",
        tofile=f"b/{name}",
    )
    # A last line without a newline needs saying, or the patch does not apply.
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def _edit(text: str, proposal: Proposal, week_label: str) -> str:
    """Return the file's text with the fees moved; raise `InvalidPlan` where it cannot be done."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    contracts = dict(_contracts(root))
    edits: list[_Edit] = []
    for move in proposal.moves:
        if move.creator_id not in contracts:
            raise InvalidPlan(f"creators: the file has no {move.creator_id}")
        edits += _edit_contract(text, contracts[move.creator_id], move, proposal, week_label)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _edit_contract(
    text: str, contract: yaml.MappingNode, move: Move, proposal: Proposal, week_label: str
) -> Iterator[_Edit]:
    fee = _value(contract, "fee")
    assert isinstance(fee, yaml.ScalarNode)
    new_fee = Decimal(fee.value) + move.amount
    if new_fee < 0:
        raise InvalidPlan(
            f"creators: {move.creator_id}: the fee of {fee.value} cannot give {-move.amount}"
        )
    yield _Edit(fee.start_mark.index, fee.end_mark.index, _money(new_fee))
    yield _comment(text, fee, move, proposal, week_label)
    payments = _value(contract, "payments")
    if isinstance(payments, yaml.SequenceNode) and payments.value:
        yield _edit_last_payment(text, payments, move)


def _edit_last_payment(text: str, payments: yaml.SequenceNode, move: Move) -> _Edit:
    """Return the change of the last instalment, which goes when nothing of it is left.

    Earlier ones may be paid already, so nothing is taken from them: the model refuses an instalment
    that is not above 0 when the text is checked, and a person decides.
    """
    last = payments.value[-1]
    amount = _value(last, "amount")
    assert isinstance(amount, yaml.ScalarNode)
    left = Decimal(amount.value) + move.amount
    if left == 0 and len(payments.value) > 1 and not payments.flow_style:
        end = text.find("\n", last.end_mark.index) + 1
        return _Edit(text.rfind("\n", 0, last.start_mark.index) + 1, end or len(text), "")
    return _Edit(amount.start_mark.index, amount.end_mark.index, _money(left))


def _comment(
    text: str, fee: yaml.ScalarNode, move: Move, proposal: Proposal, week_label: str
) -> _Edit:
    start = text.rfind("\n", 0, fee.start_mark.index) + 1
    line = text[start : fee.start_mark.index]
    indent = line[: len(line) - len(line.lstrip())]
    said = f"review of {week_label}: {move.amount:+,.2f} {proposal.currency_code}"
    if move.pieces:
        piece = "piece" if move.pieces == 1 else "pieces"
        said += f"; plan {move.pieces} more {piece} under deliverables"
    elif move.amount < 0:
        said += "; take what it paid for out of deliverables"
    return _Edit(start, start, f"{indent}# {said}\n")


def _contracts(root: yaml.Node | None) -> Iterator[tuple[str, yaml.MappingNode]]:
    creators = _value(root, "creators")
    for creator in creators.value if isinstance(creators, yaml.SequenceNode) else []:
        name, contract = _value(creator, "id"), _value(creator, "contract")
        if isinstance(name, yaml.ScalarNode) and isinstance(contract, yaml.MappingNode):
            yield name.value, contract


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _say(move: Move, currency: str) -> str:
    verb = "give" if move.amount > 0 else "take"
    way = "to" if move.amount > 0 else "from"
    pieces = f" for {move.pieces} more" if move.pieces else ""
    return f"{verb} {abs(move.amount):,.2f} {currency} {way} {move.creator_id}{pieces}"


def _money(amount: Decimal) -> str:
    rounded = amount.quantize(CENT)
    whole = rounded.to_integral_value()
    return str(whole if rounded == whole else rounded)
