"""Shopify's client against answers written by hand: errors, pacing, paging, credentials."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from shopify_wire import SECRET, Answer, Wire, context, cost, fetch, plays

from include.errors import (
    BadCredentials,
    BadRequest,
    CountMismatch,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.sources._base import RefreshToken, TokenGrant
from include.sources.shopify import SOURCE, client, queries
from include.sources.shopify.answers import Cost, QueryTooExpensive


def order(number: int, updated_at: str = "2026-11-04T10:00:00Z", *, cut: bool = False) -> Any:
    info = {"hasNextPage": cut}
    return {
        "id": f"gid://shopify/Order/{number}",
        "updatedAt": updated_at,
        "lineItems": {"nodes": [], "pageInfo": info},
        "agreements": {"nodes": [], "pageInfo": {"hasNextPage": False}},
        "customerJourneySummary": None,
        "refunds": [],
    }


def orders(*found: Any, cursor: str | None = None) -> Any:
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    return {"data": {"orders": {"nodes": list(found), "pageInfo": info}}, "extensions": cost()}


def count(number: int, precision: str = "EXACT") -> Any:
    answer = {"count": number, "precision": precision}
    return {"data": {"ordersCount": answer}, "extensions": cost(1)}


def graphql_error(message: str, code: str | None = None, **extensions: Any) -> Any:
    error: dict[str, Any] = {"message": message, "path": ["orders", "nodes", 3, "customer"]}
    if code:
        error["extensions"] = {"code": code, **extensions}
    return {"data": {"shop": {"id": "gid://shopify/Shop/1"}}, "errors": [error]}


@pytest.mark.parametrize(
    ("status", "answer", "error", "message"),
    [
        (
            401,
            {"errors": "[API] Invalid API key or access token (unrecognized login or wrong …)"},
            BadCredentials,
            "'shopify__eu': Shopify refused the access token",
        ),
        (403, {"errors": "Forbidden"}, MissingScope, "'shopify__eu'"),
        (404, {"errors": "Not Found"}, BadRequest, "not the shop"),
        (402, {"errors": "Payment Required"}, BadRequest, "frozen or locked"),
        (423, {"errors": "Locked"}, BadRequest, "frozen or locked"),
        (502, b"<html>bad gateway</html>", Unavailable, "HTTP 502"),
        (200, b"<html>maintenance</html>", Truncated, "not its JSON"),
        (200, {"extensions": cost()}, Truncated, "without data"),
        (200, graphql_error("Something went wrong", "INTERNAL_SERVER_ERROR"), Unavailable, "wrong"),
        (
            200,
            graphql_error("Access denied", "ACCESS_DENIED", requiredAccess="`read_customers`"),
            MissingScope,
            r"Access denied \(at orders.nodes.3.customer\) \(required: `read_customers`\)",
        ),
        (200, graphql_error("Shop is inactive", "SHOP_INACTIVE"), BadRequest, "inactive"),
        (200, graphql_error("Field 'x' doesn't exist", "undefinedField"), BadRequest, "'x'"),
        (200, graphql_error("Query cost is 1723", "MAX_COST_EXCEEDED"), QueryTooExpensive, "1723"),
        (200, {"errors": "Unavailable Shop"}, BadRequest, "Unavailable Shop"),
        (
            200,
            {
                "data": {"orders": {"nodes": []}},
                "extensions": {
                    "search": [
                        {
                            "path": ["orders"],
                            "warnings": [{"field": "updated", "message": "Invalid search field"}],
                        }
                    ]
                },
            },
            BadRequest,
            "ignored a part of the search: updated: Invalid search field",
        ),
    ],
)
def test_an_error_becomes_the_one_of_the_tree_whatever_data_came_with_it(
    status: int, answer: Any, error: type[Exception], message: str
) -> None:
    wire = Wire(lambda number, asked: (status, answer))
    with pytest.raises(error, match=message) as caught:
        fetch("shop", context(wire))
    assert SECRET not in str(caught.value)


def test_a_refused_token_is_not_tried_again() -> None:
    wire = plays((401, {"errors": "[API] Invalid API key or access token"}))
    with pytest.raises(BadCredentials):
        fetch("shop", context(wire))
    assert len(wire.asked) == 1


def test_a_throttled_query_waits_until_the_bucket_holds_it() -> None:
    throttled = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": cost(requested=688, available=188, restore=100),
    }
    slept: list[float] = []
    wire = plays((200, throttled), (200, {"data": {"shop": {}}, "extensions": cost(1)}))
    (page,) = fetch("shop", context(wire, slept=slept))
    assert slept == [5.0]  # (688 - 188) / 100
    assert page.document["data"] == {"shop": {}}


def test_suspicious_traffic_waits() -> None:
    slept: list[float] = []
    fetch("shop", context(plays((430, {}), (200, {"data": {"shop": {}}})), slept=slept))
    assert slept == [30.0]


@pytest.mark.parametrize(
    ("points", "seconds"), [(100.0, 0.0), (300.0, 0.0), (688.0, 3.88), (9000.0, 17.0)]
)
def test_the_wait_for_points(points: float, seconds: float) -> None:
    bucket = Cost(requested=1, available=300, maximum=2000, restore_rate=100)
    assert bucket.seconds_until(points) == pytest.approx(seconds)


def test_a_page_waits_for_its_points_before_it_is_asked() -> None:
    low = orders(order(2), cursor="b")
    low["extensions"] = cost(available=288)
    slept: list[float] = []
    wire = plays(
        (200, count(3)),
        (200, orders(order(1), cursor="a")),
        (200, low),
        (200, orders(order(3))),
    )
    fetch("orders", context(wire, slept=slept))
    assert len(slept) == 1  # only before the last: 288 of 688 points were left
    assert slept[0] == pytest.approx(4.0, abs=0.5)


def test_orders_are_asked_for_by_creation_and_update_and_paged_by_cursor() -> None:
    wire = plays(
        (200, count(3)),
        (200, orders(order(1), order(2), cursor="abc")),
        (200, orders(order(3))),
    )
    pages = fetch("orders", context(wire))
    assert [len(p.document["data"]["orders"]["nodes"]) for p in pages] == [2, 1]
    search = "created_at:<'2026-11-05T05:00:00Z' AND updated_at:>='2026-11-02T05:00:00Z'"
    assert [asked["variables"]["query"] for asked in wire.asked] == [search] * 3
    assert [asked["variables"].get("after") for asked in wire.asked] == [None, None, "abc"]
    assert set(wire.paths) == {"/admin/api/2026-10/graphql.json"}
    assert set(wire.tokens) == {SECRET}
    assert SECRET not in json.dumps([dict(p.request) for p in pages])


def test_a_cut_order_is_asked_for_alone() -> None:
    alone = {"data": {"order": order(2)}, "extensions": cost(365)}
    wire = plays((200, count(2)), (200, orders(order(1), order(2, cut=True))), (200, alone))
    pages = fetch("orders", context(wire))
    assert len(pages) == 2
    assert wire.asked[-1]["variables"] == {
        "id": "gid://shopify/Order/2",
        "lines": 250,
        "moments": 250,
        "agreements": 250,
        "sales": 250,
        "refundLines": 250,
    }


def test_too_expensive_pages_are_halved() -> None:
    def reply(number: int, asked: dict[str, Any]) -> Answer:
        if "first" not in asked["variables"]:
            return 200, count(1)
        if asked["variables"]["first"] > 20:
            return 200, graphql_error("Query cost is 1723", "MAX_COST_EXCEEDED")
        return 200, orders(order(1))

    wire = Wire(reply)
    fetch("orders", context(wire))
    assert [a["variables"].get("first") for a in wire.asked] == [None, 50, 25, 12]


def test_a_long_list_is_asked_for_anew_from_the_last_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "RESTART_AFTER", 2)
    late = "2026-11-04T11:30:00Z"
    wire = plays(
        (200, count(3)),
        (200, orders(order(1), order(2, late), cursor="a")),
        (200, orders(order(2, late), order(3, late))),  # order 2 stands on the boundary
    )
    fetch("orders", context(wire))
    last = wire.asked[-1]["variables"]
    assert last["query"].endswith("updated_at:>='2026-11-04T11:30:00Z'")
    assert last["after"] is None


def test_orders_that_all_changed_in_one_second_are_paged_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "RESTART_AFTER", 1)
    same = "2026-11-02T05:00:00Z"  # the window's first second
    wire = plays(
        (200, count(2)), (200, orders(order(1, same), cursor="a")), (200, orders(order(2, same)))
    )
    fetch("orders", context(wire))
    assert wire.asked[-1]["variables"]["after"] == "a"


def test_a_lost_page_is_noticed() -> None:
    wire = plays((200, count(3)), (200, orders(order(1), order(2))), (200, count(3)))
    with pytest.raises(CountMismatch, match=r"counts 3 orders in window 2026-11-04.*held 2"):
        fetch("orders", context(wire))


def test_an_order_deleted_while_reading_is_no_lost_page() -> None:
    wire = plays((200, count(3)), (200, orders(order(1), order(2))), (200, count(2)))
    assert len(fetch("orders", context(wire))) == 1


def test_an_estimated_count_proves_nothing() -> None:
    wire = plays((200, count(10_000, "AT_LEAST")), (200, orders(order(1))))
    assert len(fetch("orders", context(wire))) == 1


@pytest.mark.parametrize("cursor", ["", "a"])
def test_a_list_that_does_not_move_on_is_an_error(cursor: str) -> None:
    stuck = orders(order(1), cursor=cursor)
    wire = plays((200, count(9)), (200, orders(order(1), cursor="a")), (200, stuck))
    with pytest.raises(Truncated, match="no cursor"):
        fetch("orders", context(wire))


def report(**fields: Any) -> Any:
    answer = {"tableData": {"columns": [], "rows": []}, "parseErrors": [], "parseWarnings": []}
    data = {"shop": {"currencyCode": "USD"}, "shopifyqlQuery": {**answer, **fields}}
    return {"data": data, "extensions": cost(4)}


def test_the_sales_report_is_asked_for_the_windows_days() -> None:
    wire = plays((200, report()))
    (page,) = fetch("daily_sales", context(wire))
    assert wire.asked[0]["variables"] == {
        "report": "FROM sales SHOW orders, gross_sales, discounts, sales_reversals, net_sales "
        "TIMESERIES day SINCE 2026-11-02 UNTIL 2026-11-04"
    }
    assert page.context == {"start_date": "2026-11-02", "end_date": "2026-11-04"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"parseErrors": ["Column 'returns' not found"]}, "Column 'returns' not found"),
        ({"tableData": None}, "no table"),
    ],
)
def test_a_refused_sales_report_is_an_error(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadRequest, match=message):
        fetch("daily_sales", context(plays((200, report(**fields)))))


def test_client_credentials_are_exchanged_for_a_token_of_a_day() -> None:
    token = {"access_token": "shpat_of_the_day", "scope": "read_orders", "expires_in": 86399}
    wire = plays((200, token), (200, {"data": {"shop": {}}, "extensions": cost(1)}))
    extra = {"client_id": "id-1234567", "client_secret": "secret-1234567"}
    fetch("shop", context(wire, password=None, extra=extra))
    assert wire.paths[0] == "/admin/oauth/access_token"
    assert wire.asked[0]["form"] == (
        "grant_type=client_credentials&client_id=id-1234567&client_secret=secret-1234567"
    )
    assert wire.tokens == [None, "shpat_of_the_day"]


APP = {"client_id": "id-1234567", "client_secret": "secret-1234567"}
SHOP_ANSWER = (200, {"data": {"shop": {}}, "extensions": cost(1)})
REFUSED = (401, {"errors": "[API] Invalid API key or access token (unrecognized login …)"})


def test_a_token_that_ended_is_replaced_and_does_not_travel_with_the_request_for_another() -> None:
    first, second = ({"access_token": f"shpat_{n}", "expires_in": 86399} for n in (1, 2))
    wire = plays((200, first), REFUSED, (200, second), SHOP_ANSWER)
    fetch("shop", context(wire, password=None, extra=APP))
    assert wire.tokens == [None, "shpat_1", None, "shpat_2"]


def test_a_second_refusal_in_a_row_is_raised() -> None:
    token = {"access_token": "shpat_1", "expires_in": 86399}
    wire = plays((200, token), REFUSED, (200, token), REFUSED)
    with pytest.raises(BadCredentials, match="refused the access token"):
        fetch("shop", context(wire, password=None, extra=APP))


def test_an_expiring_token_is_renewed_by_its_newest_refresh_token() -> None:
    grants: list[TokenGrant] = []

    def keep(refresh: RefreshToken, rejected: str | None = None) -> str:
        if not grants or grants[-1].access_token == rejected:
            grants.append(refresh(grants[-1] if grants else None))
        return grants[-1].access_token

    hour = {"expires_in": 3600, "refresh_token_expires_in": 7776000}
    wire = plays(
        (200, {"access_token": "shpat_1", "refresh_token": "shprt_1", **hour}),
        REFUSED,
        (200, {"access_token": "shpat_2", "refresh_token": "shprt_2", **hour}),
        SHOP_ANSWER,
    )
    ctx = context(wire, password="shpat_0", extra={**APP, "refresh_token": "shprt_0123"})
    fetch("shop", replace(ctx, token=keep))
    assert wire.tokens == [None, "shpat_1", None, "shpat_2"]
    ending = "&client_id=id-1234567&client_secret=secret-1234567"
    assert [asked["form"] for asked in wire.asked if "form" in asked] == [
        f"grant_type=refresh_token&refresh_token=shprt_0123{ending}",
        f"grant_type=refresh_token&refresh_token=shprt_1{ending}",
    ]
    assert grants[-1].refresh_token == "shprt_2"
    assert grants[-1].expires_at is not None
    assert dt.timedelta(minutes=59) < grants[-1].expires_at - dt.datetime.now(dt.UTC)
    # 7,776,000 s are 90 days: asked within the same moment as the hour.
    assert grants[-1].refresh_expires_at is not None
    assert grants[-1].refresh_expires_at - grants[-1].expires_at == dt.timedelta(days=90, hours=-1)


@pytest.mark.parametrize("answer", [(400, {"error": "invalid_client"}), (200, {"scope": ""})])
def test_refused_client_credentials_name_the_connection(answer: Answer) -> None:
    extra = {"client_id": "id-1234567", "client_secret": "secret-1234567"}
    wire = plays(answer)
    with pytest.raises(BadCredentials, match=r"'shopify__eu'.*no access token") as caught:
        fetch("shop", context(wire, password=None, extra=extra))
    assert "secret-1234567" not in str(caught.value)
    assert len(wire.asked) == 1


def test_a_connection_without_credentials_is_refused_before_anything_is_asked() -> None:
    wire = plays()
    with pytest.raises(BadCredentials, match="'shopify__eu' has neither"):
        fetch("shop", context(wire, password=None))
    assert wire.asked == []


def test_another_api_version_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    answer = {"data": {"shop": {}}, "extensions": cost(1)}
    fetch("shop", context(plays((200, answer, {"X-Shopify-API-Version": "2027-01"}))))
    assert "served API version 2027-01, not 2026-10" in caplog.text


def test_endless_throttling_ends_as_rate_limited() -> None:
    throttled = {
        "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
        "extensions": cost(requested=688, available=0, restore=1),
    }
    wire = Wire(lambda number, asked: (200, throttled))
    with pytest.raises(RateLimited) as caught:
        fetch("shop", context(wire))
    assert caught.value.retry_after == 688.0


def test_nothing_personal_is_asked_for() -> None:
    for name in ("ORDERS", "WIDE_ORDER", "DAILY_SALES", "SHOP"):
        words = set(getattr(queries, name).replace("{", " ").replace("}", " ").split())
        assert not words & {"email", "phone", "firstName", "lastName", "displayName", "zip"}
    keys = SOURCE.stream("orders").personal_keys
    assert {"email", "phone"} <= keys
