"""GA4: the days a window asks for, the request, paging with its counts, and rows from answers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.errors import BadRequest, CountMismatch, RateLimited, Truncated
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.ga4 import SOURCE, access, client, reports, token

UTC = dt.UTC
NEW_YORK, LOS_ANGELES = ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")
NOW = dt.datetime(2026, 11, 5, 8, 0, 30, tzinfo=UTC)
HEADERS: dict[str, Any] = {
    "dimensionHeaders": [
        {"name": "date"},
        {"name": "sessionSource"},
        {"name": "sessionMedium"},
        {"name": "sessionCampaignName"},
        {"name": "sessionManualAdContent"},
        {"name": "landingPagePlusQueryString"},
    ],
    "metricHeaders": [
        {"name": "sessions", "type": "TYPE_INTEGER"},
        {"name": "engagedSessions", "type": "TYPE_INTEGER"},
        {"name": "userEngagementDuration", "type": "TYPE_SECONDS"},
        {"name": "newUsers", "type": "TYPE_INTEGER"},
        {"name": "addToCarts", "type": "TYPE_INTEGER"},
        {"name": "checkouts", "type": "TYPE_INTEGER"},
        {"name": "ecommercePurchases", "type": "TYPE_INTEGER"},
        {"name": "purchaseRevenue", "type": "TYPE_CURRENCY"},
        {"name": "keyEvents", "type": "TYPE_FLOAT"},
    ],
    "metadata": {"currencyCode": "USD", "timeZone": "America/New_York"},
    "kind": "analyticsData#runReport",
}


def row(*values: str) -> dict[str, Any]:
    return {
        "dimensionValues": [{"value": value} for value in values[:6]],
        "metricValues": [{"value": value} for value in values[6:]],
    }


MAYA = row(
    "20261104", "instagram", "influencer", "fall26", "maya", "/maya?utm_content=maya",
    "212", "131", "9874", "77", "31", "14", "9", "611.420000", "11",
)  # fmt: skip
BIG = row(
    "20261104", "(direct)", "(none)", "(direct)", "(not set)", "(other)",
    "880", "402", "20110", "300", "60", "33", "21", "1.2E7", "21.5",
)  # fmt: skip

ZOE = row(
    "20261104", "youtube", "influencer", "fall26", "zoe", "/zoe?utm_content=zoe",
    "41", "22", "1903", "12", "4", "2", "1", "45.00", "1",
)  # fmt: skip


class ScriptedSession:
    """Answers requests from a list and keeps what was asked."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._documents = list(documents)

    def request(self, method: str, path: str, *, json: dict[str, Any]) -> Page:
        self.asked.append((f"{method} {path}", json))
        return page_of(self._documents.pop(0))


def page_of(document: dict[str, Any], context: dict[str, Any] | None = None) -> Page:
    return Page(
        body=json.dumps(document).encode(),
        status=200,
        captured_at=NOW,
        captured_at_source="api",
        request={},
        document=document,
        context=context or {},
    )


@pytest.fixture(autouse=True)
def _token_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class FixedAccount:
        def __init__(self, connection: Connection) -> None:
            pass

        def bearer(self) -> str:
            return "ya29.fixed"

    monkeypatch.setattr(token, "ServiceAccount", FixedAccount)


def window(start: str, end: str, zone: ZoneInfo, key: str = "2026-11-04") -> Window:
    """A window between two local times of a zone."""
    local = [dt.datetime.fromisoformat(text).replace(tzinfo=zone) for text in (start, end)]
    return Window(start=local[0].astimezone(UTC), end=local[1].astimezone(UTC), key=key)


def context(session: Any, **extra: Any) -> FetchContext:
    settings = {"property_id": "412345678", "time_zone": "America/New_York", **extra}
    return FetchContext(
        connection=Connection(conn_id="ga4__shop", extra=settings),
        session=session,
        window=window("2026-11-03T00:00", "2026-11-05T00:00", NEW_YORK),
    )


