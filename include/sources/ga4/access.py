"""How the GA4 Data API lets a connection in: token, refusals and quota."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.errors import (
    BadCredentials,
    CountMismatch,
    GroundswellError,
    MissingScope,
    RateLimited,
    Truncated,
)

if TYPE_CHECKING:
    from include.http.answer import HttpAnswer
    from include.sources._base import FetchContext, Page

# Daily quota returns at midnight of this zone, hourly quota at the full hour.
QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
# A slot for another concurrent request is free as soon as one ends; other clients wait as long.
CONCURRENCY_WAIT_SECONDS = 30.0
HOURLY_BUCKETS = ("tokensPerHour", "tokensPerProjectPerHour")
DAILY_BUCKET = "tokensPerDay"
ONE_REPORT, SEVERAL_REPORTS = "analyticsData#runReport", "analyticsData#batchRunReports"


class DataApi:
    """The Data API as one run's connection sees it: posts reports with a token that is valid.

    Raises the error tree for refusals (see `classify`) and `RateLimited` before a request for which
    the property has no quota tokens left, so that a run stops before the API blocks the property.
    """

    def __init__(self, ctx: FetchContext) -> None:
        # google-auth costs a quarter of a second to import; DAG files import connectors.
        from include.sources.ga4.token import ServiceAccount

        self._conn_id = ctx.connection.conn_id
        self._session = ctx.session
        self._account = ServiceAccount(ctx.connection)
        self._quota: Mapping[str, Any] = {}
        self._asked_at: dt.datetime | None = None

    def run_report(self, property_id: str, body: Mapping[str, Any]) -> Page:
        """Post `body` to runReport with the quota asked for; return the page, decoded."""
        page = self._post(property_id, "runReport", {**body, "returnPropertyQuota": True})
        self._quota = page.document.get("propertyQuota") or {}
        return page

    def run_reports(self, property_id: str, bodies: Sequence[Mapping[str, Any]]) -> Page:
        """Post up to 5 reports at once (batchRunReports); their answers come in the same order.

        Raises `CountMismatch` when another number of reports came back.
        """
        asked = [{**body, "returnPropertyQuota": True} for body in bodies]
        page = self._post(property_id, "batchRunReports", {"requests": asked})
        reports = page.document.get("reports", [])
        if len(reports) != len(bodies):
            raise CountMismatch(
                f"connection {self._conn_id!r}: {len(bodies)} reports were asked for, "
                f"{len(reports)} came"
            )
        self._quota = _sum_quota([report.get("propertyQuota") or {} for report in reports])
        return page

    def _post(self, property_id: str, method: str, body: Mapping[str, Any]) -> Page:
        if self._asked_at is not None:
            check_quota(self._quota, self._asked_at, self._conn_id)
        self._authorize()
        try:
            page = self._send(property_id, method, body)
        except BadCredentials:
            # A token may end before its time; the key that makes a new one decides.
            self._account.renew()
            self._authorize()
            page = self._send(property_id, method, body)
        self._asked_at = page.captured_at
        return page

    def _authorize(self) -> None:
        self._session.headers["Authorization"] = f"Bearer {self._account.bearer()}"

    def _send(self, property_id: str, method: str, body: Mapping[str, Any]) -> Page:
        path = f"/v1beta/properties/{property_id}:{method}"
        return self._session.request("POST", path, json=dict(body))


def _sum_quota(quotas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a batch's quota: what is left after its last report, what all of them cost."""
    last: dict[str, Any] = dict(quotas[-1]) if quotas else {}
    for bucket, state in last.items():
        if isinstance(state, Mapping):
            cost = sum(int((quota.get(bucket) or {}).get("consumed", 0)) for quota in quotas)
            last[bucket] = {**state, "consumed": cost}
    return last


def check_quota(quota: Mapping[str, Any], now: dt.datetime, conn_id: str) -> None:
    """Raise `RateLimited` when a bucket holds fewer tokens than the last request cost.

    quota: `propertyQuota` of an answer; zeros are absent in it. now: the API's own time.
    """
    for bucket in (*HOURLY_BUCKETS, DAILY_BUCKET):
        state = quota.get(bucket)
        if not isinstance(state, Mapping):
            continue
        remaining = int(state.get("remaining", 0))
        if remaining < max(1, int(state.get("consumed", 0))):
            wait = seconds_to_midnight(now) if bucket == DAILY_BUCKET else seconds_to_hour(now)
            raise RateLimited(
                f"connection {conn_id!r}: the property has {remaining} of {bucket} left, less "
                "than a request costs; waiting until they return",
                retry_after=wait,
            )


