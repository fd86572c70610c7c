"""GA4: days with their total in batches, look-backs by weekday, Google's schema, held-back rows."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.errors import BadCredentials, CountMismatch, RateLimited
from include.ingest import day_window
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources._units import UnitReader
from include.sources.ga4 import SOURCE, client, days, reports, sandbox_requests, token
from include.sources.ga4.sandbox_discovery import find_problems, read_schemas, trim_document
from include.sources.ga4.sandbox_reports import Reports, Variants
from include.warehouse.load_slices import Coverage, outdated_slices, window_days

UTC = dt.UTC
NOW = dt.datetime(2026, 11, 5, 8, 0, 30, tzinfo=UTC)
STREAM = SOURCE.stream("session_totals")
METRICS = {
    "sessions": "TYPE_INTEGER",
    "engagedSessions": "TYPE_INTEGER",
    "userEngagementDuration": "TYPE_SECONDS",
    "addToCarts": "TYPE_INTEGER",
    "checkouts": "TYPE_INTEGER",
    "ecommercePurchases": "TYPE_INTEGER",
    "purchaseRevenue": "TYPE_CURRENCY",
    "keyEvents": "TYPE_FLOAT",
}


def cells(*values: str) -> list[dict[str, str]]:
    return [{"value": value} for value in values]


def report(rows: list[list[str]], total: list[str] | None, **more: Any) -> dict[str, Any]:
    """A day's report: each row is four labels and eight numbers."""
    document: dict[str, Any] = {
        "dimensionHeaders": [{"name": name} for name in reports.SESSION_SOURCE],
        "metricHeaders": [{"name": name, "type": kind} for name, kind in METRICS.items()],
        "totals": [{}],
        "metadata": {"currencyCode": "USD", "timeZone": "America/New_York"},
        "kind": "analyticsData#runReport",
        **more,
    }
    if rows:
        document["rowCount"] = len(rows)
        document["rows"] = [
            {"dimensionValues": cells(*row[:4]), "metricValues": cells(*row[4:])} for row in rows
        ]
    if total:
        reserved = cells(*["RESERVED_TOTAL"] * 4)
        document["totals"] = [{"dimensionValues": reserved, "metricValues": cells(*total)}]
    return document


MAYA = ["instagram", "influencer", "fall26", "maya", "212", "131", "9874", "31", "14", "9", "611.42", "11"]  # fmt: skip # noqa: E501
DIRECT = ["(direct)", "(none)", "(direct)", "(not set)", "80", "40", "2011", "6", "3", "2", "120.1", "2"]  # fmt: skip # noqa: E501
TOTAL = ["300", "175", "12000", "38", "18", "11", "731.52", "13"]


