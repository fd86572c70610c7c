"""The deadline of a measurement: Airflow calls when a run has not ended in time.

The call runs in an executor's slot, without a run of its own and without a triggerer. It looks at
everything at once instead of waiting for the next `raise_alerts`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

# As `days.MEASURED_WITHIN`, which the DAG file does not import with all it needs.
MEASURED_WITHIN = dt.timedelta(hours=1)


def measuring_deadline() -> DeadlineAlert:
    """Return the alert of a measure run that takes an hour longer than runs usually do.

    Counted from the run's beginning; a first run has no usual time yet, and no deadline. Counted
    from its queueing, nobody could clear a task of the run until the deadline had passed: Airflow
    3.3 answers that with an error (apache/airflow#70368).
    """
    return DeadlineAlert(
        reference=DeadlineReference.AVERAGE_RUNTIME(max_runs=10, min_runs=1),
        interval=MEASURED_WITHIN,
        callback=SyncCallback(look_now),
        name="measured within an hour of the usual",
    )


def look_now(context: Any = None) -> None:
    """Raise the alerts of this moment; `context` names the run that is late."""
    from include import orchestration
    from include.alerts import steps

    steps.raise_alerts(
        dt.datetime.now(dt.UTC),
        find=orchestration.find_connection,
        read=orchestration.airflow_connection,
    )
