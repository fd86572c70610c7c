"""The page's tables as CSV files: every row, in the order the page starts with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlencode

from psycopg import sql

from include.pages.campaign import audience, content, creators, delivery, risks, tracking
from include.pages.campaign.selection import Selection
from include.pages.reader import Row, Snapshot
from include.pages.tables import own_order


@dataclass(frozen=True, slots=True)
class Export:
    """A file: `columns` of what `statement` finds once all `marts` are published."""

    marts: Sequence[str]
    columns: Sequence[str]
    statement: sql.Composable
    order: sql.Composable

    def read_rows(self, snapshot: Snapshot, selection: Selection) -> Sequence[Row]:
        """Return every row; what marts of an older version do not tell is unknown."""
        if not all(snapshot.columns(mart) for mart in self.marts):
            return []
        query = sql.SQL("select * from ({}) as everything {}").format(self.statement, self.order)
        rows = snapshot.rows(query, selection.parameters)
        return [{name: row.get(name) for name in self.columns} for row in rows]


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        "creators": Export(
            creators.MARTS,
            creators.CSV_COLUMNS,
            creators.STATEMENT,
            own_order(creators.CREATORS),
        ),
        "posts": Export(
            content.MARTS, content.CSV_COLUMNS, content.EVERYTHING, own_order(content.CONTENT)
        ),
        "pieces": Export(
            delivery.MARTS, delivery.CSV_COLUMNS, delivery.STATEMENT, own_order(delivery.PIECES)
        ),
        "accounts": Export(
            audience.MARTS, audience.CSV_COLUMNS, audience.STATEMENT, own_order(audience.ACCOUNTS)
        ),
        "tie_out": Export(
            tracking.MARTS,
            tracking.CSV_COLUMNS,
            tracking.TIE_OUT,
            sql.SQL("order by order_date, connection_id"),
        ),
        "models": Export(
            risks.MODEL_MARTS,
            risks.MODEL_CSV_COLUMNS,
            risks.MODEL_STATEMENT,
            own_order(risks.MODELS),
        ),
        "codes": Export(
            risks.CODE_MARTS, risks.CODE_CSV_COLUMNS, risks.CODE_STATEMENT, own_order(risks.CODES)
        ),
    }
)


def csv_links(root: str, selection: Selection) -> Mapping[str, str]:
    """Return the address of each table's file under the selection, by the table's name."""
    chosen = {
        "campaign": selection.campaign["campaign_id"],
        "model": selection.model,
        "rules": selection.rule_version,
    }
    return {name: f"{root}/campaign/{name}.csv?{urlencode(chosen)}" for name in EXPORTS}
