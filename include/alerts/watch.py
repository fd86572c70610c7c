"""What is wrong right now: one function per kind of alert, each a query over quality or marts.

A subject (a source, a checked day, a piece, a code, a connection) has at most one alert of a kind;
what a function no longer returns has ended. Marts are as published: while a build fails, what it
would say about campaigns is not known, and `publication` says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, LiteralString

from include.alerts.days import (
    PUBLICATION_DUE,
    failed_checks,
    failed_measurement,
    late_publication,
    late_sources,
    late_windows,
    slow_measurement,
)
from include.alerts.situation import Alert, Situation
from include.page_paths import campaign_page, freshness_page
from include.review.findings import describe_piece, find_pacing_risks
from include.review.reading import UNDISCLOSED, has_mart, read_pacing, read_rows
from include.spoken_names import leak_reasons

# Tokens renew themselves a little before they must; a day without it is a failure.
RENEWAL_GRACE = dt.timedelta(days=1)
# Time for a person to log in again before a token's end.
EXPIRY_NOTICE = dt.timedelta(days=14)


def far_off_goals(at: Situation) -> list[Alert]:
    """Goals whose projected end misses the target by a fifth even at its best."""
    campaigns = [
        name
        for (name,) in at.warehouse.execute(
            "select campaign_id from core.dim_campaign where %s between start_date and end_date"
            " order by campaign_id",
            [at.due_day(PUBLICATION_DUE)],
        ).fetchall()
    ]
    return [
        Alert("pacing", f"{campaign}/{risk.subject}", risk.message, campaign_page(campaign))
        for campaign in campaigns
        for risk in find_pacing_risks(read_pacing(at.warehouse, campaign))
    ]


_LEAKED: LiteralString = """
select
    leaked.campaign_id, leaked.code, leaked.reasons, leaked.suggested_compromised_from_date,
    coalesce(creators.creator_name, leaked.creator_id) as creator_name
from marts.mart_code_leakage as leaked
left join core.dim_creator as creators
    on leaked.campaign_id = creators.campaign_id and leaked.creator_id = creators.creator_id
where
    leaked.leak_class = 'leaked'
    -- A person has said so in the campaign file: then it is known.
    and not exists (
        select 1
        from core.dim_code as known
        where
            known.campaign_id = leaked.campaign_id
            and known.creator_id = leaked.creator_id
            and known.code = leaked.code
            and known.compromised_from_date is not null
    )
order by leaked.campaign_id, leaked.code
"""


def leaked_codes(at: Situation) -> list[Alert]:
    """Codes that leaked and that no campaign file calls compromised yet."""
    return [
        Alert(
            "code_leaked",
            f"{row['campaign_id']}/{row['code']}",
            f"{row['creator_name']}: code {row['code']} leaked: "
            f"{leak_reasons(row['reasons'])}{_since(row)}",
            campaign_page(row["campaign_id"]),
        )
        for row in read_rows(at.warehouse, _LEAKED, {})
    ]


def _since(row: Mapping[str, Any]) -> str:
    day = row["suggested_compromised_from_date"]
    return f"; enter compromised_from: {day} in the campaign file" if day else ""


_UNDISCLOSED: LiteralString = f"""
select
    campaign_id, creator_id, creator_name, deliverable_id, platform, content_format, due_date,
    permalink
from marts.mart_deliverable_status
where {UNDISCLOSED}
order by campaign_id, deliverable_id
"""


def missing_disclosures(at: Situation) -> list[Alert]:
    """Live pieces that show neither the platform's label nor a word of disclosure."""
    return [
        Alert(
            "disclosure_missing",
            f"{row['campaign_id']}/{row['deliverable_id']}",
            f"{row['creator_name'] or row['creator_id']}: {describe_piece(row)} is not disclosed"
            f": {row['permalink']}",
            campaign_page(row["campaign_id"]),
        )
        for row in read_rows(at.warehouse, _UNDISCLOSED, {})
    ]


def expiring_tokens(at: Situation) -> list[Alert]:
    """Tokens that were to be renewed a day ago, and those that end soon.

    Of the plan's connections: the stored row of one that left it is no longer renewed.
    """
    stored = at.vault.execute(
        """
        select connection_id, expires_at, refresh_expires_at from secrets.oauth_token
        where sealed is not null and connection_id = any(%s)
        order by connection_id
        """,
        [list(at.connections)],
    ).fetchall()
    found: dict[str, str] = {}
    for conn_id, due, end in stored:
        if due is not None and due < at.now - RENEWAL_GRACE:
            found[conn_id] = (
                f"the token of connection {conn_id} was to be renewed by {due:%Y-%m-%d} and "
                "was not: see the log of its last load, or log in again"
            )
        if end is not None:
            found |= _near_end(at, conn_id, "refresh token", at.date_of(end))
    for conn_id, last_day in sorted(at.expiries.items()):
        found |= _near_end(at, conn_id, "token", last_day)
    return [
        Alert("token_expiring", conn_id, message, freshness_page())
        for conn_id, message in sorted(found.items())
    ]


def _near_end(at: Situation, conn_id: str, what: str, end: dt.date) -> dict[str, str]:
    """Return the message about a token that ends within the notice, by connection; else none."""
    today = at.date_of(at.now)
    if end - today > EXPIRY_NOTICE:
        return {}
    word = "ends" if end >= today else "ended"
    return {conn_id: f"the {what} of connection {conn_id} {word} on {end}: log in again"}


WATCHED: Mapping[str, Callable[[Situation], list[Alert]]] = {
    "source_late": late_sources,
    "window_late": late_windows,
    "publication_late": late_publication,
    "measurement_failed": failed_measurement,
    "measurement_slow": slow_measurement,
    "check_failed": failed_checks,
    "pacing": far_off_goals,
    "code_leaked": leaked_codes,
    "disclosure_missing": missing_disclosures,
    "token_expiring": expiring_tokens,
}
# Kinds that read a mart: not judged, so neither begun nor ended, while it is not published.
NEEDED_MARTS: Mapping[str, str] = {
    "pacing": "mart_campaign_pacing",
    "code_leaked": "mart_code_leakage",
    "disclosure_missing": "mart_deliverable_status",
}


def look_around(at: Situation) -> tuple[list[Alert], list[str]]:
    """Return everything that is wrong, and the kinds that could be judged."""
    found: list[Alert] = []
    judged = []
    for kind, look in WATCHED.items():
        mart = NEEDED_MARTS.get(kind)
        if mart is None or has_mart(at.warehouse, mart):
            found += look(at)
            judged.append(kind)
    return found, judged


def read_expiries(extras: Mapping[str, Mapping[str, Any]]) -> dict[str, dt.date]:
    """Return the day on which a connection's token ends, where `extra.expires_on` names one."""
    return {
        conn_id: dt.date.fromisoformat(str(extra["expires_on"]))
        for conn_id, extra in extras.items()
        if extra.get("expires_on")
    }
