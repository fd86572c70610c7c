"""The campaign page."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from psycopg import sql

from include.pages.guard import READ_CAMPAIGNS
from include.pages.reader import Reader
from include.pages.rendering import render
from include.pages.tables import Column, Table, read_choice, read_page

router = APIRouter()

CREATORS = Table(
    "creators",
    (
        Column("creator_name", "Creator"),
        Column("net_revenue_amount", "Net revenue", "money"),
        Column("roas", "ROAS", "times", 2),
    ),
    sort="roas",
    key=("creator_name",),
)
_CREATORS_SQL = sql.SQL("select * from marts.mart_creator_scorecard")


@router.get("/campaign", dependencies=[READ_CAMPAIGNS])
def show_campaign(request: Request) -> Response:
    """Show one campaign."""
    reader: Reader = request.app.state.reader
    choice = read_choice(request, CREATORS)
    with reader.snapshot() as snapshot:
        if not snapshot.columns("marts.mart_creator_scorecard"):
            return render(request, "campaign.html", {"creators": None})
        creators = read_page(snapshot, choice, _CREATORS_SQL)
    return render(request, "campaign.html", {"creators": creators})
