"""The table of docs/sandbox.md: which fault is played for which source; a test keeps it so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from include.sandbox.faults import ProtocolFault
from include.sandbox.faults_names import (
    CHANGING_MEANINGS,
    FILE_MEANINGS,
    MARKET_MEANINGS,
    PROTOCOL_MEANINGS,
    TRANSPORT_MEANINGS,
)

ALL = "all that are asked over HTTP"


def fault_table(
    offered: Mapping[str, Mapping[str, ProtocolFault]], folders: Iterable[str]
) -> Iterator[str]:
    """Yield the lines of a Markdown table.

    offered: source to its `FAULTS`. folders: the sources that read a folder.
    """
    yield "| fault | what happens | sources |"
    yield "|---|---|---|"
    for name, meaning in TRANSPORT_MEANINGS.items():
        yield _line(name, meaning, ALL)
    for name, meaning in {**PROTOCOL_MEANINGS, **CHANGING_MEANINGS}.items():
        yield _line(name, meaning, _players(name, offered))
    own = {name for faults in offered.values() for name in faults}
    for name in sorted(
        own - {**TRANSPORT_MEANINGS, **PROTOCOL_MEANINGS, **CHANGING_MEANINGS}.keys()
    ):
        fault = next(faults[name] for faults in offered.values() if name in faults)
        meaning = (fault.__doc__ or name).partition("\n")[0].rstrip(".")
        yield _line(name, meaning[0].lower() + meaning[1:], _players(name, offered))
    for name, meaning in MARKET_MEANINGS.items():
        yield _line(name, meaning, "the market: all that show it")
    for name, meaning in FILE_MEANINGS.items():
        yield _line(f"{name} (file)", meaning, ", ".join(sorted(folders)))


def _players(name: str, offered: Mapping[str, Mapping[str, ProtocolFault]]) -> str:
    return ", ".join(sorted(source for source, faults in offered.items() if name in faults))


def _line(name: str, meaning: str, sources: str) -> str:
    return f"| {name} | {meaning} | {sources} |"
