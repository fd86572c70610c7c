"""The campaign page: one module per section, each reads its marts and says when there are none."""

from __future__ import annotations

from include.pages.campaign.router import router

__all__ = ["router"]
