"""What a review asks the published marts; only here are their tables and columns named.

Marts that an installation has not built yet are asked for with `has_mart` and then left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row

from include.review.week import Week

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as its published scorecard names it."""

    campaign_id: str
    name: str
    currency_code: str
    attribution_model: str
    rule_version: str
    as_of_date: dt.date


_CAMPAIGNS: LiteralString = """
select distinct on (daily.campaign_id)
    daily.campaign_id,
    coalesce(scorecard.campaign_name, daily.campaign_id) as name,
    daily.currency_code,
    daily.attribution_model,
    daily.rule_version,
    daily.as_of_date
from marts.mart_creator_campaign_daily as daily
left join marts.mart_creator_scorecard as scorecard on daily.campaign_id = scorecard.campaign_id
where daily.metric_date between %(start)s and %(end)s
order by daily.campaign_id
"""

_CREATOR_WEEKS: LiteralString = """
select
    creator_id,
    max(creator_name) as creator_name,
    metric_date > %(before_end)s as is_this_week,
    sum(credited_order_count) as order_count,
    sum(net_revenue_by_order_date_amount) as net_revenue_amount,
    sum(delivered_cost_amount) as cost_amount,
    sum(published_post_count) as post_count,
    bool_or(has_fallen) as has_fallen
from marts.mart_creator_campaign_daily
where
    campaign_id = %(campaign)s
    and metric_date between %(before_start)s and %(end)s
group by creator_id, metric_date > %(before_end)s
order by creator_id
"""

_SCORECARD: LiteralString = """
select creator_id, creator_name, net_revenue_amount, cost_amount, roas, roas_low, roas_high
from marts.mart_creator_scorecard
where
    campaign_id = %(campaign)s and attribution_model = %(model)s and rule_version = %(rule)s
    and roas is not null and credited_order_count > 0
order by roas desc, creator_id
"""

# A piece that was taken down can show nothing any more: only one that is live wants a label.
UNDISCLOSED: LiteralString = "(disclosure_status = 'absent' and deliverable_status <> 'removed')"

_PIECES: LiteralString = f"""
select
    deliverable_id, creator_id, creator_name, platform, content_format, deliverable_status,
    due_date, published_date, late_day_count, disclosure_status, permalink
from marts.mart_deliverable_status
where
    campaign_id = %(campaign)s
    and (
        (deliverable_status = 'missing' and due_date <= %(end)s)
        or (deliverable_status = 'late' and published_date between %(start)s and %(end)s)
        or ({UNDISCLOSED} and published_date <= %(end)s)
    )
order by due_date, deliverable_id
"""

_CODES: LiteralString = """
select code, creator_id, leak_class, reasons, suggested_compromised_from_date
from marts.mart_code_leakage
where campaign_id = %(campaign)s and leak_class in ('leaked', 'watch')
    and first_date <= %(end)s
order by leak_class, leak_score desc, code
"""

_RESTATED: LiteralString = """
select cause, sum(net_revenue_difference_amount) as net_revenue_amount
from marts.mart_restatements
where
    campaign_id = %(campaign)s and attribution_model = %(model)s and is_restated
    and metric_date < %(start)s and measured_date between %(start)s and %(end)s
group by cause
having sum(net_revenue_difference_amount) <> 0
order by abs(sum(net_revenue_difference_amount)) desc, cause
"""


_AUDIENCES: LiteralString = """
select creator_id, platform, handle, audience_score, reasons
from marts.mart_audience_quality
where campaign_id = %(campaign)s and is_alert
order by audience_score desc, creator_id, platform
"""

_PACING: LiteralString = """
select
    goal_id, metric, unit, target_value, projected_end_low, projected_end_value, projected_end_high
from marts.mart_campaign_pacing
where campaign_id = %(campaign)s
order by goal_id
"""


def has_mart(connection: psycopg.Connection, mart: str) -> bool:
    """Say whether a mart is published."""
    row = connection.execute("select to_regclass(%s)", [f"marts.{mart}"]).fetchone()
    return row is not None and row[0] is not None


def read_campaigns(connection: psycopg.Connection, week: Week) -> list[Campaign]:
    """Return the campaigns with days in the week, by id."""
    rows = read_rows(connection, _CAMPAIGNS, {"start": week.start, "end": week.end})
    return [Campaign(**row) for row in rows]


def read_creator_weeks(
    connection: psycopg.Connection, campaign: Campaign, week: Week
) -> tuple[dict[str, Row], dict[str, Row]]:
    """Return every creator's sums of the week and of the week before."""
    rows = read_rows(connection, _CREATOR_WEEKS, _parameters(campaign, week))
    now = {row["creator_id"]: row for row in rows if row["is_this_week"]}
    before = {row["creator_id"]: row for row in rows if not row["is_this_week"]}
    return now, before


def read_best(connection: psycopg.Connection, campaign: Campaign, week: Week) -> list[Row]:
    """Return the creators with a return so far and its interval, the highest first."""
    return read_rows(connection, _SCORECARD, _parameters(campaign, week))


def read_pieces(connection: psycopg.Connection, campaign: Campaign, week: Week) -> list[Row]:
    """Return pieces that are missing, came late in the week, or are live without disclosure."""
    return read_rows(connection, _PIECES, _parameters(campaign, week))


def read_codes(connection: psycopg.Connection, campaign: Campaign, week: Week) -> list[Row]:
    """Return codes that leaked or look as if, the leaked first."""
    return read_rows(connection, _CODES, _parameters(campaign, week))


def read_restated(connection: psycopg.Connection, campaign: Campaign, week: Week) -> list[Row]:
    """Return what the week's publications changed in the days before it, by cause."""
    return read_rows(connection, _RESTATED, _parameters(campaign, week))


def read_audiences(connection: psycopg.Connection, campaign_id: str) -> list[Row]:
    """Return the accounts to look at, none while the mart is not published."""
    if not has_mart(connection, "mart_audience_quality"):
        return []
    return read_rows(connection, _AUDIENCES, {"campaign": campaign_id})


def read_pacing(connection: psycopg.Connection, campaign_id: str) -> list[Row]:
    """Return where each goal will end, none while the mart is not published."""
    if not has_mart(connection, "mart_campaign_pacing"):
        return []
    return read_rows(connection, _PACING, {"campaign": campaign_id})


def name_creators(rows: Sequence[Row], names: Mapping[str, str | None]) -> list[Row]:
    """Return rows of marts that know a creator's id only, with the name where it is known."""
    return [row | {"creator_name": names.get(row["creator_id"])} for row in rows]


def read_rows(
    connection: psycopg.Connection, query: LiteralString, parameters: dict[str, Any]
) -> list[Row]:
    """Return every row of a query as a dict."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _parameters(campaign: Campaign, week: Week) -> dict[str, Any]:
    return {
        "campaign": campaign.campaign_id,
        "model": campaign.attribution_model,
        "rule": campaign.rule_version,
        "start": week.start,
        "end": week.end,
        "before_start": week.before.start,
        "before_end": week.before.end,
    }