def classify(answer: HttpAnswer) -> GroundswellError | None:
    """Turn an error answer of the Data API into our error tree; None where the status says all.

    A success that lacks the rows it announces was cut, and is asked for again; one that says zeros
    stand for numbers this account may not see is a missing permission. A 429 names no time, so the
    wait is what the exhausted quota needs: the next full hour, midnight Pacific for a daily one,
    half a minute for concurrency.
    """
    document = answer.document
    if answer.status_code < 400:
        return _judge_reports(answer.conn_id, document)
    error = document.get("error") if isinstance(document, Mapping) else None
    if not isinstance(error, Mapping):
        return None
    message = f"connection {answer.conn_id!r}: {error.get('message')}"
    if answer.status_code == 429:
        return RateLimited(message, retry_after=_quota_wait(message, answer.captured_at))
    if answer.status_code == 401:
        return BadCredentials(f"{message} (the token was refused)")
    if answer.status_code == 403:
        return MissingScope(f"{message} ({_forbidden_advice(error)})")
    return None


def seconds_to_hour(now: dt.datetime) -> float:
    """Return the seconds until hourly quota returns."""
    return 3600.0 - (now.minute * 60 + now.second)


def seconds_to_midnight(now: dt.datetime) -> float:
    """Return the seconds until daily quota returns: midnight Pacific."""
    local = now.astimezone(QUOTA_ZONE)
    midnight = dt.datetime.combine(
        local.date() + dt.timedelta(days=1), dt.time(), tzinfo=QUOTA_ZONE
    )
    # In UTC: subtracting two times of one zone would ignore a clock change between them.
    return (midnight.astimezone(dt.UTC) - now.astimezone(dt.UTC)).total_seconds()


def _judge_reports(conn_id: str, document: Any) -> GroundswellError | None:
    """Return what is wrong with a report, or with one of a batch; None where nothing is."""
    kind = document.get("kind") if isinstance(document, Mapping) else None
    if kind not in (ONE_REPORT, SEVERAL_REPORTS):
        return None
    reports = document.get("reports") if kind == SEVERAL_REPORTS else [document]
    if not reports:
        return Truncated(f"connection {conn_id!r}: a batch came without its reports")
    for report in reports:
        if restricted := _restricted_metrics(report):
            return MissingScope(
                f"connection {conn_id!r}: GA4 gives zeros for {', '.join(restricted)}, which the "
                "service account may not see; lift the data restriction of its role in Admin > "
                "Property access management"
            )
        if report.get("rowCount") and not report.get("rows"):
            return Truncated(
                f"connection {conn_id!r}: a report announces {report['rowCount']} rows and holds "
                "none"
            )
    return None


def _restricted_metrics(report: Mapping[str, Any]) -> list[str]:
    """Return the metrics of a report in whose place the API writes 0, with why."""
    response = (report.get("metadata") or {}).get("schemaRestrictionResponse") or {}
    return [
        f"{entry.get('metricName')} ({', '.join(entry.get('restrictedMetricTypes') or ())})"
        for entry in response.get("activeMetricRestrictions") or ()
    ]


def _quota_wait(message: str, now: dt.datetime) -> float:
    """Return how long the quota that a refusal names is gone, by its words alone.

    Met in production: "Exhausted concurrent requests quota.", "Exhausted property tokens for a
    project per hour.", "Exhausted property tokens per day. These quota tokens will return in under
    24 hours." Google documents the buckets, not the words.
    """
    lowered = message.lower()
    if "concurrent" in lowered:
        return CONCURRENCY_WAIT_SECONDS
    if "per day" in lowered or "daily" in lowered:
        return seconds_to_midnight(now)
    return seconds_to_hour(now)


def _forbidden_advice(error: Mapping[str, Any]) -> str:
    reasons = {
        detail.get("reason") for detail in error.get("details", []) if isinstance(detail, Mapping)
    }
    if "SERVICE_DISABLED" in reasons:
        return "enable the Google Analytics Data API in the key's Google Cloud project"
    if "ACCESS_TOKEN_SCOPE_INSUFFICIENT" in reasons:
        return "the token lacks the scope analytics.readonly"
    return "make the service account's e-mail a Viewer of the property"
