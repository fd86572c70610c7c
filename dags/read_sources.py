"""Read one day of some or all sources again, by hand.

**What** Starts the `ingest_<source>` DAG of every source chosen, for one day; each of them loads,
checks and announces it as on any day. What had been published is measured again once the sources
have announced it.

**Input** the form · **Output** a run of each chosen source's DAG

**Schedule** none; only by hand.

**Limits** One day. A range of days is *Backfill* on a source's own page. Snapshot streams of past
days are skipped with the reason; they exist only now.

**Parameters** `day`; `sources`: only these, none is all of them; `dry_run`: the runs say what they
would read, and skip.

**When it fails**

| message | what to do |
|---|---|
| `PermanentError: … has no partition key` | fill in `day` |
| `DagIsPaused` | switch the source's DAG on, then clear `read_source` |
| a started run fails | its own page and log say what to do |
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG

from include.assets import ingest_dag_id
from include.dag_forms import read_form
from include.dag_tasks import step
from include.daily import enabled_sources, schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE
from include.sources import discover_sources

ENABLED = enabled_sources(schedule_facts().sources)
SOURCES = {name: discover_sources()[name].title for name in ENABLED}


@step
def choose_sources() -> list[dict[str, Any]]:
    """Name the DAGs to start, and what their forms are to hold."""
    from include import orchestration
    from include.dag_forms import chosen

    day, is_dry_run = str(orchestration.partition_day()), bool(orchestration.form("dry_run"))
    wanted = chosen(orchestration.form("sources") or [], ENABLED)
    form = {"day": day, "dry_run": is_dry_run}
    return [{"trigger_dag_id": ingest_dag_id(name), "conf": form} for name in wanted]


with DAG(
    dag_id="read_sources",
    dag_display_name="Read sources again",
    doc_md=__doc__,
    schedule=None,
    start_date=START_DATE,
    default_args=DEFAULT_ARGS,
    params=read_form(SOURCES),
    tags=["ingest"],
):
    TriggerDagRunOperator.partial(
        task_id="read_source",
        logical_date=None,
        fail_when_dag_is_paused=True,
        map_index_template="{{ task.trigger_dag_id }}",
    ).expand_kwargs(choose_sources())
