"""What must hold for files beyond their columns: words of a closed list, shares that are shares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, in_set, no_rows
from include.sources._base import Source

DIMENSIONS = ("country", "region", "city", "age", "gender", "language", "overlap")
# People round percentages to whole ones.
SHARES_SUM_TO = 1.02


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    ratings = window.rows("content_ratings")
    stories = window.rows("story_numbers")
    ads = window.rows("paid_ads_costs")
    audience = window.rows("audience_breakdown")
    return [
        *_forgiving(day_rules(source, window)),
        no_rows(
            "a score is at most the highest one",
            "raw.files__content_ratings",
            f"select * from ({ratings}) as ratings where score > max_score or max_score <= 0",
        ),
        no_rows(
            "a story reaches at most as many as it has views",
            "raw.files__story_numbers",
            f"select * from ({stories}) as stories where reach > views",
            "warning",
        ),
        no_rows(
            "costs lie before the end of the window",
            "raw.files__paid_ads_costs",
            f"select * from ({ads}) as ads where cost_date > date '{window.partition_key}' + 1",
            "warning",
        ),
        in_set("raw.files__audience_breakdown", audience, "dimension", DIMENSIONS),
        no_rows(
            "the shares of a dimension sum to at most 1",
            "raw.files__audience_breakdown",
            f"""
            select connection_id, platform, creator_handle, as_of_date, dimension,
                sum(share_rate) as share_sum
            from raw.files__audience_breakdown
            where dimension <> 'overlap' and (platform, creator_handle, as_of_date) in (
                select platform, creator_handle, as_of_date from ({audience}) as audience
            )
            group by connection_id, platform, creator_handle, as_of_date, dimension
            having sum(share_rate) > {SHARES_SUM_TO}
            """,
        ),
    ]


def _forgiving(rules: Iterable[Rule]) -> Iterator[Rule]:
    """Yield rules that let people send what they like, when they like.

    Bad lines warn: one of thirty typed ones must not hold up a day of every source, and a load
    gives up by itself when more than a tenth is bad. So does a folder that was emptied: files that
    are taken away leave their rows.
    """
    for rule in rules:
        if rule.severity != "critical" or rule.name == "every required stream ran":
            yield rule
        elif rule.table == "quarantine.rejects":
            yield replace(rule, severity="warning")
