"""The Graph API as the sandbox serves it: bearer token, versions, errors, usage headers, edges."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from include.sandbox.clock import Clock
from include.sandbox.market_social import BRAND_ACCOUNT_ID
from include.sandbox.world import Market
from include.sources.instagram.sandbox_posts import BrandContent, Insights, Posts
from include.sources.instagram.sandbox_shapes import (
    Field,
    Refusal,
    choose,
    page_of,
    parse_fields,
)

VERSIONS = ("v22.0", "v23.0", "v24.0", "v25.0", "v26.0")
# Calls of an account in a rolling day; large, because a virtual month passes in minutes.
CALLS_PER_DAY = 48_000
ACCOUNT_SCOPES = (
    "instagram_basic",
    "instagram_manage_insights",
    "pages_show_list",
    "pages_read_engagement",
)
PARTNERSHIP_SCOPES = ("business_management", "instagram_branded_content_ads_brand")


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Make a token with every scope; `removed_metrics` lets a test take metrics away."""
    return {
        "access_token": "EAAG" + random_bytes(48).hex(),
        "business_id": str(10**15 + int.from_bytes(random_bytes(6)) % 10**14),
        "scopes": [*ACCOUNT_SCOPES, *PARTNERSHIP_SCOPES],
        "removed_metrics": [],
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
        },
    }


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Build the routes `/v26.0/{path}` and those of the older versions that are still alive."""
    router = APIRouter()
    graph = GraphServer(market, credentials)

    async def get(path: str, request: Request) -> Response:
        now = clock.now()
        try:
            graph.check_token(request)
            document = graph.get(path, dict(request.query_params), now)
            status = 200
        except Refusal as refusal:
            document, status = {"error": refusal.body}, refusal.status
        _add_next_address(document, request, str(credentials["access_token"]))
        return Response(
            json.dumps(document),
            status,
            headers={**graph.usage(now), "facebook-api-version": request.url.path.split("/")[1]},
            media_type="application/json; charset=UTF-8",
        )

    for version in VERSIONS:
        router.add_api_route(f"/{version}/{{path:path}}", get, methods=["GET"])

    return router


class GraphServer:
    """Finds the object or edge a path names and answers it for one token."""

    def __init__(self, market: Market, credentials: Mapping[str, Any]) -> None:
        self._market = market
        self._token = str(credentials["access_token"])
        self._business_id = str(credentials["business_id"])
        self._scopes = frozenset(credentials["scopes"])
        self._posts = Posts(market)
        self._insights = Insights(self._posts, frozenset(credentials["removed_metrics"]))
        self._content = BrandContent(self._posts)
        self._calls: dict[str, int] = {}

    def check_token(self, request: Request) -> None:
        """Raise the API's error 190 unless the request carries this sandbox's token."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if (given or request.query_params.get("access_token")) != self._token:
            raise Refusal(
                400, 190, "Invalid OAuth access token - Cannot parse access token", subcode=467
            )

    def usage(self, now: dt.datetime) -> dict[str, str]:
        """Return the usage headers, JSON in text, after counting this call."""
        day = now.date().isoformat()
        self._calls = {day: self._calls.get(day, 0) + 1}
        used = {"call_count": self._calls[day] * 100 // CALLS_PER_DAY}
        used |= {"total_time": used["call_count"], "total_cputime": used["call_count"]}
        entry = {"type": "instagram", **used, "estimated_time_to_regain_access": 0}
        return {
            "X-App-Usage": json.dumps(used),
            "X-Business-Use-Case-Usage": json.dumps({self._business_id: [entry]}),
        }

    def get(self, path: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer one GET; raises `Refusal` in Graph's own codes."""
        node, _, edge = path.partition("/")
        if path == "me/accounts":
            return self._pages(params, now)
        if edge == "partnership-ads-advertisable-content" and node == self._business_id:
            self._require(PARTNERSHIP_SCOPES)
            return self._content.answer(params, now)
        if edge == "media":
            return self._media(node, params, now)
        if edge == "insights":
            self._require(("instagram_manage_insights",))
            return self._insights.answer(node, params, now)
        if not edge:
            return self._profile(node, params, now)
        raise Refusal(400, 2500, f"Unknown path components: /{edge}")

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
        return page_of(pages, params, default=25, most=100)

    def _media(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        account = self._own_account(node, now)
        since, until = params.get("since"), params.get("until")
        posts = [
            post
            for post in self._posts.visible(account.account_id, now)
            if (since is None or post.published_at.timestamp() >= int(since))
            and (until is None or post.published_at.timestamp() < int(until))
        ]
        fields = parse_fields(params.get("fields", "id,timestamp"))
        documents = [choose(self._posts.document(post, now), fields) for post in posts]
        return page_of(documents, params, default=25, most=100)

    def _profile(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        account = self._own_account(node, now)
        fields = parse_fields(params.get("fields", "id"))
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
        raise Refusal(
            400,
            100,
            f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded "
            "due to missing permissions, or does not support this operation",
            subcode=33,
        )


def _add_next_address(document: dict[str, Any], request: Request, token: str) -> None:
    """Complete `paging.next`: the API puts the caller's token into the link."""
    paging = document.get("paging", {})
    if paging.pop("has_next", False):
        parameters = {**request.query_params, "after": paging["cursors"]["after"]}
        address = request.url.include_query_params(access_token=token, **parameters)
        paging["next"] = str(address)