def fetch(session: Any, **extra: Any) -> Iterator[Page]:
    return client.fetch_report(reports.SESSIONS)(context(session, **extra))


def test_a_window_of_the_same_zone_asks_for_its_own_days() -> None:
    asked = client.property_days(window("2026-11-04T00:00", "2026-11-05T00:00", NEW_YORK), NEW_YORK)
    assert asked == (dt.date(2026, 11, 4), dt.date(2026, 11, 4))


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Europe/London", "Asia/Tokyo", "UTC"])
@pytest.mark.parametrize("first", ["2026-03-05", "2026-10-29"])
def test_consecutive_windows_cover_every_property_day_once(zone: str, first: str) -> None:
    """Both spans hold a clock change of New York (8 March, 1 November 2026)."""
    day = dt.date.fromisoformat(first)
    covered = []
    for offset in range(10):
        start = (day + dt.timedelta(days=offset)).isoformat()
        end = (day + dt.timedelta(days=offset + 1)).isoformat()
        asked = client.property_days(
            window(f"{start}T00:00", f"{end}T00:00", NEW_YORK), ZoneInfo(zone)
        )
        assert asked is not None
        assert asked[0] == asked[1]
        covered.append(asked[0])
    assert covered == [covered[0] + dt.timedelta(days=i) for i in range(10)]


@pytest.mark.parametrize(
    ("day", "first"), [("2026-11-03", "2026-10-30"), ("2026-03-10", "2026-03-06")]
)
def test_a_look_back_over_a_clock_change_asks_for_five_whole_days(day: str, first: str) -> None:
    """96 hours before midnight are 23:00 or 01:00 of the local day before or after."""
    end = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
    own = window(f"{day}T00:00", f"{end}T00:00", NEW_YORK)
    read = Window(start=own.start - SOURCE.stream("sessions").lookback, end=own.end, key=day)
    asked = client.property_days(read, NEW_YORK)
    assert asked == (dt.date.fromisoformat(first), dt.date.fromisoformat(day))


def test_a_property_to_the_west_keeps_the_name_of_the_day() -> None:
    asked = client.property_days(
        window("2026-11-04T00:00", "2026-11-05T00:00", NEW_YORK), LOS_ANGELES
    )
    assert asked == (dt.date(2026, 11, 4), dt.date(2026, 11, 4))


def test_reports_stay_within_the_limits_of_the_api() -> None:
    for report in (reports.SESSIONS, reports.TRANSACTIONS, reports.KEY_EVENTS):
        assert len(report.dimensions) <= 9
        assert len(report.metrics) <= 10


def test_a_request_orders_by_every_dimension_and_sends_int64_as_text() -> None:
    session = ScriptedSession({**HEADERS, "rows": [MAYA], "rowCount": 1})
    list(fetch(session))
    (address, body) = session.asked[0]
    assert address == "POST /v1beta/properties/412345678:runReport"
    assert session.headers == {"Authorization": "Bearer ya29.fixed"}
    assert body["dateRanges"] == [{"startDate": "2026-11-03", "endDate": "2026-11-04"}]
    assert [o["dimension"]["dimensionName"] for o in body["orderBys"]] == [
        "date", "sessionSource", "sessionMedium", "sessionCampaignName",
        "sessionManualAdContent", "landingPagePlusQueryString",
    ]  # fmt: skip
    assert (body["limit"], body["offset"], body["returnPropertyQuota"]) == ("10000", "0", True)


def test_pages_are_asked_by_offset_until_row_count() -> None:
    session = ScriptedSession(
        {**HEADERS, "rows": [MAYA, BIG], "rowCount": 3},
        {**HEADERS, "rows": [ZOE], "rowCount": 3},
    )
    pages = list(fetch(session, page_rows=2))
    assert [body["offset"] for _, body in session.asked] == ["0", "2"]
    assert [len(page.document["rows"]) for page in pages] == [2, 1]


