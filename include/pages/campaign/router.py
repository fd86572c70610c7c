"""The page's endpoints: the page itself, and each of its tables as CSV."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from include.pages.campaign.audience import read_audience
from include.pages.campaign.content import read_content
from include.pages.campaign.creators import read_creators
from include.pages.campaign.days import read_days
from include.pages.campaign.delivery import read_delivery
from include.pages.campaign.exports import EXPORTS, csv_links
from include.pages.campaign.funnel import read_funnel
from include.pages.campaign.headline import read_headline, read_publication
from include.pages.campaign.pacing import read_pacing
from include.pages.campaign.risks import read_codes, read_concentration, read_models
from include.pages.campaign.selection import Selection, read_selection
from include.pages.campaign.tracking import read_tracking
from include.pages.csv_export import csv_response
from include.pages.guard import READ_CAMPAIGNS
from include.pages.reader import Reader, Snapshot
from include.pages.rendering import render

router = APIRouter()


@router.get("/campaign", dependencies=[READ_CAMPAIGNS])
def show_campaign(request: Request) -> Response:
    """Show one campaign under a model and rule version; the newest campaign unless one is named."""
    reader: Reader = request.app.state.reader
    with reader.snapshot() as snapshot:
        context: dict[str, Any] = {**read_publication(snapshot)}
        selection = read_selection(request, snapshot)
        if selection is None:
            return render(request, "campaign_empty.html", context)
        context |= _read_sections(request, snapshot, selection)
        context["csv"] = csv_links(request.scope.get("root_path", ""), selection)
    return render(request, "campaign.html", {**context, "selection": selection})


@router.get("/campaign/{table}.csv", dependencies=[READ_CAMPAIGNS])
def download_table(request: Request, table: str) -> Response:
    """Return every row of a table of the page under the chosen model and rule version."""
    export = EXPORTS.get(table)
    if export is None:
        raise HTTPException(404, f"the page has no such table; allowed: {', '.join(EXPORTS)}")
    reader: Reader = request.app.state.reader
    with reader.snapshot() as snapshot:
        selection = read_selection(request, snapshot)
        if selection is None:
            raise HTTPException(404, "nothing has been published yet")
        rows = export.read_rows(snapshot, selection)
    return csv_response(f"{table}.csv", export.columns, rows)


def _read_sections(request: Request, snapshot: Snapshot, selection: Selection) -> dict[str, object]:
    return {
        **read_headline(snapshot, selection),
        **read_pacing(snapshot, selection),
        **read_days(snapshot, selection),
        **read_creators(request, snapshot, selection),
        **read_funnel(snapshot, selection),
        **read_content(request, snapshot, selection),
        **read_delivery(request, snapshot, selection),
        **read_audience(request, snapshot, selection),
        **read_tracking(snapshot, selection),
        **read_models(request, snapshot, selection),
        **read_codes(request, snapshot, selection),
        **read_concentration(snapshot, selection),
    }
