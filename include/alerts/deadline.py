"""The deadline of a measurement: Airflow calls when a run has not ended in time.

The call runs in an executor's slot, without a run of its own and without a triggerer. It looks at
everything at once instead of waiting for the next `raise_alerts`.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

# As `watch.MEASURED_WITHIN`, which the DAG file does not import with all it needs.
MEASURED_WITHIN = dt.timedelta(hours=1)


def measuring_deadline() -> DeadlineAlert:
    """Return the alert of a measure run that has not ended an hour after it was queued."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=MEASURED_WITHIN,
        callback=SyncCallback(look_now),
        name="measured within an hour",
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
