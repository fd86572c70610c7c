"""Stories, read every six hours: the API knows a story and its insights only while it is live.

A story of 24 hours is seen by four windows; each holds its counters as they then were. What a later
answer leaves out is unknown, so the last known value stands for the story.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.sources._base import Document, FetchContext, Page
from include.sources.instagram.client import PAGE_LIMIT, Insights, connected_accounts
from include.sources.instagram.graph import Graph, read_error
from include.sources.instagram.parse import parse_insights, read_moment, read_time

STORY_FIELDS = "id,caption,media_type,media_product_type,permalink,timestamp,username"
NAVIGATION = "story_navigation_action_type"
# What the listing says of a story; kept with the page of its insights.
_LISTED = ("caption", "media_type", "permalink", "timestamp", "username")


def fetch_stories(ctx: FetchContext) -> Iterator[Page]:
    """List the live stories of connected accounts, then ask for the insights of each.

    Stories published after the window's end belong to the next one. A page of insights holds in its
    context what the listing said and how viewers went on (`navigation`, asked apart because it
    needs a breakdown that no other metric allows).
    """
    graph = Graph(ctx)
    insights = Insights(graph, ctx.window)
    for account_id in connected_accounts(graph):
        params = {"fields": STORY_FIELDS}
        for listing in graph.pages(f"{account_id}/stories", params, limit=PAGE_LIMIT):
            listing.context = {"account_id": account_id}
            yield listing
            for story in listing.document.get("data", []):
                published = read_moment(story.get("timestamp"))
                if published is None or published < ctx.window.end:
                    yield _ask_story(insights, {**story, "account_id": account_id})


def parse_stories(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the story of a page of insights; nothing for a page that only lists stories."""
    if "listed" not in page.context:
        return
    for row in parse_insights(document, page):
        listed = page.context["listed"]
        yield {
            **listed,
            **page.context["navigation"],
            **row,
            "timestamp": read_time(listed.get("timestamp")),
        }


def _ask_story(insights: Insights, story: Mapping[str, Any]) -> Page:
    page = insights.ask({**story, "media_product_type": "STORY"})
    navigation: Mapping[str, Any] = {}
    # A story that is not visible, or has too few viewers, is so for every metric.
    if page.status < 400:
        asked = insights.ask_metrics(str(story["id"]), ("navigation",), breakdown=NAVIGATION)
        navigation = read_navigation(asked.document)
        if read_error(asked.document):
            refused = [*page.context["refused_metrics"], "navigation"]
            page.context = {**page.context, "refused_metrics": refused}
    listed = {name: story[name] for name in _LISTED if name in story}
    page.context = {**page.context, "listed": listed, "navigation": navigation}
    return page


def read_navigation(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the total under `navigation` and each action, such as tap_forward, under its name."""
    found: dict[str, Any] = {}
    for entry in document.get("data", []):
        total = entry.get("total_value", {})
        found["navigation"] = total.get("value")
        for breakdown in total.get("breakdowns", []):
            for result in breakdown.get("results", []):
                found[str(result["dimension_values"][0]).lower()] = result.get("value")
    return found
