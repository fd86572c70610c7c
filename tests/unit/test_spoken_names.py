"""Pieces and goals in the words of their platforms and of people."""

from __future__ import annotations

import pytest

from include.pages import formats
from include.spoken_names import goal_name, piece_name, suite_name


@pytest.mark.parametrize(
    ("platform", "content_format", "shown"),
    [
        ("instagram", "reel", "Instagram reel"),
        ("instagram", "feed", "Instagram post"),
        ("instagram", "story", "Instagram story"),
        ("tiktok", "reel", "TikTok video"),
        ("youtube", "reel", "YouTube Short"),
        ("youtube", "feed", "YouTube video"),
        (None, "reel", "reel"),
        ("mastodon", None, "mastodon piece"),
    ],
)
def test_a_piece_is_called_as_its_platform_calls_it(
    platform: str | None, content_format: str | None, shown: str
) -> None:
    assert piece_name(platform, content_format) == shown
    assert formats.FILTERS["piece"](platform, content_format) == shown


def test_a_goal_without_a_name_of_its_own_is_written_as_words() -> None:
    assert goal_name("units_sold") == "Units sold"
    assert goal_name("new_customers") == "New customers"


def test_a_suite_is_called_as_its_source_writes_itself() -> None:
    assert [suite_name(suite) for suite in ("ga4", "woocommerce", "marts", "gone")] == [
        "Google Analytics 4",
        "WooCommerce",
        "the marts",
        "gone",
    ]
