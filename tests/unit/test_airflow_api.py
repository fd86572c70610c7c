"""The client of Airflow's REST API asks on where the server cuts its answer."""

from __future__ import annotations

import json
from typing import Any

import requests

from include.airflow_api import AirflowApi

TASKS = [{"task_id": f"task_{n}"} for n in range(238)]


class CuttingServer(requests.Session):
    """Answers as Airflow does: a hundred rows at most, whatever limit is asked for."""

    def request(self, method: Any, url: Any, *_: Any, **asked: Any) -> requests.Response:
        assert (method, url) == ("GET", f"{BASE}/api/v2/dags/measure/dagRuns/run-1/taskInstances")
        first = asked["params"].get("offset", 0)
        rows = TASKS[first : first + min(100, asked["params"]["limit"])]
        answer = requests.Response()
        answer.status_code = 200
        answer._content = json.dumps({"task_instances": rows, "total_entries": 238}).encode()
        return answer


BASE = "http://airflow.example"


def test_all_tasks_of_a_run_are_read_beyond_the_first_hundred() -> None:
    assert AirflowApi(BASE, CuttingServer()).tasks("measure", "run-1") == TASKS