def test_fewer_rows_than_announced_is_a_count_mismatch() -> None:
    session = ScriptedSession(
        {**HEADERS, "rows": [MAYA, BIG], "rowCount": 3}, {**HEADERS, "rowCount": 3}
    )
    with pytest.raises(CountMismatch, match="announced 3 rows, 2 came"):
        list(fetch(session, page_rows=2))


def test_a_row_that_comes_twice_stands_for_one_that_never_came() -> None:
    session = ScriptedSession(
        {**HEADERS, "rows": [MAYA, BIG], "rowCount": 3},
        {**HEADERS, "rows": [BIG], "rowCount": 3},
    )
    with pytest.raises(Truncated, match="rows came twice"):
        list(fetch(session, page_rows=2))


@pytest.mark.parametrize(
    "rows",
    # The last: the report moved by one row, so that one more came than is announced.
    [[[MAYA], [BIG], [MAYA]], [[MAYA, MAYA, BIG]], [[MAYA, BIG], [BIG, ZOE]]],
)
def test_a_row_may_come_twice_on_one_page_or_on_pages_far_apart(rows: list[list[Any]]) -> None:
    session = ScriptedSession(*({**HEADERS, "rows": page, "rowCount": 3} for page in rows))
    with pytest.raises(Truncated, match="rows came twice"):
        list(fetch(session, page_rows=-(-3 // len(rows))))


def test_a_report_that_changes_between_its_pages_is_asked_again() -> None:
    session = ScriptedSession(
        {**HEADERS, "rows": [MAYA, BIG], "rowCount": 3},
        {**HEADERS, "rows": [MAYA], "rowCount": 4},
    )
    with pytest.raises(Truncated, match="3 rows, then 4"):
        list(fetch(session, page_rows=2))


def test_absent_rows_and_row_count_mean_an_empty_report() -> None:
    (page,) = fetch(ScriptedSession(HEADERS))
    assert list(client.parse_report(page.document, page)) == []


def test_the_time_zone_is_asked_for_when_the_connection_names_none() -> None:
    metadata = {"currencyCode": "USD", "timeZone": "America/Los_Angeles"}
    session = ScriptedSession(
        {"metadata": metadata}, {**HEADERS, "metadata": metadata, "rows": [MAYA], "rowCount": 1}
    )
    (page,) = fetch(session, time_zone=None)
    assert session.asked[0][1]["metrics"] == [{"name": "sessions"}]
    assert page.context == {
        "property_id": "412345678",
        "time_zone": "America/Los_Angeles",
        "start_date": "2026-11-03",
        "end_date": "2026-11-04",
    }


def test_a_wrong_time_zone_of_the_connection_is_refused() -> None:
    session = ScriptedSession({**HEADERS, "rows": [MAYA], "rowCount": 1})
    with pytest.raises(BadRequest, match=r"ga4__shop.*Europe/London.*America/New_York"):
        list(fetch(session, time_zone="Europe/London"))


def test_rows_become_documents_with_numbers_and_flags() -> None:
    metadata = {
        **HEADERS["metadata"],
        "dataLossFromOtherRow": True,
        "samplingMetadatas": [{"samplesReadCount": "500", "samplingSpaceSize": "1000"}],
    }
    document = {**HEADERS, "metadata": metadata, "rows": [MAYA, BIG], "rowCount": 2}
    page = page_of(document, {"property_id": "412345678", "time_zone": "America/New_York"})
    maya, big = client.parse_report(document, page)
    assert maya == {
        "propertyId": "412345678",
        "date": "2026-11-04",
        "sessionSource": "instagram",
        "sessionMedium": "influencer",
        "sessionCampaignName": "fall26",
        "sessionManualAdContent": "maya",
        "landingPagePlusQueryString": "/maya?utm_content=maya",
        "sessions": 212,
        "engagedSessions": 131,
        "userEngagementDuration": Decimal("9874"),
        "newUsers": 77,
        "addToCarts": 31,
        "checkouts": 14,
        "ecommercePurchases": 9,
        "purchaseRevenue": Decimal("611.420000"),
        "keyEvents": Decimal("11"),
        "currencyCode": "USD",
        "timeZone": "America/New_York",
        "subjectToThresholding": False,
        "dataLossFromOtherRow": True,
        "isSampled": True,
    }
    assert big["purchaseRevenue"] == Decimal(12_000_000)
    assert (big["sessionManualAdContent"], big["keyEvents"]) == ("(not set)", Decimal("21.5"))


def test_odd_values_are_handed_on_for_quarantine() -> None:
    assert client.read_number("1.2E3", "TYPE_INTEGER") == 1200
    assert client.read_number("n/a", "TYPE_INTEGER") == "n/a"
    assert client.read_number("NaN", "TYPE_INTEGER") == "NaN"
    assert client.read_number("Infinity", "TYPE_INTEGER") == "Infinity"
    assert client.read_number("2.5", "TYPE_INTEGER") == Decimal("2.5")
    assert client.read_date("(other)") == "(other)"


@pytest.mark.parametrize("value", ["", "UA-1234", "properties/", None])
def test_a_property_that_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(BadRequest, match=r"'ga4__shop'.*property_id"):
        list(fetch(ScriptedSession(), property_id=value))


def test_a_run_stops_before_the_hourly_tokens_are_used_up() -> None:
    quota = {"tokensPerProjectPerHour": {"consumed": 9, "remaining": 4}}
    session = ScriptedSession(
        {**HEADERS, "rows": [MAYA, BIG], "rowCount": 3, "propertyQuota": quota}
    )
    with pytest.raises(RateLimited, match="tokensPerProjectPerHour") as caught:
        list(fetch(session, page_rows=2))
    assert caught.value.retry_after == 3570  # from 08:00:30 to 09:00:00


def test_absent_zeros_of_the_quota_mean_nothing_is_left() -> None:
    with pytest.raises(RateLimited):
        access.check_quota({"tokensPerHour": {"consumed": 3}}, NOW, "ga4")
    access.check_quota({"tokensPerHour": {"remaining": 3}}, NOW, "ga4")
    access.check_quota({}, NOW, "ga4")


def test_daily_tokens_return_at_midnight_pacific_also_when_the_clock_changes() -> None:
    # 1 November 2026, 00:30 in Los Angeles (UTC-7); the day has 25 hours.
    now = dt.datetime(2026, 11, 1, 7, 30, tzinfo=UTC)
    assert access.seconds_to_midnight(now) == 24.5 * 3600


def answer(status: int, error: dict[str, Any]) -> Any:
    return SimpleNamespace(
        conn_id="ga4__shop", status_code=status, document={"error": error}, captured_at=NOW
    )


@pytest.mark.parametrize(
    ("status", "error", "kind", "wait"),
    [
        (
            429,
            {"message": "Exhausted property tokens for a project per hour."},
            "RateLimited",
            3570,
        ),
        (429, {"message": "Exhausted property tokens per day."}, "RateLimited", 23 * 3600 + 3570),
        (429, {"message": "Exhausted concurrent requests quota."}, "RateLimited", 30),
        (401, {"message": "Invalid credentials."}, "BadCredentials", None),
        (403, {"message": "User does not have sufficient permissions"}, "MissingScope", None),
    ],
)
def test_error_answers_map_to_the_tree(
    status: int, error: dict[str, Any], kind: str, wait: float | None
) -> None:
    raised = access.classify(answer(status, error))
    assert type(raised).__name__ == kind
    assert "'ga4__shop'" in str(raised)
    assert error["message"] in str(raised)
    assert getattr(raised, "retry_after", None) == wait


def test_a_disabled_api_says_where_to_enable_it() -> None:
    details = [{"reason": "SERVICE_DISABLED"}]
    raised = access.classify(answer(403, {"message": "API not used", "details": details}))
    assert "enable the Google Analytics Data API" in str(raised)


def test_other_answers_keep_the_usual_meaning_of_their_status() -> None:
    assert access.classify(answer(400, {"message": "Field x is not a valid dimension."})) is None
    assert access.classify(answer(503, {"message": "unavailable"})) is None
