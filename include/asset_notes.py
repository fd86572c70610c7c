"""What is written on an asset's event: how many rows came, how many were refused, what was new.

Airflow shows it on the asset's page; the warehouse keeps the same in `quality.load_windows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.connections import read_connection
from include.warehouse.connection import connect, dsn_of

if TYPE_CHECKING:
    from include.daily import ReadConnection


def stream_notes(
    source: str, key: str, run_id: str, *, read: ReadConnection = read_connection
) -> dict[str, dict[str, Any]]:
    """Return, by stream, what a run's loads of a window brought, added up over connections."""
    with connect(dsn_of(read("warehouse_loader"))) as connection:
        rows = connection.execute(
            """
            with loads as (
                select * from quality.load_windows
                where source = %s and partition_key = %s and run_id = %s
            )

            select
                stream,
                sum(rows_read)::bigint,
                sum(rows_merged)::bigint,
                sum(rows_rejected)::bigint,
                array(
                    select distinct field
                    from loads as drifted, unnest(drifted.drifted_fields) as field
                    where drifted.stream = loads.stream
                    order by field
                ),
                string_agg(distinct reason, '; ')
            from loads
            group by stream
            """,
            [source, key, run_id],
        ).fetchall()
    return {
        stream: {
            "partition_key": key,
            "rows": read_count,
            "rows_changed": merged,
            "rejects": rejected,
            "new_fields": fields,
            **({"skipped": reason} if reason else {}),
        }
        for stream, read_count, merged, rejected, fields, reason in rows
    }
