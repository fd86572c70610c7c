"""What the columns of a mart are called on the dashboard: words instead of names of the warehouse.

A label follows from the name, because names follow from rules: `net_revenue_amount` is "Net
revenue", `views_day7_count` "Views, day 7", `session_count` "Sessions", `roas_low` "ROAS, low".
Names that the rules read badly stand in `LABELS`.
"""

from __future__ import annotations

from types import MappingProxyType

LABELS = MappingProxyType(
    {
        "as_of_date": "As of",
        "cac_new": "CAC, new customers",
        "connection_id": "Shop",
        "credited_order_count": "Credited orders",
        "cpe_basic": "Cost per like or comment",
        "currency_amount": "Currency conversion",
        "cvr_session": "Purchases per session",
        "difference_amount": "Untied",
        "engagement_basic_count": "Likes and comments",
        "engagement_basic_day7_count": "Likes and comments, day 7",
        "er_basic_by_views": "Likes and comments per view",
        "er_basic_by_views_day7": "Likes and comments per view, day 7",
        "estimated_cvr_session": "Estimated purchases per session",
        "has_code": "Has the code",
        "metric_definition_version": "Definition of the counters",
        "net_revenue_highest_amount": "Highest net revenue",
        "net_revenue_lowest_amount": "Lowest net revenue",
        "permalink": "Post",
        "revenue_rank_best": "Best rank",
        "revenue_rank_worst": "Worst rank",
        "rule_version": "Rules",
    }
)
# What a name ends with and a label does not say: the unit stands in the figure itself.
_DROPPED = ("_amount", "_count", "_code", "_at")
_COUNTED = ("order", "session", "piece", "post", "click", "purchase", "engagement", "day", "fall")
_ENDS = MappingProxyType(
    {"_low": ", low", "_high": ", high", "_day7": ", day 7", "_seconds": ", seconds"}
)
_WORDS = MappingProxyType(
    {
        "cac": "CAC", "cpa": "CPA", "cpc": "CPC", "cpe": "CPE", "cpm": "CPM", "ctr": "CTR",
        "cvr": "CVR", "er": "engagement rate", "ga4": "GA4", "id": "ID", "roas": "ROAS",
    }
)  # fmt: skip


def label_of(column: str) -> str:
    """Return what a column is called; an identifier of something keeps "ID"."""
    if column in LABELS:
        return LABELS[column]
    for ending, said in _ENDS.items():
        if column.endswith((ending, f"{ending}_count")):
            return label_of(column.removesuffix("_count").removesuffix(ending)) + said
    name = column
    if column.endswith(tuple(f"{noun}_count" for noun in _COUNTED)):
        name = column.removesuffix("_count") + "s"
    for dropped in _DROPPED:
        name = name.removesuffix(dropped)
    words = " ".join(_WORDS.get(word, word) for word in name.split("_"))
    return words[0].upper() + words[1:]
