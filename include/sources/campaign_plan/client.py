"""Read campaign files as pages, and pages back as plans."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from include.campaigns.schedule import campaign_files, default_folder
from include.sources._base import FetchContext, Page

if TYPE_CHECKING:
    from include.campaigns.model import CampaignPlan

# DAG files import this source at parse time: pydantic is imported inside the functions.


def fetch_files(ctx: FetchContext) -> Iterator[Page]:
    """Yield one page per file, its text verbatim as a JSON string; wrong files are never landed.

    Raises `InvalidPlan` listing the problems of all files.
    """
    from include.campaigns.plan import parse_plan
    from include.campaigns.plan_set import load_plans

    folder = Path(ctx.connection.extra.get("path") or default_folder())
    load_plans(folder)
    for path in campaign_files(folder):
        text = path.read_text(encoding="utf-8")
        document = {"file": path.name, "text": text}
        campaign_id = parse_plan(text, path.name).plan.campaign.id
        yield Page(
            body=json.dumps(document, ensure_ascii=False).encode(),
            status=200,
            captured_at=dt.datetime.now(dt.UTC),
            captured_at_source="local",
            request={"method": "READ", "file": path.name},
            document=document,
            context={"slices": [[campaign_id]]},
        )


def parse_file(document: object) -> tuple[CampaignPlan, str]:
    """Return the plan of a page and its version, the SHA-256 of the file's text."""
    from include.campaigns.plan import parse_plan

    if not isinstance(document, Mapping):
        raise TypeError(f"a page of the campaign plan is an object, not {type(document).__name__}")
    text = str(document["text"])
    plan = parse_plan(text, str(document["file"])).plan
    return plan, hashlib.sha256(text.encode()).hexdigest()
