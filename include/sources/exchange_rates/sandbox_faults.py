"""Bad days of the ECB's files; see `include.sandbox.faults`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from include.sandbox.faults import Answer, Ask, Call, ProtocolFault, changes_truth

_FIRST_DAY = re.compile(rb"\t\t<Cube time=.*?\t\t</Cube>\n", re.DOTALL)
_DECLARATION = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>\n'


async def declared_entities(call: Call, ask: Ask) -> Answer | None:
    """The file declares entities, as somebody would who wants to fill our memory."""
    answer = await ask(call)
    head, end, rest = answer.body.partition(b"?>\n")
    return replace(answer, body=head + end + _DECLARATION + rest)


async def empty_file(call: Call, ask: Ask) -> Answer | None:
    """The file holds no day, as between two steps of its making."""
    answer = await ask(call)
    return replace(answer, body=_FIRST_DAY.sub(b"", answer.body))


@changes_truth
async def late_publication(call: Call, ask: Ask) -> Answer | None:
    """The file of 90 days lacks its newest day."""
    answer = await ask(call)
    if len(_FIRST_DAY.findall(answer.body)) < 2:
        return None
    return replace(answer, body=_FIRST_DAY.sub(b"", answer.body, count=1))


@changes_truth
async def no_rate(call: Call, ask: Ask) -> Answer | None:
    """A rate says N/A, as the files of other formats do."""
    answer = await ask(call)
    return replace(
        answer,
        body=re.sub(rb'(currency="ISK" rate=)"[^"]*"', rb'\1"N/A"', answer.body),
    )


async def new_field(call: Call, ask: Ask) -> Answer | None:
    """Rates have an attribute more."""
    return await _with_rates(call, ask, rb'(currency="[A-Z]+")', rb'\1 multiplier="1"')


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """Rates do not name their currency."""
    return await _with_rates(call, ask, rb'currency="[A-Z]+" ', b"")


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """Rates have a decimal comma."""
    return await _with_rates(call, ask, rb'rate="(\d+)\.(\d+)"', rb'rate="\1,\2"')


async def _with_rates(call: Call, ask: Ask, found: bytes, written: bytes) -> Answer:
    answer = await ask(call)
    return replace(answer, body=re.sub(found, written, answer.body))


FAULTS: Mapping[str, ProtocolFault] = {
    "declared_entities": declared_entities,
    "empty_file": empty_file,
    "late_publication": late_publication,
    "no_rate": no_rate,
    "new_field": new_field,
    "field_gone": field_gone,
    "type_changed": type_changed,
}
