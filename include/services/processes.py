"""Processes that outlive the command that started them, and how to end exactly those.

A started process leads a session and process group of its own. A record on disk keeps its id
together with its start time: ids are recycled, and a process that merely got an old id is never
signalled. Standard library only: preflight runs it before anything is installed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

STOP_SECONDS = 10.0  # what a service gets to end by itself
_POLL_SECONDS = 0.05
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A started process: name of its service, id, start time and the loopback port it serves.

    `fingerprint` stands for what it was started with, so that a change can be noticed.
    """

    service: str
    pid: int
    started: str
    port: int | None = None
    fingerprint: str = ""

    @property
    def is_running(self) -> bool:
        """True while this very process lives; False for another one with its id."""
        return read_start_time(self.pid) == self.started


def read_start_time(pid: int) -> str | None:
    """Return a text that tells this process from any other that has or had its id.

    None when there is no such process, or only its exit status is left.
    """
    _reap(pid)
    if not _PROC.is_dir():
        return _ask_ps(pid)
    stat = _read_stat(pid)
    # Ticks count from boot: the boot's own id tells equal ticks of two boots apart.
    return None if stat is None else f"{_boot_id()}/{stat[19]}"


def spawn(
    service: str,
    command: Sequence[str],
    *,
    run_dir: Path,
    log_file: Path,
    environment: Mapping[str, str] | None = None,
    working_dir: Path | None = None,
    port: int | None = None,
    fingerprint: str = "",
) -> ProcessRecord:
    """Start a command in a session of its own, its output appended to `log_file`, and record it."""
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            cwd=working_dir,
            start_new_session=True,
        )
    started = read_start_time(process.pid)
    # It outlives us: without this Popen's destructor warns that it still runs.
    process.returncode = 0
    # A process that is gone already is recorded as one that never matches.
    record = ProcessRecord(service, process.pid, started or "ended at once", port, fingerprint)
    write_record(run_dir, record)
    return record


def write_record(run_dir: Path, record: ProcessRecord) -> None:
    """Keep a record where `read_record` finds it."""
    run_dir.mkdir(parents=True, exist_ok=True)
    draft = run_dir / f".{record.service}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(run_dir / f"{record.service}.json")


def read_record(run_dir: Path, service: str) -> ProcessRecord | None:
    """Return the record of a service, None when none was started or the file is damaged."""
    try:
        fields = json.loads((run_dir / f"{service}.json").read_text(encoding="utf-8"))
        return ProcessRecord(**fields)
    except (OSError, ValueError, TypeError):
        return None


def read_records(run_dir: Path) -> list[ProcessRecord]:
    """Return the records of all services that were started, by name."""
    names = sorted(path.stem for path in run_dir.glob("[!.]*.json"))
    return [record for name in names if (record := read_record(run_dir, name))]


def stop(
    run_dir: Path, record: ProcessRecord, *, first_signal: signal.Signals = signal.SIGTERM
) -> bool:
    """End the process with everything it started, then forget it.

    `first_signal` goes to the leader's group; when the leader has ended, what it left behind is
    asked to end, too; what is left after ten seconds is killed. Return False when all had ended
    before.
    """
    family = _find_family(record)
    was_alive = bool(family)
    if was_alive:
        deadline = time.monotonic() + STOP_SECONDS
        _signal_group(record.pid, first_signal)
        _wait_for_end({record.pid: record.started}, deadline)
        for number in (signal.SIGTERM, signal.SIGKILL):
            family = _find_relatives(set(_living(family)), record.pid)
            for pid in family:
                _signal(pid, number)
            _wait_for_end(family, deadline)
            deadline += STOP_SECONDS
    (run_dir / f"{record.service}.json").unlink(missing_ok=True)
    return was_alive


def read_command(pid: int) -> str:
    """Return the command line of a process, empty when it is gone or hidden from this user."""
    if _PROC.is_dir():
        try:
            return (_PROC / str(pid) / "cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def sees_all_processes() -> bool:
    """Say whether `find_working_in` can answer on this system."""
    return _PROC.is_dir()


def find_working_in(folder: Path) -> list[int]:
    """Return the processes of this user whose working directory is the folder."""
    found = []
    for process in _PROC.glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
        except OSError:  # another user's process, or one that just ended
            continue
    return found


def read_tail(log_file: Path, lines: int = 15) -> str:
    """Return the last lines of a log, or a note that there is none."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(0, log_file.stat().st_size - 16_384))
            text = file.read().decode(errors="replace")
    except OSError:
        return "(no log was written)"
    return "\n".join(text.splitlines()[-lines:])


def _find_family(record: ProcessRecord) -> dict[int, str]:
    """Return id and start time of all that lives of a service, also after its leader's death.

    While any member of a session lives, the system gives the leader's id to nobody else. So when
    the id belongs to another process, nothing of ours is left.
    """
    started = read_start_time(record.pid)
    if started not in {None, record.started}:
        return {}
    return _find_relatives({record.pid} if started else set(), record.pid)


def _find_relatives(members: set[int], session: int) -> dict[int, str]:
    """Return id and start time of the members, of the session and of all their descendants."""
    parents, sessions = _process_table()
    members = members | {pid for pid, leader in sessions.items() if leader == session}
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    found = {pid: read_start_time(pid) for pid in members}
    return {pid: started for pid, started in found.items() if started is not None}


def _living(family: Mapping[int, str]) -> list[int]:
    return [pid for pid, started in family.items() if read_start_time(pid) == started]


def _process_table() -> tuple[dict[int, int], dict[int, int]]:
    """Return the parent and the session of every process.

    macOS does not show sessions; the process group stands in.
    """
    parents: dict[int, int] = {}
    sessions: dict[int, int] = {}
    if _PROC.is_dir():
        for folder in _PROC.glob("[0-9]*"):
            stat = _read_stat(int(folder.name))
            if stat is not None:
                parents[int(folder.name)] = int(stat[1])
                sessions[int(folder.name)] = int(stat[3])
        return parents, sessions
    table = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True
    )
    for line in table.stdout.splitlines():
        pid, parent, group = (int(column) for column in line.split())
        parents[pid], sessions[pid] = parent, group
    return parents, sessions


def _read_stat(pid: int) -> list[str] | None:
    """Return the columns of /proc/<pid>/stat after the name: state, parent, group, session, ..."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    columns = text.rpartition(")")[2].split()  # the name may hold spaces and brackets itself
    return None if columns[0] in {"Z", "X"} else columns


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "boot"


def _ask_ps(pid: int) -> str | None:
    """Return the start time where there is no /proc (macOS)."""
    answer = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def _reap(pid: int) -> None:
    """Take the exit status of an ended child of ours, so that it does not linger as a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except (ChildProcessError, OverflowError):
        return


def _wait_for_end(family: Mapping[int, str], deadline: float) -> None:
    while time.monotonic() < deadline and _living(family):
        time.sleep(_POLL_SECONDS)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:  # it does not lead a group, or has just ended
        _signal(pid, number)


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
