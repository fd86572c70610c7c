"""What each stream asks the Graph API for.

Pages carry in their context what `parse` needs besides the answer (the account, the post, the span
of publication times), so that a replay from landing gives the same rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.errors import BadRequest, MissingScope, Truncated
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.instagram.graph import METRIC_REFUSED, Graph, refusal_reason
from include.sources.instagram.metrics import ask_accepted, metrics_of
from include.sources.instagram.parse import is_older, parse_listed, read_moment

# Insights are kept current for as long as posts of a campaign still sell.
KEPT_DAYS = 90
DAILY_UNTIL_DAY = 14
WEEK_DAYS = 7

ACCOUNT_FIELDS = "id,username,name,followers_count,follows_count,media_count"
MEDIA_FIELDS = (
    "id,caption,media_type,media_product_type,permalink,shortcode,timestamp,username,"
    "like_count,comments_count"
)
LISTED_FIELDS = "id,media_type,media_product_type,timestamp"
DISCOVERED_MEDIA_FIELDS = (
    "id,caption,timestamp,permalink,media_type,media_product_type,"
    "like_count,comments_count,view_count"
)
PARTNERSHIP_FIELDS = (
    "content_id,platform,media_type,post_type,caption,permalink,creation_time,"
    "author{ig_user_id,display_name},"
    "partnership_info{permission_status,ad_eligibility,content_types,tagged_partner},"
    "organic_insights{likes,comments,views,reach,shares,interaction,saves}"
)
PAGE_LIMIT = 100
PARTNERSHIP_LIMIT = 50
DISCOVERY_LIMIT = 50
USERNAME = re.compile(r"[A-Za-z0-9._]{1,30}")


def fetch_accounts(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the profile of every connected account."""
    graph = Graph(ctx)
    for account_id in connected_accounts(graph):
        yield graph.ask(account_id, {"fields": ACCOUNT_FIELDS})


def fetch_media(ctx: FetchContext) -> Iterator[Page]:
    """List the connected accounts' posts of the last 90 days before the window's end."""
    graph = Graph(ctx)
    for account_id in connected_accounts(graph):
        yield from _list_media(graph, ctx.window, account_id, MEDIA_FIELDS)


