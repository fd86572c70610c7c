"""What a start does with an Airflow of which a part has ended: all of it is begun anew."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from include.services import lifecycle
from include.services.credentials import read_secrets
from include.settings import Settings


@pytest.mark.parametrize(
    ("running", "done"),
    [
        (lifecycle.AIRFLOW_SERVICES, []),
        (("airflow-scheduler", "airflow-api-server"), ["stopped", "prepared"]),
        ((), ["prepared"]),
    ],
)
def test_a_start_leaves_no_half_of_airflow_running(
    running: tuple[str, ...],
    done: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(tmp_path, "", tmp_path, 15_432, 18_080, 18_090)
    happened: list[str] = []
    records = [
        SimpleNamespace(service=name, is_running=True, fingerprint="same") for name in running
    ]
    replaced = {
        "_fingerprint": lambda *_: "same",
        "_airflow_records": lambda _: records,
        "stop_airflow": lambda _: happened.append("stopped"),
        "_prepare_airflow": lambda *_: happened.append("prepared"),
        "_start": lambda _, service, *__, **___: SimpleNamespace(service=service),
        "wait_until_healthy": lambda *_, **__: None,
        "schedule_facts": lambda: SimpleNamespace(sources=()),
        "pools": lambda *_: {},
        "AirflowApi": SimpleNamespace(
            login=lambda *_: SimpleNamespace(add_pools=lambda _: happened.append("pools"))
        ),
    }
    for name, stand_in in replaced.items():
        monkeypatch.setattr(lifecycle, name, stand_in)
    lifecycle.start_airflow(settings, read_secrets(tmp_path), lambda _: None)
    assert happened == [*done, "pools"]
