"""The Graph API as the sandbox serves it: bearer token, versions, errors, usage headers, edges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from include.sandbox.clock import Clock
from include.sandbox.market_social import BRAND_ACCOUNT_ID
from include.sandbox.world import Market
from include.sources.instagram.sandbox_access import CALLS_PER_DAY, Allowance, Tokens
from include.sources.instagram.sandbox_accounts import AccountInsights
from include.sources.instagram.sandbox_content import BrandContent
from include.sources.instagram.sandbox_nodes import (
    ACCOUNT,
    COMMENT,
    MEDIA,
    PAGE,
    REPLY,
    read_fields,
)
from include.sources.instagram.sandbox_posts import Insights, Posts
from include.sources.instagram.sandbox_shapes import (
    Field,
    Refusal,
    add_next_addresses,
    answer_of,
    choose,
    page_of,
    read_moment,
)
from include.sources.instagram.sandbox_voices import Comments, Tags

# Versions that are alive; one that has ended is served by the oldest of them.
OLDEST_VERSION, NEWEST_VERSION = 22, 26
ACCOUNT_SCOPES = (
    "instagram_basic",
    "instagram_manage_insights",
    "pages_show_list",
    "pages_read_engagement",
    "instagram_manage_comments",
)
APP_FIELDS = ("client_id", "client_secret")
PARTNERSHIP_SCOPES = ("business_management", "instagram_branded_content_ads_brand")


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Make a token with every scope and the app that may renew it.

    `removed_metrics` lets a test take metrics away (an account's as `account:reach`),
    `calls_per_day` sets after how many calls in a day the API throttles, `narrow_tokens` are more
    tokens, each with the usernames it reaches.
    """
    return {
        "access_token": "EAAG" + random_bytes(48).hex(),
        "business_id": str(10**15 + int.from_bytes(random_bytes(6)) % 10**14),
        "scopes": [*ACCOUNT_SCOPES, *PARTNERSHIP_SCOPES],
        "removed_metrics": [],
        "calls_per_day": CALLS_PER_DAY,
        "client_id": str(10**15 + int.from_bytes(random_bytes(6)) % 10**14),
        "client_secret": random_bytes(16).hex(),
    }


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Airflow connection that reaches this sandbox."""
    return {
        "conn_type": "http",
        "host": host,
        "schema": "http",
        "port": port,
        "password": credentials["access_token"],
        "extra": {
            "account_id": BRAND_ACCOUNT_ID,
            "business_id": credentials["business_id"],
            "api_version": "v26.0",
            **{name: credentials[name] for name in APP_FIELDS if name in credentials},
        },
    }


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Build the routes `/v26.0/{path}`, also of other versions, and the renewal of tokens."""
    router = APIRouter()
    tokens = Tokens(credentials)
    allowance = Allowance(credentials)
    graph = GraphServer(market, credentials)
    narrow = {
        token: GraphServer(market, credentials, usernames)
        for token, usernames in credentials.get("narrow_tokens", {}).items()
    }

    async def get(major: int, path: str, request: Request) -> Response:
        now, params = clock.now(), dict(request.query_params)
        given = ""
        try:
            if major > NEWEST_VERSION:
                raise Refusal(400, 2500, f"Unknown path components: /{path}")
            if path == "oauth/access_token":
                return answer_of(tokens.exchange(params), 200, {})
            given = tokens.check(request)
            allowance.count(now)
            document, status = narrow.get(given, graph).get(path, params, now), 200
        except Refusal as refusal:
            document, status = {"error": refusal.body}, refusal.status
        add_next_addresses(document, request, given)
        version = {"facebook-api-version": f"v{max(major, OLDEST_VERSION)}.0"}
        return answer_of(document, status, {**allowance.headers(now), **version})

    async def refresh(request: Request) -> Response:
        try:
            return answer_of(tokens.refresh(dict(request.query_params)), 200, {})
        except Refusal as refusal:
            return answer_of({"error": refusal.body}, refusal.status, {})

    router.add_api_route("/v{major:int}.0/{path:path}", get, methods=["GET"])
    router.add_api_route("/refresh_access_token", refresh, methods=["GET"])

    return router


