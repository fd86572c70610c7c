"""Signs of an audience that was bought or does not listen, where they are measured."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from include.pages.campaign.selection import Selection
from include.pages.reader import Snapshot


def read_audience(
    request: Request, snapshot: Snapshot, selection: Selection
) -> Mapping[str, object]:
    """Return the creators' audience quality; None while no mart holds it."""
    return {"audience": None}
