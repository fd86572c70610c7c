"""Turn the Business API's answers into documents; no network, so a replay gives the same rows.

Counts come as 12, 12.0 and "12", rates as 0.12 and "12%", times as seconds, milliseconds and text;
all of them are brought to one form here. What reads as none of it stays, for quarantine.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from include.sources._base import Document, Page, Record
from include.sources.tiktok import schema
from include.sources.tiktok.envelope import is_partial, read_data, refusal_reason

_NUMBER = re.compile(r"(-?\d+)(\.\d+)?(%?)")
# A later time in these units is one of the next century, so it is milliseconds.
_LATEST_SECONDS = 10**11
NEVER_BOOSTED = "1970-01-01"


def parse_accounts(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the profile of one account."""
    yield {**_numbers(read_data(document), schema.Account), **_marks(document, page)}


def parse_account_days(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the days of one account; a day that names no figure is unknown and left out."""
    for day in read_data(document).get("metrics") or []:
        values = _numbers(_without_empty(day), schema.AccountDay)
        # One client of the API knows the net change under another name.
        values.setdefault("daily_total_followers", values.pop("daily_total_viewers", None))
        if any(value is not None for name, value in values.items() if name != "date"):
            yield {**values, "date": read_date(day.get("date")), **_marks(document, page)}


def parse_videos(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the videos of a page that were published in the span the page was asked for."""
    for video in read_data(document).get("videos") or []:
        created = read_time(video.get("create_time"))
        if is_within(created, page.context):
            values = _numbers(video, schema.Video)
            # The answer spells it so in the vendor's own SDK.
            if values.get("favorites") is None and "favorities" in values:
                values["favorites"] = read_number(values["favorities"])
            yield {**values, "create_time": created, **_marks(document, page)}


def parse_comments(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the comments and replies of a page that were made in the window."""
    marks = {"business_id": page.context["business_id"]}
    parent = page.context.get("parent_comment_id")
    # A comment that is too old is on a page only because newer ones are: so are its replies.
    since = page.context.get("answered_from")
    answered_from = dt.datetime.fromisoformat(since) if since else None
    for comment in read_data(document).get("comments") or []:
        yield from _comment(comment, parent, marks, page)
        made_at = read_instant(comment.get("create_time"))
        if made_at and answered_from and made_at < answered_from:
            continue
        for reply in comment.get("reply_list") or []:
            yield from _comment(reply, comment.get("comment_id"), marks, page)


def parse_campaigns(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the brand's campaigns."""
    for campaign in read_data(document).get("campaigns") or []:
        times = {key: read_time(campaign.get(key)) for key in ("create_time", "update_time")}
        yield {**campaign, **times}


def parse_reports(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield a campaign's videos with their lifetime figures."""
    data = read_data(document)
    for video in data.get("videos") or []:
        info = video.get("video_info") or {}
        created = read_time(info.get("create_time"))
        if is_within(created, page.context):
            boosted = video.get("video_boosted_date")
            is_boosted = not str(boosted or NEVER_BOOSTED).startswith(NEVER_BOOSTED)
            yield {
                **_numbers(video, schema.Report),
                **_report_marks(document, data, page),
                "campaign_type": data.get("campaign_type"),
                "video_info": {**info, "create_time": created},
                "video_boosted_date": read_time(boosted) if is_boosted else None,
                "video_views_by_source": _as_object(video.get("video_views_by_source")),
            }


def parse_report_days(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the days of a campaign's videos; missing figures are unknown, never 0."""
    data = read_data(document)
    for video in data.get("videos") or []:
        for day in video.get("daily_stats") or []:
            values = _without_empty(_numbers(day, schema.ReportDay))
            if values.keys() - {"date"}:
                yield {
                    **values,
                    **_report_marks(document, data, page),
                    "video_id": video.get("video_id"),
                    "date": read_date(day.get("date")),
                }


def parse_creators(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the public profile under the handle asked for, or the reason there is none."""
    yield {
        **_numbers(read_data(document), schema.Creator),
        "handle_name": page.context["handle_name"],
        "unavailable_reason": refusal_reason(document),
    }


def parse_posts(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield a creator's public posts of the span."""
    for post in read_data(document).get("posts") or []:
        created = read_time(post.get("create_time"))
        if is_within(created, page.context):
            handle = page.context["handle_name"]
            yield {**_numbers(post, schema.Post), "create_time": created, "handle_name": handle}


def read_number(value: Any) -> Any:
    """Return the number a text holds: "12" as 12, "12.0" exactly, "12%" as 0.12, "" as None."""
    if not isinstance(value, str):
        return value
    found = _NUMBER.fullmatch(value.strip())
    if found is None:
        return value if value.strip() else None
    whole, fraction, percent = found.groups()
    if percent:
        return Decimal(whole + (fraction or "")) / 100
    return Decimal(whole + fraction) if fraction else int(whole)


def read_time(value: Any) -> Any:
    """Return a time as ISO 8601 in UTC; what is no time stays, and its row is quarantined.

    The API writes seconds or milliseconds since 1970 (numbers or text) and `YYYY-MM-DD HH:MM:SS`.
    """
    number = read_number(value)
    try:
        if isinstance(number, int | Decimal) and not isinstance(number, bool):
            seconds = int(number)
            if seconds > _LATEST_SECONDS:
                seconds //= 1000
            return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return value or None
    return (moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment).isoformat()


def read_date(value: Any) -> Any:
    """Return the day of `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`."""
    return value.partition(" ")[0] if isinstance(value, str) else value


def read_instant(value: Any) -> dt.datetime | None:
    """Return the instant of a time the API gave; None when it does not read as one."""
    try:
        return dt.datetime.fromisoformat(read_time(value))
    except (TypeError, ValueError):
        return None


def is_within(created: Any, span: Mapping[str, Any]) -> bool:
    """Say whether a post was published in [published_from, published_before).

    A post without a readable time counts as within, so that it is quarantined and not lost.
    """
    moment = read_instant(created)
    if moment is None:
        return True
    before = dt.datetime.fromisoformat(span["published_before"])
    return moment < before and not is_older(created, span)


def is_older(created: Any, span: Mapping[str, Any]) -> bool:
    """Say whether a post was published before the span began."""
    moment, start = read_instant(created), span.get("published_from")
    return moment is not None and bool(start) and moment < dt.datetime.fromisoformat(str(start))


def _comment(
    comment: Mapping[str, Any], parent: Any, marks: Mapping[str, Any], page: Page
) -> Iterator[Document]:
    made = read_time(comment.get("create_time"))
    moment = read_instant(made)
    start, end = (dt.datetime.fromisoformat(page.context[k]) for k in ("made_from", "made_before"))
    if moment is None or start <= moment < end:
        own_parent = comment.get("parent_comment_id") or parent
        values = _numbers(comment, schema.Comment)
        yield {**values, **marks, "create_time": made, "parent_comment_id": own_parent}


def _marks(document: Mapping[str, Any], page: Page) -> dict[str, Any]:
    return {
        "business_id": page.context["business_id"],
        "refused_fields": ",".join(page.context["refused_fields"]) or None,
        "is_partial": is_partial(document),
    }


def _report_marks(
    document: Mapping[str, Any], data: Mapping[str, Any], page: Page
) -> dict[str, Any]:
    return {
        "campaign_id": page.context["campaign_id"],
        "country_code": page.context["country_code"] or data.get("country_code") or "",
        "is_partial": is_partial(document),
    }


def _without_empty(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value not in (None, "", [], {})}


def _as_object(value: Any) -> Any:
    """Return views by source as an object; the API's own example has a list of pairs."""
    if not isinstance(value, list):
        return value
    return {
        str(entry.get("source")): read_number(entry.get("video_views"))
        for entry in value
        if isinstance(entry, Mapping)
    }


def _numbers(document: Mapping[str, Any], record: type[Record]) -> dict[str, Any]:
    """Return the document with numbers for the texts of the record's number columns."""
    result = dict(document)
    for *parents, name in _number_paths(record):
        node = result
        for parent in parents:
            inner = node.get(parent)
            if not isinstance(inner, Mapping):
                break
            copied = dict(inner)
            node[parent] = copied
            node = copied
        else:
            if name in node:
                node[name] = read_number(node[name])
    return result


@functools.cache
def _number_paths(record: type[Record]) -> tuple[tuple[str, ...], ...]:
    fields = [field for field in msgspec.structs.fields(record) if _is_number(field.type)]
    return tuple(tuple(_path_of(f.type, f.encode_name).split(".")) for f in fields)


def _is_number(annotation: Any) -> bool:
    if parts := typing.get_args(annotation):
        return any(_is_number(part) for part in parts)
    return annotation in (int, Decimal)


def _path_of(annotation: Any, name: str) -> str:
    metas = getattr(annotation, "__metadata__", ())
    return next((meta.extra["at"] for meta in metas if meta.extra and "at" in meta.extra), name)