class GraphServer:
    """Finds the object or edge a path names and answers it for one token."""

    def __init__(
        self,
        market: Market,
        credentials: Mapping[str, Any],
        reached: Collection[str] | None = None,
    ) -> None:
        self._market = market
        self._business_id = str(credentials["business_id"])
        self._scopes = frozenset(credentials["scopes"])
        self._posts = Posts(market, reached)
        removed = frozenset(credentials["removed_metrics"])
        self._insights = Insights(self._posts, removed)
        self._accounts = AccountInsights(self._posts, removed)
        self._content = BrandContent(self._posts)
        self._comments = Comments(market)
        self._tags = Tags(self._posts)

    def get(self, path: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer one GET; raises `Refusal` in Graph's own codes."""
        node, _, edge = path.partition("/")
        if path == "me/accounts":
            return self._pages(params, now)
        if edge == "partnership-ads-advertisable-content" and node == self._business_id:
            self._require(("instagram_basic", *PARTNERSHIP_SCOPES))
            return self._content.answer(params, now)
        answers = {
            "media": self._media,
            "stories": self._stories,
            "tags": self._tagging,
            "comments": self._post_comments,
            "replies": self._comment_replies,
            "insights": self._insight,
            "": self._profile,
        }
        if edge not in answers:
            raise Refusal(400, 2500, f"Unknown path components: /{edge}")
        return answers[edge](node, params, now)

    def _insight(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        self._require(("instagram_manage_insights",))
        for account in self._posts.connected(now):
            if account.account_id == node:
                return self._accounts.answer(account, params, now)
        return self._insights.answer(node, params, now)

    def _stories(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        account = self._own_account(node, now)
        fields = read_fields(params, MEDIA, "id")
        posts = self._posts.stories(account.account_id, now)
        documents = [choose(self._posts.document(post, now), fields) for post in posts]
        return page_of(documents, params, default=25, most=100)

    def _tagging(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        account = self._own_account(node, now)
        # Without the permission the list is empty, not refused.
        if "instagram_manage_comments" not in self._scopes or account.kind != "brand":
            return {"data": []}
        return self._tags.answer(read_fields(params, MEDIA, "id"), params, now)

    def _post_comments(
        self, node: str, params: Mapping[str, str], now: dt.datetime
    ) -> dict[str, Any]:
        self._require(("instagram_manage_comments",))
        post = self._posts.all(now).get(node)
        own = {account.account_id for account in self._posts.connected(now)}
        if post is None or post.account_id not in own:
            raise _missing(node)
        asked = Field({}, read_fields(params, COMMENT, "id,text,timestamp"))
        return self._comments.edge(post, asked, params, now)

    def _comment_replies(
        self, node: str, params: Mapping[str, str], now: dt.datetime
    ) -> dict[str, Any]:
        self._require(("instagram_manage_comments",))
        own = {account.account_id for account in self._posts.connected(now)}
        posts = (post for post in self._posts.all(now).values() if post.account_id in own)
        fields = read_fields(params, REPLY, "id,text,timestamp")
        page = self._comments.replies(node, posts, fields, params, now)
        if page is None:
            raise _missing(node)
        return page

    def _require(self, scopes: tuple[str, ...]) -> None:
        for scope in scopes:
            if scope not in self._scopes:
                raise Refusal(403, 200, f"(#200) Requires {scope} permission to manage the object")

    def _pages(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """List the token's Pages; the first is linked to no Instagram account."""
        pages: list[dict[str, Any]] = [{"id": "101000000000000"}]
        for number, account in enumerate(self._posts.connected(now), start=1):
            linked = {"instagram_business_account": {"id": account.account_id}}
            pages.append({"id": str(101000000000000 + number), **linked})
        fields = read_fields(params, PAGE, "id,name")
        return page_of([choose(page, fields) for page in pages], params, default=25, most=100)

    def _media(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        account = self._own_account(node, now)
        since, until = (read_moment(params, name) for name in ("since", "until"))
        posts = [
            post
            for post in self._posts.visible(account.account_id, now)
            if (since is None or post.published_at >= since)
            and (until is None or post.published_at < until)
        ]
        fields = read_fields(params, MEDIA, "id,timestamp")
        comments = fields.pop("comments", None)
        documents = [choose(self._posts.document(post, now), fields) for post in posts]
        if comments is not None:
            self._require(("instagram_manage_comments",))
            for post, document in zip(posts, documents, strict=True):
                edge = self._comments.edge(post, comments, comments.arguments, now)
                if edge["data"]:
                    document["comments"] = edge
        return page_of(documents, params, default=25, most=100)

    def _profile(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        account = self._own_account(node, now)
        fields = read_fields(params, ACCOUNT, "id")
        lookup = fields.pop("business_discovery", None)
        document = choose(self._posts.profile(account), fields)
        if lookup is None:
            return document
        return {"business_discovery": self._discover(lookup, now), "id": account.account_id}

    def _discover(self, lookup: Field, now: dt.datetime) -> dict[str, Any]:
        """Answer business discovery: professional accounts only, never insights."""
        account = self._posts.professional(lookup.arguments.get("username", ""), now)
        if account is None:
            raise Refusal(
                400,
                110,
                "Invalid user id",
                subcode=2207013,
                title="Cannot find User",
            )
        fields = dict(lookup.fields)
        media = fields.pop("media", None)
        document = choose(self._posts.profile(account), fields)
        if media is not None:
            posts = self._posts.visible(account.account_id, now)
            documents = [
                choose(self._posts.discovered_document(post, now), media.fields) for post in posts
            ]
            document["media"] = page_of(documents, media.arguments, default=25, most=50)
            document["media"].get("paging", {}).pop("next", None)
        return document

    def _own_account(self, node: str, now: dt.datetime) -> Any:
        self._require(("instagram_basic",))
        for account in self._posts.connected(now):
            if account.account_id == node:
                return account
        raise _missing(node)


def _missing(node: str) -> Refusal:
    return Refusal(
        400,
        100,
        f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded "
        "due to missing permissions, or does not support this operation",
        subcode=33,
    )
