"""Metrics as dbt's semantic models define them, turned into SQL of our own."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

Key = tuple[str, ...]


class SemanticLayer:
    """The semantic models and metrics of a manifest, computed in a warehouse.

    It knows what our definitions use: sums of an expression over one model, and ratios of two
    metrics. Anything else in a definition raises KeyError or AssertionError.
    """

    def __init__(self, manifest: Path, dsn: str) -> None:
        read = json.loads(manifest.read_bytes())
        self.metrics: dict[str, dict[str, Any]] = {m["name"]: m for m in read["metrics"].values()}
        self.measures = {
            measure["name"]: (model, measure)
            for model in read["semantic_models"].values()
            for measure in model["measures"]
        }
        self._dsn = dsn

    def compute(
        self, name: str, entities: Sequence[str], until: dt.date
    ) -> dict[Key, Decimal | None]:
        """Return a metric by its entities, over every day up to `until`."""
        metric = self.metrics[name]
        parameters = metric["type_params"]
        if metric["type"] == "ratio":
            above = self.compute(parameters["numerator"]["name"], entities, until)
            below = self.compute(parameters["denominator"]["name"], entities, until)
            upper = self.without_rows(parameters["numerator"]["name"])
            lower = self.without_rows(parameters["denominator"]["name"])
            return {
                key: _divided(above.get(key, upper), below.get(key, lower))
                for key in above.keys() | below.keys()
            }
        assert metric["type"] == "simple", name
        assert metric["filter"] is None, name
        model, measure = self.measures[parameters["measure"]["name"]]
        return self._sum(model, measure, entities, until)

    def without_rows(self, name: str) -> Decimal | None:
        """Return what a metric is where nothing was counted."""
        measure = self.metrics[name]["type_params"]["measure"]
        filled = measure and measure["fill_nulls_with"]
        return None if filled is None else Decimal(filled)

    def _sum(
        self, model: dict[str, Any], measure: dict[str, Any], names: Sequence[str], until: dt.date
    ) -> dict[Key, Decimal | None]:
        assert measure["agg"] == "sum", measure["name"]
        entities = {e["name"]: e["expr"] for e in model["entities"]}
        keys = ", ".join(entities[name] for name in names)
        day = measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"]
        query = (
            f"select {keys}, sum({measure['expr']}) from {model['node_relation']['relation_name']}"
            f" where {day} <= %s group by {keys}"
        )
        with psycopg.connect(self._dsn) as connection:
            rows = connection.execute(query.encode(), [until]).fetchall()
        return {row[:-1]: row[-1] for row in rows}


def _divided(above: Decimal | None, below: Decimal | None) -> Decimal | None:
    if above is None or not below:
        return None
    return Decimal(above) / Decimal(below)
