"""The step between the two dbt groups that judges discount codes: redemptions in, scores out.

Reads what dbt counted per code and day, runs `include/attribution/leakage.py` campaign by campaign,
and replaces `analysis.code_leakage` in one transaction.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Sequence

import psycopg

from include.attribution.leakage import CodeDay, CodeHistory, LeakScore, PartScore, score_codes
from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

Owned = tuple[str, str, str]  # campaign_id, code_key, creator_id


def score_leaks(dsn: str, measure_run_id: int) -> int:
    """Score every code of every campaign; return the number of rows written.

    `dsn` is the transformer's. Raise `Unavailable` when the warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        campaigns = _read_codes(connection)
        connection.execute("delete from analysis.code_leakage")
        written = 0
        for owned, histories in campaigns.items():
            scores = score_codes(histories)
            _write(connection, measure_run_id, owned, scores)
            written += len(scores)
    log.info("scored %s codes for measure run %s", written, measure_run_id)
    return written


def _read_codes(
    connection: psycopg.Connection,
) -> dict[tuple[Owned, ...], list[CodeHistory]]:
    """Return each campaign's codes, keyed by whose they are, in one order."""
    days = _read_days(connection)
    live = _read_live_days(connection)
    rows = connection.execute(
        """
        select campaign_id, code_key, creator_id, first_date, last_date,
            first_live_date, is_first_live_assumed
        from intermediate.int_codes_live
        order by campaign_id, code_key, creator_id
        """
    ).fetchall()
    owners: dict[str, list[Owned]] = defaultdict(list)
    histories: dict[str, list[CodeHistory]] = defaultdict(list)
    for campaign_id, code_key, creator_id, first, last, first_live, is_assumed in rows:
        pieces = {day for day in live[campaign_id, creator_id] if day <= last}
        if first_live is not None:
            pieces.add(first_live)
        owned = (campaign_id, code_key, creator_id)
        owners[campaign_id].append(owned)
        histories[campaign_id].append(
            CodeHistory(
                code_key, first, last, tuple(sorted(pieces)), tuple(days[owned]), is_assumed
            )
        )
    return {tuple(owners[campaign]): codes for campaign, codes in histories.items()}


def _read_days(connection: psycopg.Connection) -> dict[Owned, list[CodeDay]]:
    days: dict[Owned, list[CodeDay]] = defaultdict(list)
    for campaign_id, code_key, creator_id, *counts in connection.execute(
        """
        select campaign_id, code_key, creator_id, order_date, use_count, stray_count,
            linked_count, seen_count, sessionless_count, identified_count, returning_count,
            located_count, abroad_count, coupon_site_count
        from intermediate.int_code_days
        order by campaign_id, code_key, creator_id, order_date
        """
    ):
        days[campaign_id, code_key, creator_id].append(CodeDay(*counts))
    return days


def _read_live_days(connection: psycopg.Connection) -> dict[tuple[str, str], list[dt.date]]:
    """Return the days on which a creator's posts were seen, or pieces nobody can see were due."""
    live: dict[tuple[str, str], list[dt.date]] = defaultdict(list)
    for campaign_id, creator_id, day in connection.execute(
        """
        select campaign_id, creator_id, published_date from intermediate.int_posts_matched
        union
        select campaign_id, creator_id, live_date from intermediate.int_deliverables_matched
        where post_id is null and live_date is not null
        """
    ):
        live[campaign_id, creator_id].append(day)
    return live


def _write(
    connection: psycopg.Connection,
    measure_run_id: int,
    owned: Sequence[Owned],
    scores: Sequence[LeakScore],
) -> None:
    rows = [_row(key, score, measure_run_id) for key, score in zip(owned, scores, strict=True)]
    columns = list(rows[0]) if rows else []
    names = ", ".join(columns)
    places = ", ".join(f"%({column})s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into analysis.code_leakage ({names}, solved_at) "
            f"values ({places}, transaction_timestamp())".encode(),
            rows,
        )


def _row(owned: Owned, score: LeakScore, measure_run_id: int) -> dict[str, object]:
    campaign_id, code_key, creator_id = owned
    row: dict[str, object] = {
        "campaign_id": campaign_id,
        "code_key": code_key,
        "creator_id": creator_id,
        "leak_class": score.leak_class,
        "leak_score": round(score.score, 4),
        "reasons": ", ".join(score.reasons) or None,
        "compromised_from_date": score.compromised_from,
        "before_post_use_count": score.parts["before_post"].hits,
        "off_post_use_count": score.parts["off_post"].hits,
        "off_post_judged_count": score.parts["off_post"].trials,
        "solve_id": f"run-{measure_run_id}",
    }
    for part, found in score.parts.items():
        row[f"{part}_score"] = _rounded(found, found.score)
        row[f"{part}_expected_count"] = _rounded(found, found.expected)
    return row


def _rounded(found: PartScore, value: float | None) -> float | None:
    """Return the value to 4 digits; nothing where the part could not be judged."""
    return None if value is None or found.score is None else round(value, 4)
