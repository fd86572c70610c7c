"""Great Expectations as we use it: ephemeral context, one batch per table, counts only on failure.

The import costs 2 s, so it happens inside functions, once per process. Context and engine are kept
per warehouse; an asset per table is reused, since adding one writes the context's whole
configuration.
"""

from __future__ import annotations

import functools
import json
import logging
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from include.quality.rules import Rule, bad_rows_sql
from include.warehouse.connection import connect

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent.postgres_datasource import PostgresDatasource
    from great_expectations.datasource.fluent.sql_datasource import QueryAsset


# GX takes 2 to 3 ms of its own for an expectation whatever the rows, and 10 ms for a batch. What
# every table is held to is therefore counted for all tables at once, and one expectation judges the
# counts: a row each, none above 0.
COUNTED = ("filled", "unique", "no_rows")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rule fared: `observed` is what GX saw, counts are None where it did not count."""

    rule: Rule
    success: bool
    failing_rows_sql: str
    unexpected_count: int | None
    element_count: int | None
    observed: Any = None

    @property
    def is_critical(self) -> bool:
        """True when this failure stops the pipeline."""
        return not self.success and self.rule.severity == "critical"


def run_rules(dsn: str, rules: Sequence[Rule]) -> list[Outcome]:
    """Check rules against the warehouse at `dsn`; one outcome per rule.

    Rules about columns of the same rows share a batch, an expectation each. Those in `COUNTED`
    share one batch in all, a row per rule with the count of its bad rows, and one expectation.
    """
    outcomes: list[Outcome] = []
    for of_rows in _by_rows(rules):
        batch = _batch_definition(dsn, of_rows[0].table, of_rows[0].rows)
        outcomes += _validate(batch, of_rows)
    counted = [rule for rule in rules if rule.kind in COUNTED]
    if counted:
        batch = _batch_definition(dsn, "bad_rows", _count_bad_rows(dsn, counted))
        outcomes += _judge_counts(batch, counted)
    return outcomes


def _by_rows(rules: Sequence[Rule]) -> Iterable[list[Rule]]:
    grouped: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        if rule.kind not in COUNTED:
            grouped.setdefault((rule.table, rule.rows), []).append(rule)
    return grouped.values()


def _count_bad_rows(dsn: str, rules: Sequence[Rule]) -> str:
    """Count every rule's bad rows; return a query of the counts, one row (rule, bad_rows) each.

    GX runs a batch's query at least twice (once to learn its columns), so it is given the counts.
    """
    counted = (f"(select count(*) from ({bad_rows_sql(rule)}) as bad)" for rule in rules)
    query = "select " + ", ".join(counted)
    with connect(dsn) as connection:
        counts = connection.execute(query.encode()).fetchone()
    assert counts is not None
    rows = ", ".join(f"({position}, {count})" for position, count in enumerate(counts))
    return f"select * from (values {rows}) as counted (rule, bad_rows)"


def _judge_counts(batch_definition: BatchDefinition[Any], rules: Sequence[Rule]) -> list[Outcome]:
    """Hold every rule's count of bad rows to 0; GX names those above it."""
    import great_expectations.expectations

    gxe: Any = great_expectations.expectations
    none = gxe.ExpectColumnValuesToBeBetween(column="bad_rows", max_value=0)
    entry = _run_suite(batch_definition, [none], "BOOLEAN_ONLY")[0]
    bad: dict[int, int] = {}
    if not entry.success:
        named: Any = {"result_format": "COMPLETE", "unexpected_index_column_names": ["rule"]}
        entry = _run_suite(batch_definition, [none], named)[0]
        found = entry.result["unexpected_index_list"]
        bad = {int(row["rule"]): int(row["bad_rows"]) for row in found}
    return [
        Outcome(
            rule=rule,
            success=position not in bad,
            failing_rows_sql=bad_rows_sql(rule),
            unexpected_count=bad.get(position, 0),
            element_count=None,
            observed=bad.get(position),
        )
        for position, rule in enumerate(rules)
    ]


