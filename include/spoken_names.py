"""What people call what the warehouse has a code for: platforms, pieces, goals. Pure functions.

The plan's own ids stay beside these words wherever somebody has to find the entry in the file.
"""

from __future__ import annotations

from collections.abc import Mapping

_PLATFORMS: Mapping[str, str] = {"instagram": "Instagram", "tiktok": "TikTok", "youtube": "YouTube"}
# The plan knows three formats; each platform has words of its own for them.
_FORMATS: Mapping[str, Mapping[str, str]] = {
    "instagram": {"feed": "post"},
    "tiktok": {"feed": "post", "reel": "video"},
    "youtube": {"feed": "video", "reel": "Short"},
}
_GOALS: Mapping[str, str] = {
    "units_sold": "Units sold",
    "link_clicks": "Visits by the creators' links",
    "follower_growth": "Growth of the brand's followers",
}
# The parts of a leak score (include.attribution.leakage).
_LEAK_REASONS: Mapping[str, str] = {
    "before_post": "used before the creator posted",
    "coupon_site": "orders came from coupon sites",
    "off_post": "used far from the creator's posts",
    "returning": "used by customers of before",
    "abroad": "used in other countries",
    "sessionless": "orders without a visit",
}


def platform_name(platform: str) -> str:
    """Return a platform as it writes itself: tiktok is TikTok."""
    return _PLATFORMS.get(platform, platform)


def piece_name(platform: str | None, content_format: str | None) -> str:
    """Return a piece in its platform's words: a reel of TikTok is a TikTok video."""
    known = _FORMATS.get(platform or "", {})
    shown = known.get(content_format or "", (content_format or "piece").replace("_", " "))
    return f"{platform_name(platform)} {shown}" if platform else shown


def goal_name(metric: str) -> str:
    """Return what a goal counts: units_sold is Units sold."""
    return _GOALS.get(metric, metric.replace("_", " ").capitalize())


def leak_reasons(reasons: str | None) -> str:
    """Return what speaks against a code: coupon_site is orders came from coupon sites."""
    known = [_LEAK_REASONS.get(part, part) for part in (reasons or "").split(", ")]
    return "; ".join(known)


def suite_name(suite: str) -> str:
    """Return whose checks a suite holds: a source as it writes itself, or the marts."""
    # A message is written seldom; not every reader of names brings the connectors along.
    from include.sources import discover_sources

    source = discover_sources().get(suite)
    return source.title if source else "the marts" if suite == "marts" else suite
