"""Each fault of each source, switched alone and played at every request that it can hit.

Whatever an API does on a bad day, a window ends as loaded, as skipped with a reason, or with an
error of our tree, one that is tried again where trying helps; without the fault the next run loads
it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from include.errors import GroundswellError, TransientError
from include.ingest import day_window
from include.sandbox.faults_files import FolderFaults
from include.sandbox.faults_names import (
    FILE_MEANINGS,
    PROTOCOL_MEANINGS,
    TRANSPORT_MEANINGS,
)
from include.sandbox.server import discover_faults
from include.sources.youtube import client
from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import (
    ASKED,
    NEW_YORK,
    Bench,
    FolderIngest,
    Ingest,
    assert_same_rows,
    prepare_ingest,
    run_time,
)

pytest_plugins = ("tests.integration.fault_fixtures",)

# Days of this module alone: what a request was hit by is remembered for a virtual hour.
DAY = dt.date(2026, 10, 20)
# Windows that are read in bulk, for the faults of bulk operations.
IN_BULK = {"bulk_failed", "bulk_file_short", "bulk_slice_lost"}
PAIRS = [
    (name, fault)
    for name, own in sorted(discover_faults().items())
    if name in ASKED
    for fault in sorted({*TRANSPORT_MEANINGS, *own})
]
# What becomes of a whole file is the folder's affair, so one source shows it: the export is large.
SPOILT = [
    *(("files", fault) for fault in FILE_MEANINGS),
    *(("ga4_export", fault) for fault in ("bad_rows", "field_gone", "type_changed")),
]
# After these nobody must act: the third answer is the right one, or the task is tried again. A lost
# row is told by a count that does not agree, which a person should see.
PASSING = {*TRANSPORT_MEANINGS, *PROTOCOL_MEANINGS, "bulk_failed"} - {"lost_page"}
COUNTED = {("woocommerce", "fewer_items")}


def hits_of(bench: Bench, name: str, fault: str) -> int:
    found: dict[str, int] = bench.known_faults()[fault]["hits_of"]
    assert set(found) <= {name}, "a fault of one source was played by another"
    return found.get(name, 0)


def play(ingest: Ingest, fault: str) -> dict[str, str | GroundswellError]:
    """Load the day of all streams under a fault; return how each ended."""
    ended: dict[str, str | GroundswellError] = {}
    name = ingest.source.name
    with ingest.bench.faults(**{f"{name}.{fault}": 1}):
        for stream in ingest.source.part().streams:
            try:
                ended[stream.name] = ingest.load(stream, day_window(DAY, NEW_YORK)).status
            except GroundswellError as error:
                ended[stream.name] = error
        assert hits_of(ingest.bench, name, fault), f"{name} never played {fault}"
    return ended


@pytest.mark.long
@pytest.mark.parametrize(("name", "fault"), PAIRS)
def test_every_fault_of_every_source_is_played_and_passes(
    ingest_of: Callable[[str], Ingest],
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fault: str,
) -> None:
    monkeypatch.setattr(client, "PAGE_ITEMS", 3)  # so that there is more than one page
    ingest = ingest_of(name)
    ingest.extra.update({"bulk_days": 0.5} if fault in IN_BULK else {})
    # Every pair has an hour of its own.
    bench.set_clock(run_time(DAY) + dt.timedelta(minutes=PAIRS.index((name, fault)) * 10))
    ended = play(ingest, fault)
    errors = [end for end in ended.values() if isinstance(end, GroundswellError)]
    if fault in PASSING and (name, fault) not in COUNTED:
        assert [error for error in errors if not isinstance(error, TransientError)] == []
    for stream_name, end in ended.items():
        if end != "loaded":
            again = ingest.load(ingest.source.stream(stream_name), day_window(DAY, NEW_YORK))
            assert again.status == "loaded", stream_name


@pytest.mark.long
@pytest.mark.parametrize(("name", "fault"), SPOILT)
def test_every_fault_of_every_folder_is_played_and_passes(
    bench: Bench, warehouse: Warehouse, tmp_path: Path, name: str, fault: str
) -> None:
    ingest = prepare_ingest(bench, warehouse, name, tmp_path / "landing")
    assert isinstance(ingest, FolderIngest)
    ingest.drop()
    ingest.run_day(DAY)
    whole = ingest.rows()
    ingest.empty()
    faults = FolderFaults({fault: 1})
    ingest.arrive(run_time(DAY))
    assert ingest.arrived is not None
    faults.spoil(ingest.folder, ingest.arrived[1], DAY)
    assert faults.hits[fault]
    for stream in ingest.source.streams:
        try:
            ingest.load(stream, day_window(DAY, NEW_YORK))
        except GroundswellError as error:
            ingest.errors.append(error)
    faults.heal()
    # What was late comes when the files are written again.
    ingest.arrived = None
    ingest.run_day(DAY)
    assert_same_rows(ingest.rows(), whole)
