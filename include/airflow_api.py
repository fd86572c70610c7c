"""A small client of Airflow's REST API: unpause DAGs, follow runs (for the demo and the tests)."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from include.errors import GroundswellError, Unavailable

PAGE = 100  # rows that the server gives at most
FINISHED = frozenset({"success", "failed"})


class RunFailed(GroundswellError):
    """A DAG run ended as failed; the message names its failed tasks."""


@dataclass(frozen=True, slots=True)
class AirflowApi:
    """Airflow at `base_url`, as the user the token belongs to."""

    base_url: str
    session: requests.Session

    @classmethod
    def login(cls, base_url: str, user: str, password: str) -> AirflowApi:
        """Exchange a login for a token; `Unavailable` when Airflow refuses or does not answer."""
        session = requests.Session()
        answer = session.post(
            f"{base_url}/auth/token", json={"username": user, "password": password}, timeout=30
        )
        if answer.status_code not in (200, 201):
            raise Unavailable(f"Airflow at {base_url} refused the login of {user!r}")
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return cls(base_url, session)

    def _rows(self, path: str, name: str) -> list[dict[str, Any]]:
        """Return all rows of a collection, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", path, params={"limit": PAGE, "offset": len(found)})
            found += page[name]
            if not page[name] or len(found) >= page["total_entries"]:
                return found

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        url = f"{self.base_url}/api/v2/{path}"
        answer = self.session.request(method, url, timeout=30, **arguments)
        if answer.status_code >= 400:
            raise Unavailable(
                f"Airflow: {method} {path} gave {answer.status_code}: {answer.text[:300]}"
            )
        return dict(answer.json())

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs that have been parsed so far."""
        return {dag["dag_id"] for dag in self._rows("dags", "dags")}

    def import_errors(self) -> list[str]:
        """Return the messages of DAG files that do not import."""
        found = self._call("GET", "importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace']}" for error in found]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG."""
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def add_pools(self, pools: Mapping[str, Mapping[str, Any]]) -> None:
        """Create the pools that do not exist; one that exists keeps the slots a person gave it."""
        found = {
            pool["name"] for pool in self._call("GET", "pools", params={"limit": 100})["pools"]
        }
        for name in sorted(set(pools) - found):
            self._call("POST", "pools", json={"name": name, **pools[name]})

    def backfill(self, dag_id: str, first: dt.date, last: dt.date) -> None:
        """Run a DAG again for every business date from `first` to `last`, as the UI's form does.

        Airflow reads the bounds as wall-clock times of the DAG's own zone, whatever zone they name,
        and a day's partition begins at 03:00: so the last bound is the end of its day.
        """
        body = {
            "dag_id": dag_id,
            "from_date": f"{first}T00:00:00Z",
            "to_date": f"{last}T23:59:59Z",
            "reprocess_behavior": "completed",
        }
        self._call("POST", "backfills", json=body)

    def trigger(self, dag_id: str, key: str, form: Mapping[str, Any] | None = None) -> None:
        """Run a DAG for one partition key now, before its time, as the trigger form does."""
        body = {"logical_date": None, "partition_key": key, "conf": dict(form or {})}
        self._call("POST", f"dags/{dag_id}/dagRuns", json=body)

    def clear(self, dag_id: str, run_id: str) -> None:
        """Run all tasks of a run again, as the button Clear does."""
        body = {"dag_run_id": run_id, "dry_run": False, "only_failed": False}
        self._call("POST", f"dags/{dag_id}/clearTaskInstances", json=body)

    def runs(self, dag_id: str, key: str) -> list[dict[str, Any]]:
        """Return the runs of a DAG for one partition key, newest first."""
        runs = self._call("GET", f"dags/{dag_id}/dagRuns", params={"order_by": "-run_after"})
        return [run for run in runs["dag_runs"] if run.get("partition_key") == key]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        return self._rows(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def wait_for_dags(self, wanted: set[str], seconds: float) -> None:
        """Wait until all DAGs are parsed; raise with the import errors when they are not."""
        for _ in _until(seconds):
            if wanted <= self.dag_ids():
                return
        missing = ", ".join(sorted(wanted - self.dag_ids()))
        raise Unavailable(f"Airflow did not parse {missing}: {' '.join(self.import_errors())}")

    def follow(
        self, dag_id: str, key: str, seconds: float, say: Callable[[str], None]
    ) -> dict[str, Any]:
        """Wait for the newest run of a key to end; `RunFailed` names the failed tasks."""
        for _ in _until(seconds):
            runs = self.runs(dag_id, key)
            if not runs:
                continue
            run = runs[0]
            tasks = self.tasks(dag_id, run["dag_run_id"])
            done = sum(task["state"] in ("success", "skipped") for task in tasks)
            say(f"{dag_id} {key}: {done} of {len(tasks)} tasks")
            if run["state"] in FINISHED:
                failed = [t["task_id"] for t in tasks if t["state"] == "failed"]
                # A run whose last task records the failure is itself a success.
                if failed or run["state"] == "failed":
                    raise RunFailed(f"{dag_id} {key} failed in {', '.join(failed) or 'no task'}")
                return run
        raise Unavailable(f"{dag_id} {key} did not end within {seconds:.0f} s")


def _until(seconds: float, step: float = 1.0) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(step)
