"""Bad days of the Business API; see `include.sandbox.faults`.

Whatever happens comes with HTTP 200 and a code. Lists with a cursor announce no counts, so a lost
item cannot be told there from one that never was: `lost_page` is played on numbered pages alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from include.sandbox.faults import Answer, Ask, Call, ProtocolFault, json_answer, lasting
from include.sources.tiktok.envelope import LISTS

_SIZES = ("max_count", "limit")
_PROFILE, _VIDEOS = "/business/get/", "/business/video/list/"
_POST_LISTS = (_VIDEOS, "/public/video/list/")


async def throttle(call: Call, ask: Ask) -> Answer | None:
    """One call too many: a code in HTTP 200, as number or text, and no time to wait."""
    code = (40100, 40132, 40133, 61000)[call.pick(4)]
    said = "Too many requests. Please retry in some time."
    return _refused(str(code) if call.pick(8) % 2 else code, said)


async def token_expiry(call: Call, ask: Ask) -> Answer | None:
    """The access token of a connected account ends; the brand's own one never does."""
    if "/business/" not in call.path:
        return None
    return _refused((40102, 40105)[call.pick(2)], "Access token has expired.")


async def empty_last_page(call: Call, ask: Ask) -> Answer | None:
    """The last page says that more follow, and they are none."""
    answer = await ask(call)
    document = answer.json()
    place = _position(document)
    if not _items(document) or place.get("has_more") is not False:
        return None
    place["has_more"] = True
    return answer.with_json(document)


async def fewer_items(call: Call, ask: Ask) -> Answer | None:
    """A page holds a third of the items asked for, and more follow."""
    name = next((name for name in _SIZES if int(call.query.get(name, 0)) > 1), None)
    if name is None:
        return None
    return await ask(call.with_query(**{name: str(max(1, int(call.query[name]) // 3))}))


async def missing_keys(call: Call, ask: Ask) -> Answer | None:
    """`data` is absent although the code says OK, or the list in it."""
    answer = await ask(call)
    document = answer.json()
    if str(document.get("code")) != "0":
        return None
    name = next((name for name in LISTS if name in document["data"]), None)
    if name is not None and call.pick(2):
        del document["data"][name]
    else:
        del document["data"]
    return answer.with_json(document)


async def duplicate_across_pages(call: Call, ask: Ask) -> Answer | None:
    """A page begins with the last item of the first page."""
    number = int(call.query.get("page", 1))
    if number < 2 and int(call.query.get("cursor", 0)) == 0:
        return None
    first: dict[str, str | None] = {"page": "1"} if number > 1 else {"cursor": None}
    earlier = _items((await ask(call.with_query(**first))).json())
    answer = await ask(call)
    document = answer.json()
    if not earlier or not _items(document):
        return None
    _items(document).insert(0, earlier[-1])
    return answer.with_json(document)


async def lost_page(call: Call, ask: Ask) -> Answer | None:
    """Half of a numbered page's items are missing; `total_number` counts them."""
    answer = await ask(call)
    document = answer.json()
    items = _items(document)
    if "total_number" not in _position(document) or not items:
        return None
    del items[len(items) // 2 :]
    return answer.with_json(document)


async def empty_for_missing_permission(call: Call, ask: Ask) -> Answer | None:
    """The list of a connected account is empty, as without `video.list`."""
    if not call.path.endswith(_VIDEOS):
        return None
    answer = await ask(call)
    document = answer.json()
    if not _items(document):
        return None
    _items(document).clear()
    _position(document)["has_more"] = False
    return answer.with_json(document)


@lasting(lambda call: call.query.get("business_id") if call.path.endswith(_VIDEOS) else None)
async def refused_metric(call: Call, ask: Ask) -> Answer | None:
    """An account does not have one of the metrics: the whole call is refused, whenever asked."""
    name = ("reach", "shares", "full_video_watched_rate")[call.pick(3)]
    if name not in json.loads(call.query.get("fields", "[]")):
        return None
    said = "Please correct the information in invalid metric fields and try again. Invalid metric "
    return _refused(40002, f"{said}fields: ['{name}']")


async def new_field(call: Call, ask: Ask) -> Answer | None:
    """Posts have a field nobody asked for."""
    return await _with_posts(call, ask, lambda post: post.update(is_boosted=False))


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """Posts have no time any more."""

    def change(post: dict[str, Any]) -> None:
        post.pop("create_time", None)

    return await _with_posts(call, ask, change)


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """The number of views is an object."""

    def change(post: dict[str, Any]) -> None:
        post["video_views"] = {"count": post["video_views"]}

    return await _with_posts(call, ask, change)


FAULTS: Mapping[str, ProtocolFault] = {
    "throttle": throttle,
    "token_expiry": token_expiry,
    "empty_last_page": empty_last_page,
    "fewer_items": fewer_items,
    "missing_keys": missing_keys,
    "duplicate_across_pages": duplicate_across_pages,
    "lost_page": lost_page,
    "empty_for_missing_permission": empty_for_missing_permission,
    "refused_metric": refused_metric,
    "new_field": new_field,
    "field_gone": field_gone,
    "type_changed": type_changed,
}


def _refused(code: int | str, message: str) -> Answer:
    said = {"code": code, "message": message, "request_id": "20261104000000FA017"}
    return json_answer({**said, "data": {}})


def _items(document: Any) -> list[Any]:
    """Return the list an answer holds, to be changed; empty for another answer."""
    data = document.get("data") or {}
    return next((data[name] for name in LISTS if isinstance(data.get(name), list)), [])


def _position(document: Any) -> dict[str, Any]:
    """Return the object that says where in the list the answer is."""
    data: dict[str, Any] = document.get("data") or {}
    info: dict[str, Any] = data.get("page_info") or data
    return info


async def _with_posts(
    call: Call, ask: Ask, change: Callable[[dict[str, Any]], None]
) -> Answer | None:
    """Change every post of a list that holds its counters."""
    if not call.path.endswith(_POST_LISTS):
        return None
    answer = await ask(call)
    document = answer.json()
    posts = [post for post in _items(document) if "video_views" in post]
    for post in posts:
        change(post)
    return answer.with_json(document) if posts else None