def fetch_media_insights(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the insights of every post that is due in this window (see `is_due`).

    A page is the answer for one post; its context holds `media_id`, `account_id`,
    `media_product_type` and the `refused_metrics`.
    """
    graph = Graph(ctx)
    insights = Insights(graph, ctx.window)
    for account_id in connected_accounts(graph):
        for listed in _list_media(graph, ctx.window, account_id, LISTED_FIELDS):
            for media in parse_listed(listed.document, listed):
                if is_due(media["timestamp"], ctx.window):
                    yield insights.ask(media)


def fetch_discovered_accounts(ctx: FetchContext) -> Iterator[Page]:
    """Look up the plan's creators by username; one page each, also for names without an answer."""
    graph = Graph(ctx)
    usernames = read_usernames(ctx)
    own_id = own_account(graph, ctx.connection) if usernames else ""
    for username in usernames:
        fields = f"business_discovery.username({username}){{{ACCOUNT_FIELDS}}}"
        yield _discover(graph, own_id, username, fields, {})


def fetch_discovered_media(ctx: FetchContext) -> Iterator[Page]:
    """List the plan's creators' posts of the last 90 days, newest first, through discovery."""
    graph = Graph(ctx)
    usernames = read_usernames(ctx)
    own_id = own_account(graph, ctx.connection) if usernames else ""
    span = publication_span(ctx.window)
    for username in usernames:
        cursor = ""
        while True:
            after = f".after({cursor})" if cursor else ""
            media = f"media.limit({DISCOVERY_LIMIT}){after}{{{DISCOVERED_MEDIA_FIELDS}}}"
            fields = f"business_discovery.username({username}){{id,username,{media}}}"
            page = _discover(graph, own_id, username, fields, span)
            yield page
            edge = page.document.get("business_discovery", {}).get("media", {})
            before, cursor = cursor, edge.get("paging", {}).get("cursors", {}).get("after")
            posts = edge.get("data", [])
            if posts and cursor == before:
                raise Truncated(
                    f"connection {ctx.connection.conn_id!r}: the media of {username} repeats its "
                    "page cursor"
                )
            # A page may be empty and still not the last: posts nobody may see are left out of it.
            if cursor in (None, before) or (posts and all_older(posts, "timestamp", span)):
                break


def fetch_partnership_content(ctx: FetchContext) -> Iterator[Page]:
    """List the creators' posts the brand may use in ads, newest first, up to 90 days old.

    Meta's own sort is by what it recommends, so newest first must be asked for, or reading could
    not end at an old post. `creation_time` comes with or without a time of day, `partnership_info`
    with an entry for each partner tagged in the post. Raises `MissingScope` where the connection
    names no business, so that the stream is skipped.
    """
    extra = ctx.connection.extra
    if not extra.get("business_id") or not extra.get("account_id"):
        raise MissingScope(
            f"connection {ctx.connection.conn_id!r}: partnership content needs extra.business_id "
            "and extra.account_id (the brand's own Instagram account); they are not set"
        )
    span = publication_span(ctx.window)
    params = {
        "ig_user_id": extra["account_id"],
        "fields": PARTNERSHIP_FIELDS,
        "platform_types": "instagram",
        "sort_by": "DATE",
    }
    path = f"{extra['business_id']}/partnership-ads-advertisable-content"
    for page in Graph(ctx).pages(path, params, limit=PARTNERSHIP_LIMIT, ends_without_cursor=True):
        page.context = {**span, "brand_account_id": str(extra["account_id"])}
        yield page
        posts = page.document.get("data", [])
        if posts and all_older(posts, "creation_time", span):
            return


class Insights:
    """Ask for a post's insights, leaving out the metrics the API refuses for it."""

    def __init__(self, graph: Graph, window: Window) -> None:
        self._graph = graph
        self._day = window.end.date()
        # (product type, media type) -> metrics that such a post was last seen to have.
        self._accepted: dict[tuple[str, str], tuple[str, ...]] = {}

    def ask(self, media: Mapping[str, Any]) -> Page:
        """Return the answer for one post; only when the full list is refused metric by metric."""
        product_type = str(media.get("media_product_type") or "")
        kind = (product_type, str(media.get("media_type") or ""))
        listed, media_id = metrics_of(product_type, self._day), str(media["id"])
        page, asked = ask_accepted(
            listed.metrics,
            self._accepted.get(kind),
            lambda metrics: self.ask_metrics(media_id, metrics),
            refuses_metric,
        )
        if asked and asked != listed.metrics:
            self._accepted[kind] = asked
        page.context = {
            "media_id": media_id,
            "account_id": media["account_id"],
            "media_product_type": media.get("media_product_type"),
            "metric_definition": listed.definition,
            "refused_metrics": [m for m in listed.metrics if m not in asked],
        }
        return page

    def ask_metrics(self, media_id: str, metrics: tuple[str, ...], **params: str) -> Page:
        """Ask for some metrics of one post; a refusal is returned."""
        path = f"{media_id}/insights"
        return self._graph.ask_object(path, {"metric": ",".join(metrics), **params})


def connected_accounts(graph: Graph) -> list[str]:
    """Return the ids of the Instagram accounts the token reaches; pages without one are skipped.

    A token of an Instagram login reaches its own account only.
    """
    if graph.is_instagram_login:
        return [str(graph.ask("me", {"fields": "user_id"}).document["user_id"])]
    found: dict[str, None] = {}
    params = {"fields": "id,instagram_business_account"}
    for page in graph.pages("me/accounts", params, limit=PAGE_LIMIT):
        for entry in page.document.get("data", []):
            account = entry.get("instagram_business_account")
            if account:
                found[str(account["id"])] = None
    return list(found)


def publication_span(window: Window) -> dict[str, str]:
    """Return the publication times [from, before) of the posts a window's snapshot holds.

    Posts made after the window's end belong to the next one, whenever this one is read.
    """
    start = window.end - dt.timedelta(days=KEPT_DAYS)
    return {"published_from": start.isoformat(), "published_before": window.end.isoformat()}


def is_due(timestamp: Any, window: Window) -> bool:
    """Say whether a post is read in this window: daily to day 14, then weekly.

    Age is counted in calendar days from the post's UTC date to the window's key, so it grows by one
    with every window, whatever the clock does, and a rerun of a window reads the same posts.
    """
    moment = read_moment(timestamp)
    if moment is None:
        return True
    age = (dt.date.fromisoformat(window.key) - moment.astimezone(dt.UTC).date()).days
    return age <= DAILY_UNTIL_DAY or age % WEEK_DAYS == 0


def read_usernames(ctx: FetchContext) -> list[str]:
    """Return the plan's Instagram handles without "@"; raise `BadRequest` for one that is none."""
    names = [name.removeprefix("@") for name in ctx.targets.get("instagram", ())]
    for name in names:
        if not USERNAME.fullmatch(name):
            raise BadRequest(
                f"Instagram handle {name!r} of the plan is not a username; allowed: up to 30 "
                "letters, digits, dots and underscores"
            )
    return list(dict.fromkeys(names))


def _list_media(graph: Graph, window: Window, account_id: str, fields: str) -> Iterator[Page]:
    span = publication_span(window)
    since, until = (int(dt.datetime.fromisoformat(span[key]).timestamp()) for key in span)
    params = {"fields": fields, "since": since, "until": until}
    for page in graph.pages(f"{account_id}/media", params, limit=PAGE_LIMIT):
        page.context = {**span, "account_id": account_id}
        yield page


def _discover(
    graph: Graph, own_id: str, username: str, fields: str, context: Mapping[str, str]
) -> Page:
    page = graph.ask_object(own_id, {"fields": fields})
    page.context = {**context, "username": username}
    return page


def own_account(graph: Graph, connection: Connection) -> str:
    """Return the account that looks others up: extra.account_id, else the first connected one."""
    if connection.extra.get("account_id"):
        return str(connection.extra["account_id"])
    accounts = connected_accounts(graph)
    if not accounts:
        raise MissingScope(
            f"connection {connection.conn_id!r}: the token reaches no Instagram professional "
            "account, so no other account can be looked up; connect the brand's account to its Page"
        )
    return accounts[0]


def all_older(posts: Sequence[Mapping[str, Any]], key: str, span: Mapping[str, str]) -> bool:
    """Say whether every post of a page was published before the span."""
    return all(is_older(post.get(key), span) for post in posts)


def refuses_metric(page: Page) -> bool:
    """Say whether an answer refuses one of the metrics asked for."""
    return page.status >= 400 and refusal_reason(page.document) == METRIC_REFUSED
