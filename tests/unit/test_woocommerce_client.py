"""WooCommerce's client against answers written by hand: login, filters, errors, older shops."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import urllib3
from requests.adapters import BaseAdapter

from include.errors import (
    BadCredentials,
    BadRequest,
    CountMismatch,
    MissingScope,
    RateLimited,
    Unavailable,
    UnsafeAddress,
)
from include.http.retry import RetryPolicy
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.woocommerce import SOURCE

WINDOW = Window(
    start=dt.datetime(2026, 11, 3, 5, tzinfo=dt.UTC),  # a day of look-back
    end=dt.datetime(2026, 11, 5, 5, tzinfo=dt.UTC),
    key="2026-11-04",
)
KEY, SECRET = "ck_0123456789abcdef", "cs_fedcba9876543210"
SHOP = Connection("woocommerce", host="shop.example", login=KEY, password=SECRET)
MAINTENANCE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body></body></html>"
Asked = dict[str, str]
# status, body, headers
Answer = tuple[int, Any, dict[str, str]]


class Wire(BaseAdapter):
    """Answers by path and parameters, and keeps what was asked."""

    def __init__(self, reply: Callable[[str, Asked], Answer]) -> None:
        super().__init__()
        self._reply = reply
        self.asked: list[tuple[str, Asked]] = []
        self.logins: list[str | None] = []

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        asked = dict(parse_qsl(parts.query))
        self.asked.append((parts.path, asked))
        self.logins.append(request.headers.get("Authorization"))
        status, answer, headers = self._reply(parts.path, asked)
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        response = requests.Response()
        response.status_code = status
        response.request = request
        response.url = str(request.url)
        fields = {"Date": "Thu, 05 Nov 2026 08:00:00 GMT", **headers}
        response.headers = requests.structures.CaseInsensitiveDict(fields)
        response.raw = urllib3.HTTPResponse(io.BytesIO(raw), preload_content=False, status=status)
        return response

    def close(self) -> None:
        """Nothing is open."""


def listed(*rows: Any, total: int | None = None) -> Answer:
    return 200, list(rows), {"X-WP-Total": str(len(rows) if total is None else total)}


def error(status: int, code: str, message: str = "No.") -> Answer:
    return status, {"code": code, "message": message, "data": {"status": status}}, {}


def order(number: int, **fields: Any) -> dict[str, Any]:
    changed = {"id": number, "date_modified_gmt": "2026-11-04T10:00:00", "meta_data": []}
    return {**changed, **fields}


def fetch(
    stream_name: str,
    reply: Callable[[str, Asked], Answer],
    connection: Connection = SHOP,
    waits: list[float] | None = None,
) -> tuple[list[Page], Wire]:
    """Read a stream's window to the end."""
    stream, wire = SOURCE.stream(stream_name), Wire(reply)
    session = ApiSession(
        connection,
        adapter=wire,
        hash_key=b"k",
        personal_keys=stream.personal_keys,
        classify=SOURCE.classify,
        decode=stream.decode,
        retry=RetryPolicy(attempts=2),
        sleep=(waits if waits is not None else []).append,
    )
    return list(stream.fetch(FetchContext(connection, session, WINDOW))), wire


def test_orders_are_asked_for_by_change_since_and_creation_before() -> None:
    pages, wire = fetch("orders", lambda path, asked: listed())
    assert len(pages) == 2
    assert [path for path, _ in wire.asked] == ["/wp-json/wc/v3/orders"] * 2
    assert [asked["status"] for _, asked in wire.asked] == ["any", "trash"]
    _, asked = wire.asked[0]
    # Both bounds are exclusive and in whole seconds.
    assert asked["modified_after"] == "2026-11-03T04:59:59"
    assert asked["before"] == "2026-11-05T05:00:00"
    assert asked["dates_are_gmt"] == "true"
    assert "modified_before" not in asked
    assert (asked["orderby"], asked["order"], asked["per_page"]) == ("id", "asc", "100")
    wanted = asked["_fields"].split(",")
    assert {"id", "line_items", "refunds", "billing.email"} <= set(wanted)
    assert not {"billing", "shipping", "customer_note", "customer_ip_address"} & set(wanted)
    assert all(k.startswith("_wc_order_attribution_") for k in asked["include_meta"].split(","))


def test_the_keys_travel_in_the_header_and_nowhere_else() -> None:
    pages, wire = fetch("orders", lambda path, asked: listed(order(1)))
    pair = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert set(wire.logins) == {f"Basic {pair}"}
    for secret in (KEY, SECRET, pair):
        assert secret not in json.dumps([page.request for page in pages])
        assert secret not in json.dumps(wire.asked)


@pytest.mark.parametrize("missing", [{"login": None}, {"password": None}, {"login": ""}])
def test_a_connection_without_keys_is_told_what_it_lacks(missing: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"login": KEY, "password": SECRET, **missing}
    shop = Connection("woocommerce", host="shop.example", **fields)
    with pytest.raises(BadCredentials, match="consumer key"):
        fetch("orders", lambda path, asked: listed(), shop)


