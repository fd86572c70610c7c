"""Pages of the real sources in which Ana and Bea appear, as their sessions would land them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.http.redact import Redactor
from include.sources._base import Page, Source
from include.sources.files import SOURCE as FILES
from include.sources.ga4_export import SOURCE as GA4_EXPORT
from include.sources.instagram import SOURCE as INSTAGRAM
from include.sources.tiktok import SOURCE as TIKTOK
from include.sources.woocommerce import SOURCE as WOOCOMMERCE
from include.sources.youtube import SOURCE as YOUTUBE
from tests.fakes.small_shop import NOON
from tests.fakes.watched_folder import HASH_KEY, WatchedFolder

AT = "2026-11-04T09:00:00Z"
SPAN = {
    "published_from": "2026-10-01T00:00:00+00:00",
    "published_before": "2026-11-05T05:00:00+00:00",
}


@dataclass(frozen=True)
class Case:
    """Streams of a source with their pages; how Ana is named, and every text that names her."""

    source: Source
    pages: Mapping[str, Sequence[Page]]
    customer: Mapping[str, Any]
    plain: Sequence[str] = ()
    hashed: Sequence[str] = ()
    rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        hashes = [Redactor(HASH_KEY, frozenset()).hash_value(value) for value in self.hashed]
        return [*(text.lower() for text in self.plain), *hashes]


def landed(source: Source, stream: str, body: bytes, context: Mapping[str, Any]) -> Page:
    """A page as a session gives it."""
    redactor = Redactor(HASH_KEY, source.stream(stream).personal_keys)
    return Page(redactor.body(body), 200, NOON, "api", {"method": "GET"}, context=context)


def listed(source: Source, stream: str, document: Any, context: Mapping[str, Any]) -> Page:
    """A page of a JSON document."""
    return landed(source, stream, json.dumps(document).encode(), context)


def youtube(_: Path) -> Case:
    def thread(number: int, name: str, channel: str) -> dict[str, Any]:
        author = {
            "authorDisplayName": f"@{name}",
            "authorChannelId": {"value": channel},
            "authorChannelUrl": f"http://www.youtube.com/@{name}",
            "authorProfileImageUrl": f"https://yt3.example/{name}.jpg",
        }
        comment = {"textDisplay": "Hi", "likeCount": 0, "publishedAt": AT, "updatedAt": AT}
        top = {"id": f"t{number}", "snippet": {**comment, **author}}
        return {
            "id": f"t{number}",
            "snippet": {"totalReplyCount": 0, "topLevelComment": top},
        }

    ana, bea = "UC" + "a" * 22, "UC" + "b" * 22
    items = [thread(1, "AnaSmith", ana), thread(2, "BeaJones", bea), thread(3, "AnaSmith", ana)]
    context = {"videoId": "v1", "channelId": "c1", "readAt": AT, "isFirst": True}
    return Case(
        YOUTUBE,
        {"comments": [listed(YOUTUBE, "comments", {"items": items}, context)]},
        {"id": ana},
        hashed=(
            ana,
            "@AnaSmith",
            "http://www.youtube.com/@AnaSmith",
            "https://yt3.example/AnaSmith.jpg",
        ),
        rows={"comments": 3},
    )


def tiktok(_: Path) -> Case:
    def comment(number: int, name: str) -> dict[str, Any]:
        return {
            "comment_id": f"7{number}",
            "video_id": "71",
            "create_time": "1793786400",
            "text": "nice",
            "username": name,
            "unique_identifier": f"unique-{name}",
            "user_id": f"id-{name}",
            "display_name": f"I am {name}",
            "profile_image": f"https://p16.example/{name}.jpg",
        }

    answer = {"code": 0, "data": {"comments": [comment(1, "ana.smith"), comment(2, "bea.jones")]}}
    context = {
        "business_id": "b1",
        "made_from": "2026-11-04T00:00:00+00:00",
        "made_before": "2026-11-05T00:00:00+00:00",
    }
    return Case(
        TIKTOK,
        {"comments": [listed(TIKTOK, "comments", answer, context)]},
        {"username": "Ana.Smith"},
        hashed=(
            "ana.smith",
            "unique-ana.smith",
            "id-ana.smith",
            "I am ana.smith",
            "https://p16.example/ana.smith.jpg",
        ),
        rows={"comments": 2},
    )


def instagram(_: Path) -> Case:
    def comment(number: int, name: str) -> dict[str, Any]:
        return {"id": f"c{number}", "text": "Hi", "timestamp": AT, "username": name}

    def post(number: int, name: str) -> dict[str, Any]:
        link = f"https://www.instagram.com/{name}/p/{number}"
        caption = f"By @{name}, for the brand"
        return {
            "id": f"p{number}",
            "timestamp": AT,
            "username": name,
            "caption": caption,
            "permalink": link,
        }

    comments = {"data": [comment(1, "ana.smith"), comment(2, "bea.jones")]}
    tags = {"data": [post(1, "ana.smith"), post(2, "bea.jones"), post(3, "ana.smith")]}
    context = {**SPAN, "account_id": "17"}
    return Case(
        INSTAGRAM,
        {
            "comments": [listed(INSTAGRAM, "comments", comments, {**context, "media_id": "m1"})],
            "tags": [listed(INSTAGRAM, "tags", tags, context)],
        },
        {"username": "ana.smith"},
        plain=("ana.smith",),
        hashed=("ana.smith",),
        rows={"comments": 2, "tags": 3},
    )


def survey_files(root: Path) -> Case:
    folder = WatchedFolder(root / "incoming", FILES, {"settle_seconds": 0})
    name = "post_purchase_survey"
    head = "response_id,submitted_at,answer,customer_email,customer_phone,comment\r\n"
    rows = [
        f'r1,{AT},a friend,Ana@Smith.example,+1 555 010 0999,"say {{{{name}}}} or [""x""]"',
        f"r2,{AT},a post,bea@jones.example,,ask ana@smith.example",
        f"r4,{AT},a story,bea@jones.example,,",
    ]
    folder.put(f"{name}/a.csv", head + "\r\n".join(rows) + "\r\n")
    line = {"response_id": "r3", "submitted_at": AT, "answer": "b"}
    folder.put(f"{name}/b.jsonl", json.dumps({**line, "customer_email": "ana@smith.example"}))
    return Case(
        FILES,
        {name: folder.read(name).pages},
        {"email": "ana@smith.example"},
        plain=("smith.example",),
        hashed=("ana@smith.example", "+1 555 010 0999"),
        rows={name: 4},
    )


def ga4_export(root: Path) -> Case:
    def event(number: int, user: str, cookie: str, email: str) -> str:
        params = [{"key": "email", "value": {"string_value": email}}]
        event = {
            "event_date": "20261104",
            "event_timestamp": str(1_793_786_400_000_000 + number),
            "event_name": "purchase",
            "event_params": params,
            "user_id": user,
            "user_pseudo_id": cookie,
        }
        return json.dumps(event) + "\n"

    folder = WatchedFolder(root / "export", GA4_EXPORT, {"settle_seconds": 0})
    ana, bea = ("crm-ana", "11.22", "ana@smith.example"), ("crm-bea", "33.44", "bea@jones.example")
    text = event(1, *ana) + event(2, *bea) + event(3, "crm-ana", "55.66", "ana@smith.example")
    folder.put("events_20261104.json", text)
    return Case(
        GA4_EXPORT,
        {"events": folder.read("events").pages},
        {"id": "crm-ana", "email": "ana@smith.example"},
        hashed=("crm-ana", "11.22", "55.66", "ana@smith.example"),
        rows={"events": 3},
    )


def woocommerce(_: Path) -> Case:
    def order(number: int, customer: int, email: str) -> dict[str, Any]:
        money = dict.fromkeys(("discount_total", "shipping_total", "total_tax"), "0.00")
        times = dict.fromkeys(("date_created", "date_created_gmt", "date_modified_gmt"), AT[:-1])
        return {
            **money,
            **times,
            "id": number,
            "number": str(number),
            "parent_id": 0,
            "status": "completed",
            "currency": "EUR",
            "prices_include_tax": True,
            "total": "4217.00",
            "customer_id": customer,
            "billing": {"email": email, "country": "DE"},
        }

    # A dump of a plugin's before the JSON: brackets, and more quotes than one expects.
    notice = b'array(1) {\n  ["size"]=>\n  string(2) "5""\n}\n<br />\n<b>Warning</b>: x<br />\n'
    orders = [
        order(1, 4217, "ana@smith.example"),
        order(4217, 18, "bea@jones.example"),
        order(3, 0, "ana@smith.example"),
    ]
    body = notice + json.dumps(orders).encode()
    return Case(
        WOOCOMMERCE,
        {"orders": [landed(WOOCOMMERCE, "orders", body, {})]},
        {"id": 4217, "email": "ana@smith.example"},
        plain=('"customer_id": 4217', '"customer_id":4217'),
        hashed=("ana@smith.example",),
        rows={"orders": 3},
    )


CASES = (youtube, tiktok, instagram, survey_files, ga4_export, woocommerce)