class ScriptedSession:
    """Answers from a list of documents or errors, and keeps what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.bearers: list[str] = []
        self._answers = list(answers)

    def request(self, method: str, path: str, *, json: dict[str, Any]) -> Page:
        self.asked.append((path, json))
        self.bearers.append(self.headers["Authorization"])
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return page_of(answer)


def page_of(document: dict[str, Any], context: dict[str, Any] | None = None) -> Page:
    body = json.dumps(document).encode()
    return Page(body, 200, NOW, "api", {}, document=document, context=context or {})


@pytest.fixture(autouse=True)
def _token_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class CountedAccount:
        def __init__(self, connection: Connection) -> None:
            self.number = 1

        def bearer(self) -> str:
            return f"ya29.{self.number}"

        def renew(self) -> None:
            self.number += 1

    monkeypatch.setattr(token, "ServiceAccount", CountedAccount)


def fetch(session: Any, key: str = "2026-11-04") -> list[Page]:
    own = day_window(key, "America/New_York")
    read = Window(own.start - STREAM.lookback_of(key), own.end, key)
    settings = {"property_id": "412345678", "time_zone": "America/New_York"}
    connection = Connection(conn_id="ga4__shop", extra=settings)
    return list(days.fetch_days(FetchContext(connection, session, read)))


def batch(*documents: dict[str, Any]) -> dict[str, Any]:
    return {"reports": list(documents), "kind": "analyticsData#batchRunReports"}


def test_a_daily_run_asks_five_days_in_one_request() -> None:
    session = ScriptedSession(batch(*[report([MAYA], TOTAL)] * 5))
    (page,) = fetch(session)
    ((path, body),) = session.asked
    assert path == "/v1beta/properties/412345678:batchRunReports"
    ranges = [request["dateRanges"] for request in body["requests"]]
    asked = ["2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    assert ranges == [[{"startDate": day, "endDate": day}] for day in asked]
    for request in body["requests"]:
        names = {entry["name"] for entry in request["dimensions"] + request["metrics"]}
        assert names == {*reports.SESSION_SOURCE, *METRICS}
        assert request["metricAggregations"] == ["TOTAL"]
        assert find_problems(request, "RunReportRequest") == []
    assert page.context["days"] == asked
    assert (page.context["start_date"], page.context["end_date"]) == (asked[0], asked[-1])


def test_a_monday_asks_thirty_days_more() -> None:
    sizes = [5] * 6 + [1]
    session = ScriptedSession(*[batch(*[report([MAYA], TOTAL)] * size) for size in sizes])
    pages = fetch(session, "2026-11-02")
    assert [len(body["requests"]) for _, body in session.asked] == sizes
    assert pages[0].context["start_date"] == "2026-10-03"
    assert pages[-1].context["end_date"] == "2026-11-02"


def test_every_stream_of_ga4_reads_longer_on_mondays() -> None:
    for stream in SOURCE.streams:
        assert stream.lookback_of("2026-11-02") == dt.timedelta(days=30)
        assert stream.lookback_of("2026-11-03") == dt.timedelta(days=4)


def test_what_a_monday_has_read_is_not_replaced_by_an_older_answer() -> None:
    monday = day_window("2026-11-02", "America/New_York")
    condition = outdated_slices(STREAM, Coverage(), [monday])
    assert condition is not None
    covered = window_days(monday, STREAM.lookback_of(monday.key))
    assert (covered[0], covered[-1]) == (dt.date(2026, 10, 3), dt.date(2026, 11, 2))
    assert "datetime.date(2026, 10, 3)" in repr(condition)


def test_a_day_is_one_unit_of_total_and_sources() -> None:
    document = batch(report([MAYA, DIRECT], TOTAL), report([], None))
    context = {"property_id": "412345678", "time_zone": "America/New_York"}
    page = page_of(document, {**context, "days": ["2026-11-03", "2026-11-04"]})
    (day,) = days.parse_days(document, page)
    assert (day["date"], day["sessions"], day["listedSessions"]) == ("2026-11-03", 300, 292)
    assert day["purchaseRevenue"] == Decimal("731.52")
    unit = UnitReader(STREAM).read(day)
    assert len(unit.children[0]) == 2
    assert unit.extra is None
    assert unit.children[0][0][:5] == ["instagram", "influencer", "fall26", "maya", 212]


def test_a_source_without_a_number_quarantines_its_day() -> None:
    odd = [*MAYA[:4], "n/a", *MAYA[5:]]
    document = batch(report([odd], TOTAL))
    context = {"property_id": "1", "time_zone": "UTC", "days": ["2026-11-03"]}
    (day,) = days.parse_days(document, page_of(document, context))
    assert day["listedSessions"] is None
    with pytest.raises(Exception, match=r"listed_sessions: required"):
        UnitReader(STREAM).read(day)


def test_fewer_rows_than_announced_or_a_lost_report_is_a_mismatch() -> None:
    short = {**report([MAYA], TOTAL), "rowCount": 2}
    with pytest.raises(CountMismatch, match=r"2026-10-31.*announced 2 rows, 1 came"):
        fetch(ScriptedSession(batch(short, *[report([MAYA], TOTAL)] * 4)))
    with pytest.raises(CountMismatch, match="5 reports were asked for, 4 came"):
        fetch(ScriptedSession(batch(*[report([MAYA], TOTAL)] * 4)))


def test_a_batch_stops_before_what_it_costs_is_no_longer_there() -> None:
    """Five reports cost 5 each; 24 tokens are left after the last of them."""
    answers = [
        report([MAYA], TOTAL, propertyQuota={"tokensPerHour": {"consumed": 5, "remaining": left}})
        for left in (44, 39, 34, 29, 24)
    ]
    session = ScriptedSession(batch(*answers))
    with pytest.raises(RateLimited, match="24 of tokensPerHour left"):
        fetch(session, "2026-11-02")
    assert len(session.asked) == 1


def test_a_refused_token_is_renewed_once() -> None:
    good = batch(*[report([MAYA], TOTAL)] * 5)
    session = ScriptedSession(BadCredentials("ended"), good)
    assert len(fetch(session)) == 1
    assert session.bearers == ["Bearer ya29.1", "Bearer ya29.2"]
    with pytest.raises(BadCredentials, match="still"):
        fetch(ScriptedSession(BadCredentials("ended"), BadCredentials("still")))


def test_creators_sessions_are_asked_for_without_what_folds_or_withholds_rows() -> None:
    asked = {*reports.SOURCE_SESSIONS.dimensions, *reports.SOURCE_SESSIONS.metrics}
    assert not {name for name in asked if "anding" in name or "sers" in name or "ountry" in name}
    every = (
        reports.SESSIONS, reports.SOURCE_SESSIONS, reports.TRANSACTIONS, reports.KEY_EVENTS,
        reports.ACQUISITION, reports.GEOGRAPHY,
    )  # fmt: skip
    for asked_report in every:
        assert len(asked_report.dimensions) <= 9
        assert len(asked_report.metrics) <= 10
        body = reports.build_request(asked_report, "2026-11-03", "2026-11-04", 100, 0)
        assert find_problems(body, "RunReportRequest") == []


# Google's schema


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dimension": []}, 'Unknown name "dimension"'),
        ({"dateRanges": [{"startDay": "2026-11-04"}]}, r'"startDay" at .dateRanges\[0\].'),
        ({"limit": "ten"}, "Invalid value at 'limit' .int64."),
        ({"limit": True}, "Invalid value at 'limit'"),
        ({"metricAggregations": ["SUM"]}, r"metricAggregations\[0\].*TOTAL"),
        ({"metrics": {"name": "sessions"}}, "'metrics': a list is expected"),
        ({"keepEmptyRows": "yes"}, "Invalid value at 'keepEmptyRows' .boolean."),
        ({"orderBys": [{"dimension": "date"}]}, "orderBys.0..dimension.: an object"),
    ],
)
def test_what_google_does_not_know_is_refused(change: dict[str, Any], said: str) -> None:
    body = reports.build_request(reports.GEOGRAPHY, "2026-11-03", "2026-11-04", 100, 0)
    with pytest.raises(sandbox_requests.Refusal, match=said) as refused:
        sandbox_requests.check_schema({**body, **change}, "RunReportRequest")
    assert refused.value.body["code"] == 400


def test_answers_are_held_to_the_schema_too() -> None:
    assert find_problems(report([MAYA], TOTAL), "RunReportResponse") == []
    assert find_problems(batch(report([], None)), "BatchRunReportsResponse") == []
    wrong = report([MAYA], TOTAL, metadata={"thresholded": True})
    assert find_problems(wrong, "RunReportResponse") == [
        "Unknown name \"thresholded\" at 'metadata': Cannot find field."
    ]


def test_the_trimmed_document_keeps_what_reports_lead_to() -> None:
    document = {
        "revision": "20990101",
        "schemas": {
            **{name: {"type": "object", "description": "x"} for name in read_schemas()},
            "RunReportRequest": {
                "type": "object",
                "properties": {"orderBys": {"items": {"$ref": "OrderBy"}, "description": "y"}},
            },
            "AudienceExport": {"type": "object"},
        },
    }
    trimmed = trim_document(document)
    assert trimmed["revision"] == "20990101"
    assert "OrderBy" in trimmed["schemas"]
    assert "AudienceExport" not in trimmed["schemas"]
    assert "description" not in json.dumps(trimmed)


# What the sandbox's property may hold back

ZONE = ZoneInfo("America/New_York")


def market() -> Any:
    """Three sources on one day, with 40, 10 and 2 sessions."""
    day = dt.date(2026, 11, 4)
    numbers = {
        "engaged_sessions": 1, "engagement_seconds": 9, "new_users": 1, "add_to_carts": 0,
        "checkouts": 0, "purchases": 0, "revenue": Decimal("0"), "key_events": 0,
    }  # fmt: skip
    rows = [
        SimpleNamespace(
            date=day, source=name, medium="m", campaign="c", content=name,
            landing_page=f"/{name}", sessions=sessions, **numbers,
        )
        for name, sessions in (("a", 40), ("b", 10), ("c", 2))
    ]  # fmt: skip
    return SimpleNamespace(
        property_id="1",
        timezone=ZONE,
        shop=SimpleNamespace(currency="USD"),
        ga4_sessions_at=lambda now: rows,
    )


def ask(variants: Variants, asked: reports.Report) -> dict[str, Any]:
    body = reports.build_request(asked, "2026-11-04", "2026-11-04", 100, 0)
    return Reports(market(), variants).answer("1", body, NOW)


def listed(answer: dict[str, Any]) -> dict[str, str]:
    """Sessions by source; the source is the second dimension of a report with a date."""
    place = [h["name"] for h in answer["dimensionHeaders"]].index("sessionSource")
    return {
        row["dimensionValues"][place]["value"]: row["metricValues"][0]["value"]
        for row in answer["rows"]
    }


def test_nothing_is_held_back_by_default() -> None:
    answer = ask(Variants(), reports.SESSIONS)
    assert listed(answer) == {"a": "40", "b": "10", "c": "2"}
    assert answer["metadata"] == {"currencyCode": "USD", "timeZone": "America/New_York"}


def test_thresholds_withhold_rows_of_reports_that_count_users() -> None:
    variants = Variants(withheld_below=5)
    answer = ask(variants, reports.SESSIONS)
    assert listed(answer) == {"a": "40", "b": "10"}
    assert answer["metadata"]["subjectToThresholding"] is True
    assert "c" in listed(ask(variants, reports.SOURCE_SESSIONS))


def test_the_total_holds_what_the_rows_withhold() -> None:
    answer = ask(Variants(withheld_below=5, always_withheld=True), reports.SOURCE_SESSIONS)
    context = {"property_id": "1", "time_zone": "America/New_York", "days": ["2026-11-04"]}
    document = batch(answer)
    (day,) = days.parse_days(document, page_of(document, context))
    assert (day["sessions"], day["listedSessions"]) == (52, 50)
    assert day["subjectToThresholding"] is True


def test_rows_beyond_the_limit_fold_into_other() -> None:
    answer = ask(Variants(folded_above=1), reports.SESSIONS)
    assert listed(answer) == {"a": "40", "(other)": "12"}
    assert answer["metadata"]["dataLossFromOtherRow"] is True
    context = {"property_id": "1", "time_zone": "America/New_York"}
    rows = list(client.parse_report(answer, page_of(answer, context)))
    assert {row["date"] for row in rows} == {"2026-11-04"}
    assert all(row["dataLossFromOtherRow"] for row in rows)


def test_a_sampled_report_says_so() -> None:
    answer = ask(Variants(sampled_percent=40), reports.SESSIONS)
    assert answer["metadata"]["samplingMetadatas"] == [
        {"samplesReadCount": "40", "samplingSpaceSize": "100"}
    ]


def test_a_batch_takes_at_most_five_reports() -> None:
    body = reports.build_request(reports.SOURCE_SESSIONS, "2026-11-04", "2026-11-04", 9, 0)
    server = Reports(market())
    assert len(server.answer_batch("1", {"requests": [body] * 5}, NOW)["reports"]) == 5
    for count in (0, 6):
        with pytest.raises(sandbox_requests.Refusal, match="1 to 5 requests"):
            server.answer_batch("1", {"requests": [body] * count}, NOW)