def test_plain_http_is_refused() -> None:
    shop = Connection("woo", host="shop.example", scheme="http", login=KEY, password=SECRET)
    with pytest.raises(UnsafeAddress):
        fetch("orders", lambda path, asked: listed(), shop)


def test_a_shop_in_a_folder_is_reached_by_its_rest_path() -> None:
    shop = Connection(
        "woocommerce", host="a.example", login=KEY, password=SECRET,
        extra={"rest_path": "/shop/wp-json/"},
    )  # fmt: skip
    _, wire = fetch("coupons", lambda path, asked: listed(), shop)
    assert wire.asked[0][0] == "/shop/wp-json/wc/v3/coupons"


def test_a_shop_that_ignores_the_filter_is_found_out() -> None:
    old = order(1, date_modified_gmt="2020-01-01T00:00:00")
    with pytest.raises(BadRequest, match=r"ignores modified_after.*5\.8"):
        fetch("orders", lambda path, asked: listed(old))


def test_meta_data_nobody_asked_for_is_not_taken(caplog: pytest.LogCaptureFixture) -> None:
    """An old shop ignores `include_meta`; what other plugins keep there may be personal."""
    foreign = [{"id": 1, "key": "_whatsapp", "value": "+1 518 555 0000"}]

    def reply(path: str, asked: Asked) -> Answer:
        fields = asked["_fields"].split(",")
        return listed({k: v for k, v in order(1, meta_data=foreign).items() if k in fields})

    pages, _ = fetch("orders", reply)
    assert len(pages) == 2
    assert not any(b"518" in page.body for page in pages)
    assert "without it, and so without their attribution" in caplog.text


def test_personal_values_that_come_all_the_same_are_hashed() -> None:
    billing = {"email": "Kim@mail.example", "first_name": "Kim", "phone": "+1 518"}
    pages, _ = fetch("orders", lambda path, asked: listed(order(1, billing=billing)))
    assert b"ail.example" not in pages[0].body
    assert b"Kim" not in pages[0].body
    assert len(pages[0].document[0]["billing"]["email"]) == 64


@pytest.mark.parametrize(
    ("answer", "expected", "text"),
    [
        (error(401, "woocommerce_rest_cannot_view"), BadCredentials, "Authorization header"),
        (
            error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid."),
            BadCredentials,
            "Consumer key is invalid",
        ),
        (error(403, "woocommerce_rest_cannot_view"), MissingScope, "cannot_view"),
        (error(400, "rest_invalid_param"), BadRequest, "rest_invalid_param"),
        (error(404, "rest_no_route"), BadRequest, "rest_no_route"),
        (error(500, "internal_server_error"), Unavailable, "internal_server_error"),
        ((404, MAINTENANCE, {}), BadRequest, "no REST API at this address"),
        ((401, MAINTENANCE, {}), BadCredentials, "a login of its own"),
        ((403, MAINTENANCE, {}), Unavailable, "firewall"),
        ((503, MAINTENANCE, {"Retry-After": "600"}), Unavailable, "Maintenance"),
        ((200, MAINTENANCE, {}), Unavailable, r"a web page \('Maintenance'\) came in place"),
    ],
)
def test_errors_are_those_of_the_tree(answer: Answer, expected: type[Exception], text: str) -> None:
    with pytest.raises(expected, match=text) as caught:
        fetch("orders", lambda path, asked: answer)
    assert "'woocommerce'" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_page_of_html_is_asked_for_again() -> None:
    answers = iter([(200, MAINTENANCE, {}), listed(order(1)), (502, MAINTENANCE, {}), listed()])
    pages, wire = fetch("orders", lambda path, asked: next(answers))
    assert [len(page.document) for page in pages] == [1, 0]
    # A gateway's time-out asks for less, not for the same again.
    assert [asked["per_page"] for _, asked in wire.asked] == ["100", "100", "100", "50"]


def test_a_host_that_limits_is_waited_for() -> None:
    answers = iter([(429, MAINTENANCE, {"Retry-After": "7"}), listed(), listed()])
    waits: list[float] = []
    fetch("orders", lambda path, asked: next(answers), waits=waits)
    assert waits == [7.0]
    with pytest.raises(RateLimited):
        fetch("orders", lambda path, asked: (429, MAINTENANCE, {"Retry-After": "9999"}))


def test_a_php_notice_before_the_json_changes_nothing() -> None:
    notice = b"<br />\n<b>Notice</b>:  x[0] in <b>/srv/y.php</b> on line <b>3</b><br />\n"
    body = notice + json.dumps([order(1)]).encode()
    pages, _ = fetch("orders", lambda path, asked: (200, body, {"X-WP-Total": "1"}))
    assert pages[0].body == body
    assert pages[0].document == [order(1)]


