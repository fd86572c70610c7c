"""The question put to a person: which money moves, why, and what it is expected to bring."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

# What the form offers; the first two are a person's, the last is what stays when nobody answers.
APPROVE, DECLINE, NO_DECISION = "Approve", "Decline", "No decision"
OPTIONS = (APPROVE, DECLINE, NO_DECISION)
DECISIONS = {APPROVE: "approved", DECLINE: "declined", NO_DECISION: "no_decision"}
# How long a question waits for a person; an older one that is still open has been lost.
WAITING_TIME = dt.timedelta(days=4)
NO_ADVICE = "no advice yet: marts.mart_budget_recommendation is not published"


@dataclass(frozen=True, slots=True)
class AdviceLine:
    """One line of the published advice; `creator_id` is None for money that is no creator's yet.

    amount: money given (+) or taken (-), in the campaign's currency; pieces: next pieces it buys.
    gain_*: expected contribution won less cost, with its 90 % interval, None without one.
    """

    creator_id: str | None
    creator_name: str | None
    phase: str
    action: str
    reason: str
    amount: Decimal
    pieces: int
    p_best: Decimal | None
    gain_low: Decimal | None
    gain_mid: Decimal | None
    gain_high: Decimal | None


@dataclass(frozen=True, slots=True)
class Move:
    """Money one creator gets (+) or gives (-), and the next pieces it stands for."""

    creator_id: str
    amount: Decimal
    pieces: int
    reason: str
    creator_name: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Moves of one campaign's week that wait for a person."""

    campaign_id: str
    currency_code: str
    phase: str
    moves: tuple[Move, ...]
    gain: tuple[Decimal, Decimal, Decimal] | None
    p_best: Decimal | None

    @property
    def key(self) -> str:
        """Return a hash of who gives and gets what: the same proposal is asked once."""
        moves = sorted((m.creator_id, str(m.amount.quantize(Decimal("0.01")))) for m in self.moves)
        text = json.dumps([self.campaign_id, self.currency_code, moves])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Return what is stored and handed from task to task; money as text."""
        document: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return document

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Proposal:
        """Read back what `to_json` wrote."""
        moves = tuple(
            # Proposals of earlier versions have no name.
            Move(
                m["creator_id"],
                Decimal(m["amount"]),
                int(m["pieces"]),
                m["reason"],
                m.get("creator_name"),
            )
            for m in document["moves"]
        )
        gain = document["gain"]
        return cls(
            document["campaign_id"],
            document["currency_code"],
            document["phase"],
            moves,
            (Decimal(gain[0]), Decimal(gain[1]), Decimal(gain[2])) if gain else None,
            Decimal(document["p_best"]) if document["p_best"] is not None else None,
        )


def build_proposal(
    campaign_id: str, currency_code: str, lines: Sequence[AdviceLine]
) -> tuple[Proposal | None, str]:
    """Return the moves to ask about, and why a person is asked or nobody is.

    Only money that goes to or comes from a creator of the plan is a change of the plan; a creator
    yet to be found is said in the review alone.
    """
    moves = tuple(
        Move(line.creator_id, line.amount, line.pieces, line.reason, line.creator_name)
        for line in lines
        if line.creator_id is not None and line.amount != 0
    )
    if not moves:
        reasons = [line.reason for line in lines if line.creator_id is not None]
        common = max(reasons, key=reasons.count) if reasons else "the campaign has no creators"
        return None, f"nothing to decide: {common}"
    receiver = max(lines, key=lambda line: line.amount)
    gain = None
    if receiver.gain_low is not None and receiver.gain_mid is not None:
        assert receiver.gain_high is not None
        gain = (receiver.gain_low, receiver.gain_mid, receiver.gain_high)
    proposal = Proposal(campaign_id, currency_code, receiver.phase, moves, gain, receiver.p_best)
    return proposal, f"asked: {receiver.reason}"


# What Markdown reads as more than a letter: a name may hold any of it, also an image's address.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&])")


def _plain(name: str) -> str:
    """Return a name as Markdown that shows nothing but its letters, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(name.split()))


def describe_proposal(proposal: Proposal, campaign_name: str, change: str) -> str:
    """Return the question in Markdown: moves, expected gain, and the change to the plan file."""
    unit = proposal.currency_code
    rows = [
        f"| {_plain(move.creator_name or move.creator_id)} | {move.amount:+,.2f} {unit} "
        f"| {move.pieces or ''} | {move.reason} |"
        for move in proposal.moves
    ]
    net = sum((move.amount for move in proposal.moves), Decimal(0))
    rest = f" {net:,.2f} {unit} come out of money promised to nobody." if net > 0 else ""
    gain = "not estimated"
    if proposal.gain:
        low, mid, high = proposal.gain
        gain = f"{mid:+,.2f} {unit} (90 %: {low:+,.2f} to {high:+,.2f})"
    chance = f"{proposal.p_best * 100:.0f} %" if proposal.p_best is not None else "not known"
    return "\n".join(
        [
            (
                f"**{_plain(campaign_name)}**, phase *{proposal.phase}*. Chance that the piece "
                f"this buys returns most of all: {chance}. Expected gain: {gain}.{rest}"
            ),
            "",
            "| creator | money | pieces | why |",
            "|---|---:|---:|---|",
            *rows,
            "",
            (
                "Approving changes no file. It keeps your answer and writes this patch beside the "
                "review, for a person to apply:"
            ),
            "",
            "```diff",
            change.rstrip() or "(nothing to change in the file)",
            "```",
        ]
    )