def _validate(batch_definition: BatchDefinition[Any], rules: Sequence[Rule]) -> list[Outcome]:
    """Validate with BOOLEAN_ONLY, then count what failed with BASIC."""
    found = dict(enumerate(_results(batch_definition, rules, range(len(rules)), "BOOLEAN_ONLY")))
    failed = [position for position, entry in found.items() if not entry.success]
    if failed:
        counted = _results(batch_definition, rules, failed, "BASIC")
        found |= dict(zip(failed, counted, strict=True))
    return [_outcome(rule, found[position]) for position, rule in enumerate(rules)]


def _results(
    batch_definition: BatchDefinition[Any],
    rules: Sequence[Rule],
    positions: Sequence[int],
    result_format: Literal["BOOLEAN_ONLY", "BASIC"],
) -> list[ExpectationValidationResult]:
    """Return GX's results of the rules at `positions`, in their order (GX sorts by the column)."""
    expectations = [_expectation(rules[position], position) for position in positions]
    found = {}
    for entry in _run_suite(batch_definition, expectations, result_format):
        assert entry.expectation_config is not None
        found[entry.expectation_config.meta["position"]] = entry
    return [found[position] for position in positions]


def _run_suite(
    batch_definition: BatchDefinition[Any], expectations: Sequence[Any], result_format: Any
) -> list[ExpectationValidationResult]:
    """Return GX's results; raise what the database raised."""
    from great_expectations import ExpectationSuite

    suite = ExpectationSuite(name="window", expectations=list(expectations))
    result = batch_definition.get_batch().validate(suite, result_format=result_format)
    for entry in result.results:
        failure = _first_exception(entry.exception_info)
        if failure:
            raise RuntimeError(f"expectation could not be evaluated: {failure}")
    return list(result.results)


def _first_exception(info: dict[str, Any] | None) -> str | None:
    if not info:
        return None
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = [entry["exception_message"] for entry in entries if entry.get("raised_exception")]
    return str(messages[0]) if messages else None


def _outcome(rule: Rule, entry: ExpectationValidationResult) -> Outcome:
    """Return a rule's outcome; only what failed was counted."""
    success = bool(entry.success)
    observed = json.loads(json.dumps(entry.result.get("observed_value"), default=str))
    return Outcome(
        rule=rule,
        success=success,
        failing_rows_sql=bad_rows_sql(rule),
        unexpected_count=0 if success else int(entry.result.get("unexpected_count") or 0),
        element_count=entry.result.get("element_count"),
        observed=None if success else observed,
    )


def _expectation(rule: Rule, position: int) -> Any:
    """Return the expectation on a column for a rule that is not in `COUNTED`."""
    import great_expectations.expectations

    # The package re-exports by star, which a strict type checker does not follow.
    gxe: Any = great_expectations.expectations
    always: dict[str, Any] = {"severity": rule.severity, "meta": {"position": position}}
    if rule.kind == "between":
        ends: dict[str, Any] = {"min_value": rule.low, "max_value": rule.high}
        return gxe.ExpectColumnValuesToBeBetween(column=rule.columns[0], **ends, **always)
    allowed = list(rule.allowed)
    return gxe.ExpectColumnValuesToBeInSet(column=rule.columns[0], value_set=allowed, **always)


@functools.cache
def _datasource(dsn: str) -> PostgresDatasource:
    """Return the datasource of a warehouse: one context and one engine per process."""
    # It tells each class it registers, 230 lines before the first result in a task's log.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        # GX and what it imports warn about their own deprecations.
        warnings.simplefilter("ignore")
        import great_expectations as gx
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

    # The default configuration makes a folder for its docs and reports usage; this does neither.
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    _, _, address = dsn.partition("://")
    return context.data_sources.add_postgres(
        "warehouse",
        connection_string=f"postgresql+psycopg2://{address}",
        create_temp_table=False,
    )


def _batch_definition(dsn: str, asset_name: str, query: str) -> BatchDefinition[Any]:
    """Return the batch definition of an asset, which reads `query` from now on."""
    asset, definition = _asset(dsn, asset_name)
    asset.query = query
    return definition


@functools.cache
def _asset(dsn: str, name: str) -> tuple[QueryAsset, BatchDefinition[Any]]:
    asset = _datasource(dsn).add_query_asset(name, query="select 1 as unset")
    return asset, asset.add_batch_definition_whole_table("rows")
