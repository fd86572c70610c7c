"""Processes that outlive their starter: recorded, found again, ended with all they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from include.errors import InvalidSettings, Unavailable
from include.services import health, lifecycle, ports, processes
from include.settings import Settings

# Starts one child in its own group and one in a session of its own, as servers do, then waits.
PARENT = """
import signal, subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(600)"]
found = [subprocess.Popen(child).pid, subprocess.Popen(child, start_new_session=True).pid]
print(*found, flush=True)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def spawn(tmp_path):
    """Start the parent above; returns its record and its children's ids. Ended after the test."""
    started = []

    def start(*arguments: str) -> tuple[processes.ProcessRecord, list[int]]:
        log = tmp_path / f"{len(started)}.log"
        record = processes.spawn(
            f"dummy-{len(started)}",
            [sys.executable, "-c", textwrap.dedent(PARENT), *arguments],
            run_dir=tmp_path / "run",
            log_file=log,
        )
        started.append(record)
        wait_for(lambda: "ready" in log.read_text())
        return record, [int(pid) for pid in log.read_text().splitlines()[0].split()]

    yield start
    for record in started:
        processes.stop(tmp_path / "run", record, first_signal=signal.SIGKILL)


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_stop_ends_the_whole_family(spawn, tmp_path):
    record, children = spawn()
    assert record.is_running
    assert all(lives(pid) for pid in children)
    assert processes.stop(tmp_path / "run", record) is True
    assert not any(lives(pid) for pid in [record.pid, *children])
    assert processes.read_records(tmp_path / "run") == []
    assert processes.stop(tmp_path / "run", record) is False


def test_what_ignores_the_signal_is_killed(spawn, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.5)
    record, children = spawn("stubborn")
    processes.stop(tmp_path / "run", record)
    assert not any(lives(pid) for pid in [record.pid, *children])


def test_a_dead_leader_still_leads_to_its_session(spawn, tmp_path):
    record, children = spawn()
    os.kill(record.pid, signal.SIGKILL)
    wait_for(lambda: not record.is_running)
    processes.stop(tmp_path / "run", record)
    assert not lives(children[0])
    # This one had left the session, and the only link to it died with its parent.
    os.kill(children[1], signal.SIGKILL)


def test_a_recycled_id_is_never_signalled(tmp_path):
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        stale = processes.ProcessRecord("dummy", stranger.pid, "an earlier boot/17")
        processes.write_record(tmp_path, stale)
        assert not stale.is_running
        assert processes.stop(tmp_path, stale) is False
        assert stranger.poll() is None
        assert processes.read_record(tmp_path, "dummy") is None
        stranger.kill()


def test_a_record_is_found_again_by_another_process(spawn, tmp_path):
    record, _ = spawn()
    assert processes.read_records(tmp_path / "run") == [record]
    script = (
        "import sys; from pathlib import Path; from include.services import processes; "
        "r = processes.read_record(Path(sys.argv[1]), 'dummy-0'); print(r.is_running)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert answer.stdout.strip() == "True"


def test_damaged_records_count_as_none(tmp_path):
    (tmp_path / "dummy.json").write_text("{")
    assert processes.read_record(tmp_path, "dummy") is None
    assert processes.read_record(tmp_path, "other") is None


def test_waiting_says_what_is_missing_and_shows_the_log_of_what_ended(tmp_path):
    log = tmp_path / "failing.log"
    command = [sys.executable, "-c", "print('cannot find the thing'); raise SystemExit(3)"]
    record = processes.spawn("failing", command, run_dir=tmp_path / "run", log_file=log)
    said: list[str] = []
    with pytest.raises(Unavailable) as failure:
        health.wait_until_healthy(
            "Dummy", lambda: "its answer", [(record, log)], seconds=20, say=said.append
        )
    assert said == ["Dummy: waiting for its answer"]
    assert str(log) in str(failure.value)
    assert "cannot find the thing" in str(failure.value)


def test_waiting_ends_at_its_deadline(spawn, tmp_path):
    record, _ = spawn()
    with pytest.raises(Unavailable, match="no its answer after 0 s"):
        health.wait_until_healthy(
            "Dummy",
            lambda: "its answer",
            [(record, tmp_path / "0.log")],
            seconds=0.1,
            say=lambda _: None,
        )


def test_ports_name_their_holder(free_port):
    assert ports.is_port_free(free_port)
    script = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
        " print('ready', flush=True); sys.stdin.read()"
    )
    server = [sys.executable, "-c", script, str(free_port)]
    with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(InvalidSettings) as refusal:
            ports.check_port_free("airflow", free_port)
        holder.kill()
    assert f"(pid {holder.pid})" in str(refusal.value)
    assert "GROUNDSWELL_AIRFLOW_PORT" in str(refusal.value)


@pytest.fixture
def settings(tmp_path, free_port) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        landing_url=str(tmp_path / "landing"),
        campaigns_dir=tmp_path / "campaigns",
        postgres_port=free_port,
        airflow_port=free_port,
        sandbox_port=free_port,
    )


def test_down_without_an_installation_does_nothing(settings):
    assert lifecycle.stop_all(settings) == []
    assert not settings.data_dir.exists()
    assert lifecycle.remove_data(settings) is False


def test_down_stops_what_runs_and_says_so(spawn, settings, tmp_path):
    record, children = spawn()
    sandbox = replace(record, service="sandbox")
    processes.write_record(lifecycle.run_dir(settings), sandbox)
    running = [s.service for s in lifecycle.list_services(settings) if s.is_running]
    assert running == ["sandbox"]
    assert lifecycle.stop_all(settings) == ["sandbox"]
    assert not any(lives(pid) for pid in [record.pid, *children])
    assert not any(s.is_running for s in lifecycle.list_services(settings))


def test_clean_deletes_only_a_folder_of_ours(settings):
    settings.data_dir.mkdir()
    (settings.data_dir / "holiday.jpg").write_text("")
    with pytest.raises(InvalidSettings, match="not deleted"):
        lifecycle.remove_data(settings)
    assert (settings.data_dir / "holiday.jpg").exists()
