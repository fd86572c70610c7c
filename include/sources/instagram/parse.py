"""Turn the Graph API's answers into documents; no network, so a replay gives the same rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from include.sources._base import Document, Page
from include.sources.instagram.graph import NO_DATA, NOT_VISIBLE, refusal_reason


def parse_account(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the profile as it came."""
    yield document


def parse_media(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the posts of one page that were published in the span the page was asked for."""
    yield from parse_listed(document, page)


def parse_listed(document: Mapping[str, Any], page: Page) -> Iterator[dict[str, Any]]:
    """Yield posts of an account's media edge, with the account they were asked for."""
    for post in document.get("data", []):
        timestamp = read_time(post.get("timestamp"))
        if is_within(timestamp, page.context):
            yield {**post, "timestamp": timestamp, "account_id": page.context["account_id"]}


def parse_insights(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield one document for the post: its metrics, or none of them and the reason.

    A success with an empty list means unknown (a delay of up to 48 hours, or a permission that is
    not granted), never 0.
    """
    metrics = {entry["name"]: _metric_value(entry) for entry in document.get("data", [])}
    refused = page.context["refused_metrics"]
    reason = refusal_reason(document) if page.status >= 400 else None
    yield {
        **metrics,
        "media_id": page.context["media_id"],
        "account_id": page.context["account_id"],
        "media_product_type": page.context["media_product_type"],
        "metric_definition": page.context.get("metric_definition"),
        "refused_metrics": ",".join(refused) or None,
        "unavailable_reason": reason or (None if metrics else NO_DATA),
    }


def parse_discovered_account(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the looked-up profile under the username of the plan, or the reason there is none."""
    found = document.get("business_discovery")
    if found:
        yield {**found, "username": page.context["username"]}
    else:
        reason = refusal_reason(document) or NOT_VISIBLE
        yield {"username": page.context["username"], "unavailable_reason": reason}


def parse_discovered_media(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the looked-up account's posts of the span; none when the account gave no answer."""
    media = document.get("business_discovery", {}).get("media", {})
    for post in media.get("data", []):
        timestamp = read_time(post.get("timestamp"))
        if is_within(timestamp, page.context):
            yield {**post, "timestamp": timestamp, "username": page.context["username"]}


def parse_partnership_content(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield Instagram posts of the span with the permission that concerns the brand's account."""
    for post in document.get("data", []):
        created = read_time(post.get("creation_time"))
        platform = str(post.get("platform", "instagram")).lower()
        if platform == "instagram" and is_within(created, page.context):
            status = _permission_status(
                post.get("partnership_info"), page.context["brand_account_id"]
            )
            yield {**post, "creation_time": created, "permission_status": status}


def read_time(text: Any) -> Any:
    """Return `2026-11-18T09:31:07+0000` as ISO 8601 with a colon in the offset.

    A bare day is its first moment in UTC; what is no time stays, and its row is quarantined.
    """
    try:
        moment = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return text
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.isoformat()


def is_within(timestamp: Any, span: Mapping[str, Any]) -> bool:
    """Say whether a post was published in [published_from, published_before).

    A post without a readable time counts as within, so that it is quarantined and not lost.
    """
    moment = read_moment(timestamp)
    if moment is None:
        return True
    start = dt.datetime.fromisoformat(span["published_from"])
    return start <= moment < dt.datetime.fromisoformat(span["published_before"])


def is_older(timestamp: Any, span: Mapping[str, Any]) -> bool:
    """Say whether a post was published before the span began."""
    moment = read_moment(timestamp)
    return moment is not None and moment < dt.datetime.fromisoformat(span["published_from"])


def read_moment(timestamp: Any) -> dt.datetime | None:
    """Return the instant of a time the API gave; None when it does not read as one."""
    try:
        return dt.datetime.fromisoformat(read_time(timestamp))
    except (TypeError, ValueError):
        return None


def _metric_value(entry: Mapping[str, Any]) -> Any:
    """Return a lifetime metric: in `values`, or in `total_value` when given with a breakdown."""
    for value in entry.get("values", []):
        return value.get("value")
    return entry.get("total_value", {}).get("value")


def _permission_status(partners: Any, brand_account_id: str) -> Any:
    """Return the permission of the brand; a post has one entry per partner tagged in it."""
    entries = [entry for entry in partners or [] if isinstance(entry, Mapping)]
    for entry in entries:
        tagged = entry.get("tagged_partner") or {}
        if str(tagged.get("ig_user_id")) == brand_account_id:
            return entry.get("permission_status")
    return entries[0].get("permission_status") if len(entries) == 1 else None
