"""What is wrong right now: one function per kind of alert, each a query over quality or marts.

A subject (a source, a suite, a piece, a code, a connection) has at most one alert of a kind; what a
function no longer returns has ended. Marts are as published: while a build fails, what it would say
about campaigns is not known, and `publication` says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

import psycopg

from include.page_paths import campaign_page, checks_page, freshness_page, publications_page
from include.review.findings import describe_piece, find_pacing_risks
from include.review.reading import has_mart, read_pacing, read_rows
from include.spoken_names import leak_reasons, suite_name

# Wall-clock times of the reporting time zone: `close_day` runs at the first, and a publication
# has an hour from then on.
ARRIVAL_DUE = dt.time(9)
PUBLICATION_DUE = dt.time(10)
# A measurement of the sample takes two minutes.
MEASURED_WITHIN = dt.timedelta(hours=1)
# Tokens renew themselves a little before they must; a day without it is a failure.
RENEWAL_GRACE = dt.timedelta(days=1)
# Time for a person to log in again before the end that a connection names in `extra.expires_on`.
EXPIRY_NOTICE = dt.timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong; `page_path` is where to look."""

    kind: str
    subject: str
    message: str
    page_path: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What the functions look at.

    warehouse: a connection that reads quality, marts and core; vault: one that reads
    `secrets.oauth_token`. expiries: the last day of a token, by connection id, where its
    connection names one.
    """

    warehouse: psycopg.Connection
    vault: psycopg.Connection
    now: dt.datetime
    timezone: str
    sources: Sequence[str]
    expiries: Mapping[str, dt.date] = field(default_factory=dict)

    def due_day(self, due: dt.time) -> dt.date:
        """Return the newest business date whose hour `due` on the day after has passed."""
        local = self.now.astimezone(ZoneInfo(self.timezone))
        return local.date() - dt.timedelta(days=1 if local.time() >= due else 2)


def late_sources(at: Situation) -> list[Alert]:
    """Sources without the day that was due at 09:00; none before anything ever arrived."""
    day = at.due_day(ARRIVAL_DUE)
    newest: dict[str, dt.date] = dict(
        at.warehouse.execute(
            "select source, max(day) from quality.source_arrivals group by source"
        ).fetchall()
    )
    arrived = {
        source
        for (source,) in at.warehouse.execute(
            "select source from quality.source_arrivals where day = %s", [day]
        ).fetchall()
    }
    if not newest:
        return []
    return [
        Alert(
            "source_late",
            source,
            f"{suite_name(source)} has not arrived for {day} (due at {ARRIVAL_DUE:%H:%M} "
            f"{at.timezone}); its newest day is {newest.get(source, 'none')}",
            freshness_page(),
        )
        for source in sorted(set(at.sources) - arrived)
    ]


def late_publication(at: Situation) -> list[Alert]:
    """The published marts do not hold the day that was due at 10:00."""
    day = at.due_day(PUBLICATION_DUE)
    row = at.warehouse.execute(
        """
        select greatest(run.day, run.as_of_date), published.version
        from quality.publications as published
        inner join quality.measure_runs as run on published.measure_run_id = run.measure_run_id
        where published.is_current
        """
    ).fetchone()
    if row is None or row[0] >= day:
        return []
    message = (
        f"{day} is not published (due at {PUBLICATION_DUE:%H:%M} {at.timezone}); version {row[1]} "
        f"of {row[0]} is served"
    )
    return [Alert("publication_late", "marts", message, publications_page())]


def slow_measurement(at: Situation) -> list[Alert]:
    """A measure run that has been open for longer than it may take."""
    row = at.warehouse.execute(
        """
        select day, measure_run_id, opened_at from quality.measure_runs
        where status = 'open' and opened_at < %s
        order by measure_run_id desc
        limit 1
        """,
        [at.now - MEASURED_WITHIN],
    ).fetchone()
    if row is None:
        return []
    opened_at = row[2].astimezone(ZoneInfo(at.timezone))
    message = (
        f"the measurement of {row[0]} (run {row[1]}) has been open since "
        f"{opened_at:%Y-%m-%d %H:%M} {at.timezone}; what was published before stays served"
    )
    return [Alert("measurement_slow", "marts", message, publications_page())]


_FAILED_CHECKS: LiteralString = """
with newest as (
    select distinct on (suite) suite, run_id, partition_key
    from quality.expectation_results
    order by suite, result_id desc
)

select
    newest.suite,
    newest.partition_key,
    count(*) as failed_count,
    min(results.table_name || ': ' || results.expectation) as first_failure
from newest
inner join quality.expectation_results as results
    on newest.suite = results.suite
    and newest.run_id = results.run_id
    and newest.partition_key is not distinct from results.partition_key
where not results.success and results.severity = 'critical'
group by newest.suite, newest.partition_key
order by newest.suite
"""


def failed_checks(at: Situation) -> list[Alert]:
    """Suites whose newest run has critical failures: a day or a publication is held back."""
    return [_failed_check(row) for row in read_rows(at.warehouse, _FAILED_CHECKS, {})]


def _failed_check(row: Mapping[str, Any]) -> Alert:
    suite, day, count = row["suite"], row["partition_key"], row["failed_count"]
    what = "a critical check fails" if count == 1 else f"{count} critical checks fail"
    example = f"{'' if count == 1 else 'such as '}{row['first_failure']}"
    message = (
        f"{suite_name(suite)}{f', {day}' if day else ''}: {what}, {example}; what was published "
        "before stays served"
    )
    return Alert("check_failed", suite, message, checks_page(suite, day or ""))


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


_UNDISCLOSED: LiteralString = """
select
    campaign_id, creator_id, creator_name, deliverable_id, platform, content_format, due_date,
    permalink
from marts.mart_deliverable_status
where disclosure_status = 'absent' and deliverable_status <> 'removed'
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
    """Tokens that were to be renewed a day ago, and those whose connection names a near end."""
    overdue = at.vault.execute(
        """
        select connection_id, expires_at from secrets.oauth_token
        where sealed is not null and expires_at < %s
        order by connection_id
        """,
        [at.now - RENEWAL_GRACE],
    ).fetchall()
    found = {
        conn_id: f"the token of connection {conn_id} was to be renewed by {due:%Y-%m-%d} and "
        "was not: see the log of its last load, or log in again"
        for conn_id, due in overdue
    }
    today = at.now.astimezone(ZoneInfo(at.timezone)).date()
    for conn_id, end in sorted(at.expiries.items()):
        if end - today <= EXPIRY_NOTICE:
            word = "ends" if end >= today else "ended"
            found[conn_id] = f"the token of connection {conn_id} {word} on {end}: log in again"
    return [
        Alert("token_expiring", conn_id, message, freshness_page())
        for conn_id, message in sorted(found.items())
    ]


WATCHED: Mapping[str, Callable[[Situation], list[Alert]]] = {
    "source_late": late_sources,
    "publication_late": late_publication,
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
