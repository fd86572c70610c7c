"""The pages and their order in the navigation; a page that is not here is reached by links only."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """One entry of the navigation: an address below the mount point, and what it is called."""

    path: str
    title: str


NAVIGATION = (
    Link("/campaign", "Campaign"),
    Link("/quality", "Data quality"),
    Link("/docs", "Models"),
)
