"""Instagram sandbox: field expressions, pages of edges, and what it refuses as the API does."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from include.campaigns.plan import load_plan
from include.sandbox.clock import Clock
from include.sandbox.server import create_app
from include.sandbox.world import build_market
from include.settings import REPO_ROOT
from include.sources.instagram import sandbox
from include.sources.instagram.sandbox_shapes import Field, Refusal, page_of, parse_fields

# The brand's posts have few comments, the first creator's many.
BRAND, NOON = sandbox.BRAND_ACCOUNT_ID, dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
CREDENTIALS = {**sandbox.make_credentials(lambda size: b"7" * size), "access_token": "EAAGtoken"}
WITH_REPLIES = "comments.limit(50){id,replies.limit(20){id,timestamp}}"


def test_a_nested_field_expression_is_read() -> None:
    text = (
        "business_discovery.username(maya.glows){id,media.limit(50).after(QV_F-I){id,caption}},id"
    )
    media = Field({"limit": "50", "after": "QV_F-I"}, {"id": Field(), "caption": Field()})
    discovery = Field({"username": "maya.glows"}, {"id": Field(), "media": media})
    assert parse_fields(text) == {"business_discovery": discovery, "id": Field()}


@pytest.mark.parametrize("text", ["id{", "id}", "media.limit(5", ",", "a.b"])
def test_a_broken_field_expression_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="Syntax error"):
        parse_fields(text)


def test_a_full_last_page_announces_an_empty_one() -> None:
    posts = [{"id": str(i)} for i in range(4)]
    first = page_of(posts, {"limit": "2"}, default=25, most=100)
    second = page_of(
        posts, {"limit": "2", "after": first["paging"]["cursors"]["after"]}, default=25, most=100
    )
    third = page_of(
        posts, {"limit": "2", "after": second["paging"]["cursors"]["after"]}, default=25, most=100
    )
    assert [page["data"] for page in (first, second, third)] == [posts[:2], posts[2:], []]
    assert "paging" not in third


@pytest.mark.parametrize("params", [{"limit": "101"}, {"limit": "0"}, {"after": "%%%"}])
def test_limits_and_cursors_are_checked(params: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        page_of([], params, default=25, most=100)


@pytest.fixture(scope="module")
def client() -> TestClient:
    clock = Clock()
    clock.hold(NOON)
    market = build_market(load_plan(REPO_ROOT / "include/campaigns/serum_launch.yaml"), 7)
    return TestClient(create_app(market, clock, {"instagram": CREDENTIALS}, "key"))


def get(client: TestClient, path: str, token: str = "EAAGtoken", **params: Any) -> httpx.Response:
    return client.get(f"/v26.0/{path}", params={**params, "access_token": token})


def pages(client: TestClient, path: str, **params: Any) -> list[dict[str, Any]]:
    found = [get(client, path, **params).json()]
    while "next" in found[-1].get("paging", {}):
        after = found[-1]["paging"]["cursors"]["after"]
        found.append(get(client, path, after=after, **params).json())
    return found


def discussed(client: TestClient) -> dict[str, Any]:
    """Return the comment with the most replies beside it."""
    accounts = get(client, "me/accounts", fields="instagram_business_account").json()["data"]
    ids = [a["instagram_business_account"]["id"] for a in accounts[1:]]
    posts = [
        post
        for account in ids
        for page in pages(client, f"{account}/media", fields=WITH_REPLIES, limit=100)
        for post in page["data"]
    ]
    comments = [c for post in posts for c in post.get("comments", {"data": []})["data"]]
    return max(comments, key=lambda c: len(c.get("replies", {"data": []})["data"]))


def test_more_replies_than_come_with_a_comment_are_an_edge_of_their_own(
    client: TestClient,
) -> None:
    comment = discussed(client)
    assert len(comment["replies"]["data"]) == 20
    assert "next" in comment["replies"]["paging"]
    read = pages(client, f"{comment['id']}/replies", fields="id,timestamp", limit=20)
    replies = list(itertools.chain.from_iterable(page["data"] for page in read))
    assert len(replies) > 30
    assert len({reply["id"] for reply in replies}) == len(replies)
    assert replies[:20] == comment["replies"]["data"]
    assert sorted((r["timestamp"] for r in replies), reverse=True) == [
        r["timestamp"] for r in replies
    ]
    # A reply has none; another kind of thing has no such edge.
    assert get(client, f"{replies[0]['id']}/replies").json() == {"data": []}
    refused = get(client, f"{BRAND}/replies")
    assert (refused.status_code, refused.json()["error"]["error_subcode"]) == (400, 33)


@pytest.mark.parametrize(
    ("path", "fields", "message"),
    [
        ("me/accounts", "id,instagram_business_account{id,account_type}", "(account_type) on"),
        (BRAND, "id,follower_count", "(follower_count) on node type (IGUser)"),
        (f"{BRAND}/media", "id,save_count", "(save_count) on node type (IGMedia)"),
        (f"{BRAND}/media", "comments{id,likes}", "(likes) on node type (IGComment)"),
        (f"{BRAND}/media", "comments{replies{replies}}", "(replies) on node type (IGComment)"),
        (f"{BRAND}/stories", "id,comment_count", "(comment_count) on node type (IGMedia)"),
        (f"{BRAND}/tags", "id,plays", "(plays) on node type (IGMedia)"),
        (
            BRAND,
            "business_discovery.username(maya.glows){id,email}",
            "(email) on node type (IGUser)",
        ),
        # What is there for one's own posts is not there for those of others.
        (BRAND, "business_discovery.username(maya.glows){media{shortcode}}", "(shortcode) on"),
        (
            f"{CREDENTIALS['business_id']}/partnership-ads-advertisable-content",
            "content_id,organic_insights{impressions}",
            "(impressions) on node type",
        ),
        (
            f"{CREDENTIALS['business_id']}/partnership-ads-advertisable-content",
            "content_id,partnership_info{status}",
            "(status) on node type",
        ),
    ],
)
def test_a_field_that_a_node_has_not_is_refused(
    client: TestClient, path: str, fields: str, message: str
) -> None:
    refused = get(client, path, fields=fields, ig_user_id=BRAND)
    assert refused.status_code == 400
    assert (
        f"(#100) Tried accessing nonexisting field {message}" in refused.json()["error"]["message"]
    )


def test_advertisable_content_is_sorted_by_date_only_where_that_is_asked_for(
    client: TestClient,
) -> None:
    path = f"{CREDENTIALS['business_id']}/partnership-ads-advertisable-content"
    asked = {"ig_user_id": BRAND, "fields": "content_id,creation_time", "limit": 50}
    by_date = get(client, path, sort_by="DATE", **asked).json()["data"]
    times = [post["creation_time"] for post in by_date]
    assert times == sorted(times, reverse=True)
    recommended = get(client, path, **asked).json()["data"]
    assert recommended != by_date
    assert {p["content_id"] for p in recommended} == {p["content_id"] for p in by_date}
    refused = get(client, path, sort_by="NEWEST", **asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)


def test_versions_end_and_do_not_begin_before_their_day(client: TestClient) -> None:
    params = {"access_token": "EAAGtoken"}
    served = client.get(f"/v19.0/{BRAND}", params=params)
    assert (served.status_code, served.headers["facebook-api-version"]) == (200, "v22.0")
    refused = client.get(f"/v27.0/{BRAND}", params=params).json()["error"]
    assert (refused["code"], refused["message"]) == (2500, f"Unknown path components: /{BRAND}")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (f"{BRAND}/media", {"limit": "many"}),
        (f"{BRAND}/media", {"since": "last week"}),
        (f"{BRAND}/insights", {"metric": "reach", "period": "day", "metric_type": "total_value"}),
    ],
)
def test_a_wrong_or_missing_parameter_is_refused(
    client: TestClient, path: str, params: dict[str, str]
) -> None:
    refused = get(client, path, **params)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 100)
