"""The step between the two dbt groups that looks for bought audiences: accounts in, scores out.

Reads what dbt holds of each account of a campaign (followers by day, likes and comments per post,
comments by kind), runs `include/stats/accounts.py` campaign by campaign, and replaces
`analysis.audience_scores` in one transaction.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg

from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

if TYPE_CHECKING:  # numpy and scipy are wanted by the solve alone
    from include.stats.accounts import AudienceAccount, Key, Row

log = logging.getLogger(__name__)


def score_campaign_audiences(dsn: str, measure_run_id: int) -> int:
    """Score every account of every campaign's creators; return the number of rows written.

    `dsn` is the transformer's. Raise `Unavailable` when the warehouse cannot be asked.
    """
    from include.stats.accounts import score_accounts

    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        campaigns: dict[str, list[AudienceAccount]] = defaultdict(list)
        for account in _read_accounts(connection):
            campaigns[account.key[0]].append(account)
        connection.execute("delete from analysis.audience_scores")
        written = 0
        for accounts in campaigns.values():
            rows = score_accounts(accounts)
            _write(connection, measure_run_id, rows)
            written += len(rows)
    log.info("scored %s accounts for measure run %s", written, measure_run_id)
    return written


def _read_accounts(connection: psycopg.Connection) -> list[AudienceAccount]:
    """Return every account the plans name, also one nobody can read."""
    from include.stats.accounts import AudienceAccount

    accounts: dict[Key, AudienceAccount] = {}
    for key in connection.execute(_ACCOUNTS):
        accounts[key] = AudienceAccount(key)
    for *names, day, followers, is_rounded in connection.execute(_DAYS):
        account = accounts[_key(names)]
        account.followers[day] = followers
        account.is_rounded = account.is_rounded or is_rounded
    for *names, engagements in connection.execute(_POSTS):
        accounts[_key(names)].engagements.append(engagements)
    for *names, total, judged, generic, repeated in connection.execute(_COMMENTS):
        accounts[_key(names)].comments = (total, judged, generic, repeated)
    return list(accounts.values())


def _key(parts: Sequence[str]) -> Key:
    campaign, creator, platform, handle = parts
    return campaign, creator, platform, handle


def _write(connection: psycopg.Connection, measure_run_id: int, rows: Sequence[Row]) -> None:
    columns = list(rows[0])
    names = ", ".join(columns)
    places = ", ".join(f"%({column})s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into analysis.audience_scores ({names}, solve_id, solved_at) "
            f"values ({places}, 'run-{measure_run_id}', transaction_timestamp())".encode(),
            rows,
        )


_ACCOUNTS = """
select distinct campaign_id, creator_id, platform, handle_key
from staging.stg_campaign_plan__creator_accounts
order by campaign_id, creator_id, platform, handle_key
"""
_DAYS = """
select campaign_id, creator_id, platform, handle, snapshot_date, followers_count,
    is_followers_rounded
from intermediate.int_audience_days
"""
_POSTS = """
select campaign_id, creator_id, platform, handle, engagement_basic_count
from intermediate.int_audience_posts
order by campaign_id, creator_id, platform, handle, post_id
"""
_COMMENTS = """
select campaign_id, creator_id, platform, handle, comment_count, judged_comment_count,
    generic_comment_count, duplicate_comment_count
from intermediate.int_audience_comments
"""
