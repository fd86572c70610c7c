"""The fields of the trigger forms: typed, with what is allowed, and the same words everywhere.

A range of days is no field: Airflow's own *Backfill* form asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow.sdk import Param

ALL = "all"


def day_param(hint: str = "A range is Backfill.") -> Param:
    """Return the field for the one day of a run by hand; a partition key stands for it, too.

    hint: what does several days.
    """
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="Day",
        description=f"Business date of a run by hand, over by now, such as 2026-11-20. {hint}",
    )


def dry_run_param(what: str) -> Param:
    """Return the field for a run that changes nothing; what: what happens instead."""
    return Param(False, type="boolean", title="Dry run", description=what)


def full_refresh_param() -> Param:
    """Return the field that rebuilds facts from all loads."""
    return Param(
        False,
        type="boolean",
        title="Full refresh",
        description="Rebuild every fact from all loads, not only from new ones. Takes minutes.",
    )


def choice_param(title: str, choices: Mapping[str, str], description: str) -> Param:
    """Return the field for one of the choices, or all of them; choices: names by id."""
    return Param(
        ALL,
        type="string",
        enum=[ALL, *choices],
        values_display={ALL: "All of them", **choices},
        title=title,
        description=description,
    )


def several_param(title: str, choices: Mapping[str, str], description: str) -> Param:
    """Return the field for some of the choices, names by id; none chosen means all of them."""
    return Param(
        [],
        # A list that was emptied again comes as null.
        type=["null", "array"],
        items={"type": "string", "enum": list(choices)},
        examples=list(choices),
        values_display=dict(choices),
        uniqueItems=True,
        title=title,
        description=description,
    )


def ingest_form(conn_ids: Sequence[str], *, has_days: bool) -> dict[str, Param]:
    """Return the form of a source's DAG; has_days: its windows are business dates."""
    return {
        **({"day": day_param()} if has_days else {}),
        "connections": several_param(
            "Connections", {name: name for name in conn_ids}, "Only these; none is all of them."
        ),
        "dry_run": dry_run_param("Say what would be read; ask no API, load nothing."),
    }


def read_form(sources: Mapping[str, str]) -> dict[str, Param]:
    """Return the form that reads a day of several sources again; sources: titles by name."""
    return {
        "day": day_param("A range is Backfill of each source's own DAG."),
        "sources": several_param("Sources", sources, "Only these; none is all of them."),
        "dry_run": dry_run_param("Say what would be read; ask no API, load nothing."),
    }


def review_form(campaigns: Mapping[str, str]) -> dict[str, Param]:
    """Return the form of the weekly review; campaigns: names by id."""
    return {
        "day": day_param(),
        "campaign": choice_param("Campaign", campaigns, "One, or all of them."),
        "dry_run": dry_run_param("The log shows the review; nothing is kept, nobody is asked."),
    }


def measure_form() -> dict[str, Param]:
    """Return the form of the measurement."""
    return {
        "day": day_param("It measures every day that has arrived by then."),
        "full_refresh": full_refresh_param(),
        "dry_run": dry_run_param("Build and check beside what is published, publish nothing."),
    }


def chosen(wanted: Sequence[str], everything: Sequence[str]) -> list[str]:
    """Return what was chosen in a `several_param`, in the order of everything."""
    return [name for name in everything if not wanted or name in wanted]
