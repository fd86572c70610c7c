"""What a list should not have lost from one day to the next, account by account."""

from __future__ import annotations

import datetime as dt

from include.quality.rules import Rule, Window, no_rows

# Posts are read until they are 90 days old; one about to pass that age is no sign.
YOUNGER_THAN_DAYS = 80


def every_account_lists(window: Window, stream: str, account: str, published: str) -> Rule:
    """Return the rule that no account's posts are gone from one day to the next, all at once.

    An API may answer a permission that was withdrawn with HTTP 200 and an empty list, and other
    accounts hide that in the volume of the day. account, published: the columns of the stream that
    say whose post it is and since when it is there.
    """
    source = window.source
    was_read = str(stream in window.loads).lower()
    day_before = dt.date.fromisoformat(window.partition_key) - dt.timedelta(days=1)
    return no_rows(
        "accounts that listed posts yesterday still list some",
        f"raw.{source}__{stream}",
        f"""
        select before.connection_id, before.{account}, count(*) as post_count
        from raw.{source}__{stream} as before
        inner join ({window.rows("accounts")}) as read
            on before.connection_id = read.connection_id
            and before.{account} = read.{account}
        where {was_read}
            -- An array, so that the loads are known before the table is read.
            and before._load_id = any(
                array(
                    select load_id from quality.load_windows
                    where source = '{source}' and stream = '{stream}'
                        and partition_key = '{day_before}' and status = 'loaded'
                )
            )
            and before.{published} > read.window_start - interval '{YOUNGER_THAN_DAYS} days'
            and not exists (
                select from ({window.rows(stream)}) as listed
                where listed.connection_id = before.connection_id
                    and listed.{account} = before.{account}
            )
        group by 1, 2
        """,
        "warning",
    )
