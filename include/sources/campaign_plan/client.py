"""Read campaign files as pages, and pages back as plans."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from include.campaigns.schedule import campaign_files, default_folder
from include.sources._base import FetchContext, Page

if TYPE_CHECKING:
    from include.campaigns.model import CampaignPlan

# DAG files import this source at parse time: pydantic is imported inside the functions.

_log = logging.getLogger(__name__)


def fetch_files(
    ctx: FetchContext, slices_of: Callable[[CampaignPlan], list[list[str]]]
) -> Iterator[Page]:
    """Yield one page per file, its text verbatim as a JSON string; wrong files are never landed.

    slices_of: what of the stream's table a plan replaces. Raises `InvalidPlan` listing the problems
    of all files.
    """
    for path, plan, text in _read_folder(ctx):
        document = {"file": path.name, "text": text}
        yield _page(document, {"method": "READ", "file": path.name}, {"slices": slices_of(plan)})


def fetch_day(ctx: FetchContext) -> Iterator[Page]:
    """Yield one page that says which campaigns, versions and creators the folder holds today.

    The day is the reader's own, not the window's: loading an old day again must not make it look
    as if the plan of today had been there then. What the files say that does not fit together is
    logged here, once per run: the other streams read the same files.
    """
    from include.campaigns.plan_set import read_plan_set

    for warning in read_plan_set(campaign_files(_folder(ctx))).warnings:
        _log.warning("campaign plan: %s", warning)
    found = list(_read_folder(ctx))
    zone = ZoneInfo(found[0][1].reporting_timezone)
    campaigns = {
        plan.campaign.id: {
            "plan_version": version_of(text),
            "creators": [creator.id for creator in plan.creators],
        }
        for _, plan, text in found
    }
    instant = read_clock()
    document = {"read_date": instant.astimezone(zone).date().isoformat(), "campaigns": campaigns}
    yield _page(document, {"method": "LIST"}, {}, instant)


def read_clock() -> dt.datetime:
    """Return the instant at which files are read; there is no API that could say it."""
    return dt.datetime.now(dt.UTC)


def version_of(text: str) -> str:
    """Return the version of a campaign file: the SHA-256 of its text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read_folder(ctx: FetchContext) -> Iterator[tuple[Path, CampaignPlan, str]]:
    from include.campaigns.document import read_document
    from include.campaigns.plan import parse_plan
    from include.campaigns.plan_set import load_plans

    folder = _folder(ctx)
    load_plans(folder)
    for path in campaign_files(folder):
        text = read_document(path)
        yield path, parse_plan(text, path.name).plan, text


def _folder(ctx: FetchContext) -> Path:
    return Path(ctx.connection.extra.get("path") or default_folder())


def _page(
    document: Mapping[str, Any],
    request: Mapping[str, str],
    context: Mapping[str, Any],
    instant: dt.datetime | None = None,
) -> Page:
    return Page(
        body=json.dumps(document, ensure_ascii=False).encode(),
        status=200,
        captured_at=instant or read_clock(),
        captured_at_source="local",
        request=request,
        document=document,
        context=context,
    )


def parse_file(document: object) -> tuple[CampaignPlan, str]:
    """Return the plan of a page and its version, the SHA-256 of the file's text."""
    from include.campaigns.plan import parse_plan

    if not isinstance(document, Mapping):
        raise TypeError(f"a page of the campaign plan is an object, not {type(document).__name__}")
    text = str(document["text"])
    plan = parse_plan(text, str(document["file"])).plan
    return plan, version_of(text)
