"""Bring the sums by day under `markov_path` up to date with the chains that serve the days now.

dbt sums the days of rebuilt orders before a run is solved. The solve gives other days another
chain; left to the view over the stored sums, every reader after it would split the same orders
again.
"""

from __future__ import annotations

import logging

from psycopg import sql

from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

STORED = sql.Identifier("intermediate", "int_chained_days_summed")
OUTDATED = """
create temporary table outdated_days on commit drop as
select connection_id, order_date from intermediate.int_chained_days_outdated
"""
# A list besides the pairs: it reaches into the view, which then splits no order of another day.
SUMMED = """
create temporary table summed_days on commit drop as
select {columns}
from intermediate.int_chained_credits_summed as sums
where
    sums.order_date = any(array(select days.order_date from outdated_days as days))
    and (sums.connection_id, sums.order_date) in (
        select days.connection_id, days.order_date from outdated_days as days
    )
"""
FORGOTTEN = """
delete from {stored}
where (connection_id, order_date) in (select connection_id, order_date from outdated_days)
"""
WRITTEN = "insert into {stored} ({columns}) select {columns} from summed_days"
COLUMNS = sql.SQL("""
    select column_name from information_schema.columns
    where table_schema = 'intermediate' and table_name = 'int_chained_days_summed'
    order by ordinal_position
""")


def store_chained_sums(dsn: str) -> int:
    """Sum every outdated day again, in one transaction; return the number of days.

    `dsn` is the transformer's. Running it again finds nothing to do. Raise `Unavailable` when the
    warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        connection.execute(OUTDATED)
        row = connection.execute("select count(*) from outdated_days").fetchone()
        count = int(row[0]) if row else 0
        if count:
            names = [sql.Identifier(name) for (name,) in connection.execute(COLUMNS)]
            places = {"stored": STORED, "columns": sql.SQL(", ").join(names)}
            connection.execute("analyze outdated_days")
            for statement in (SUMMED, FORGOTTEN, WRITTEN):
                connection.execute(sql.SQL(statement).format(**places))
    log.info("summed %s days again by the chains of now", count)
    return count