def test_refunds_are_those_made_in_the_window() -> None:
    pages, wire = fetch("refunds", lambda path, asked: listed({"id": 5, "parent_id": 1}))
    [(path, asked)] = wire.asked
    assert path == "/wp-json/wc/v3/refunds"
    assert (asked["after"], asked["before"]) == ("2026-11-03T04:59:59", "2026-11-05T05:00:00")
    assert len(pages) == 1


def old_shop(path: str, asked: Asked) -> Answer:
    """A shop before WooCommerce 9: order 1 has refund 5, order 2 none."""
    if path.endswith("v3/refunds"):
        return error(404, "rest_no_route")
    if path.endswith("v3/orders"):
        return listed({"id": 1, "refunds": [{"id": 5}]}, {"id": 2, "refunds": []})
    assert path == "/wp-json/wc/v3/orders/1/refunds"
    return listed({"id": 5, "amount": "20.00"})


def test_an_older_shop_gives_its_refunds_order_by_order() -> None:
    [page], _ = fetch("refunds", old_shop)
    assert page.context == {"parent_id": 1}
    assert page.document == [{"id": 5, "amount": "20.00"}]


def test_a_refund_that_its_order_names_and_the_list_lacks_is_noticed() -> None:
    def reply(path: str, asked: Asked) -> Answer:
        return listed() if path.endswith("1/refunds") else old_shop(path, asked)

    with pytest.raises(CountMismatch, match=r"order 1 names the refunds \[5\]"):
        fetch("refunds", reply)


def customers_reply(customers: Answer) -> Callable[[str, Asked], Answer]:
    orders = [{"id": n, "customer_id": c} for n, c in ((1, 0), (2, 8), (3, 9), (4, 8))]
    return lambda path, asked: customers if "customers" in path else listed(*orders)


def test_customers_are_those_behind_the_orders() -> None:
    pages, wire = fetch("customers", customers_reply(listed({"id": 8})))
    path, asked = wire.asked[-1]
    assert path == "/wp-json/wc/v3/customers"
    assert (asked["include"], asked["role"]) == ("8,9", "all")  # 9 was deleted since
    assert [page.document for page in pages] == [[{"id": 8}]]


def test_customers_kept_back_are_noticed() -> None:
    with pytest.raises(CountMismatch, match="2 customers are announced, 1 came"):
        fetch("customers", customers_reply(listed({"id": 8}, total=2)))


def test_a_customer_that_comes_twice_does_not_stand_for_one_kept_back() -> None:
    with pytest.raises(CountMismatch, match="2 customers are announced, 1 came"):
        fetch("customers", customers_reply(listed({"id": 8}, {"id": 8}, total=2)))


def test_the_report_covers_the_window_by_date_of_creation() -> None:
    report = (200, {"totals": {}, "intervals": []}, {"X-WP-Total": "2"})
    [page], wire = fetch("daily_sales", lambda path, asked: report)
    path, asked = wire.asked[0]
    assert path == "/wp-json/wc-analytics/reports/revenue/stats"
    assert (asked["after"], asked["before"]) == ("2026-11-03T00:00:00", "2026-11-04T23:59:59")
    assert (asked["interval"], asked["date_type"]) == ("day", "date_created")
    assert page.context == {
        "start_date": "2026-11-03", "end_date": "2026-11-04", "expected_total": 2
    }  # fmt: skip


@pytest.mark.parametrize("status", [502, 504, 524])
def test_a_gateways_time_out_is_no_fault_of_what_has_no_smaller_pages(status: int) -> None:
    report = (200, {"totals": {}, "intervals": []}, {"X-WP-Total": "2"})
    answers = iter([(status, MAINTENANCE, {}), report])
    pages, wire = fetch("daily_sales", lambda path, asked: next(answers))
    assert (len(pages), len(wire.asked)) == (1, 2)
    with pytest.raises(Unavailable, match="Maintenance"):
        fetch("daily_sales", lambda path, asked: (status, MAINTENANCE, {}))


def test_a_shop_without_analytics_lacks_a_permission_rather_than_failing() -> None:
    with pytest.raises(MissingScope, match="analytics are switched off"):
        fetch("daily_sales", lambda path, asked: error(404, "rest_no_route"))


def test_the_site_is_read_with_its_currency() -> None:
    site = {"name": "Glow", "url": "https://shop.example", "gmt_offset": -5, "timezone_string": ""}

    def reply(path: str, asked: Asked) -> Answer:
        return 200, {"code": "EUR"} if "currencies" in path else site, {}

    [page], wire = fetch("site", reply)
    assert wire.asked[-1][0] == "/wp-json/"
    [row] = SOURCE.stream("site").parse(page.document, page)
    assert row == {**site, "timezone_string": None, "currency_code": "EUR"}
