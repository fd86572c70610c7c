"""Landing: deterministic bytes, all or nothing, verified when read back."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import stat
from pathlib import Path

import pytest

from include.errors import Truncated
from include.landing.pages import LandingRun, RunHeader, find_runs, pack, read_pages, read_run
from include.landing.store import open_store
from include.sources._base import Page

NOON = dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC)


@pytest.fixture(params=["folder", "file", "memory"])
def landing_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return {
        "folder": str(tmp_path / "landing"),
        "file": f"file://{tmp_path}/landing",
        "memory": f"memory://{tmp_path}/landing",
    }[request.param]


def header(run_id: str = "run-1", *, key: str = "2026-11-04") -> RunHeader:
    return RunHeader(
        source="shop",
        connection_id="shop__b",
        stream="orders",
        partition_key=key,
        window_start=NOON - dt.timedelta(days=2),
        window_end=NOON - dt.timedelta(days=1),
        run_id=run_id,
        landed_at=NOON,
    )


def page(body: bytes, *, at: dt.datetime = NOON) -> Page:
    return Page(body, 200, at, "api", {"method": "GET", "params": {"after": "x"}}, context={"n": 1})


def test_pages_come_back_as_they_were(landing_url: str) -> None:
    store = open_store(landing_url)
    run = LandingRun(store, header())
    assert [run.write(page(b'{"a": 1.10}')), run.write(page(b"\xff no json"))] == [1, 2]
    run.finish()

    [landed] = find_runs(open_store(landing_url), "shop", "shop__b", "orders", "2026-11-04")

    assert landed.path == "shop/shop__b/orders/2026-11-04/run-1"
    assert landed.header == header()
    (one, first), (two, second) = read_pages(store, landed)
    assert (one, two) == (1, 2)
    assert (first.body, second.body) == (b'{"a": 1.10}', b"\xff no json")
    assert str(first.document["a"]) == "1.10"
    assert second.document is None
    assert first.request == {"method": "GET", "params": {"after": "x"}}
    assert (first.context, first.captured_at, first.status) == ({"n": 1}, NOON, 200)


def test_an_unfinished_run_is_invisible_and_its_retry_starts_clean(landing_url: str) -> None:
    store = open_store(landing_url)
    broken = LandingRun(store, header())
    broken.write(page(b"[1]"))
    broken.write(page(b"[2]"))
    assert find_runs(store, "shop", "shop__b", "orders") == []

    retry = LandingRun(store, header())
    retry.write(page(b"[3]"))
    retry.finish()

    [landed] = find_runs(store, "shop", "shop__b", "orders")
    assert [body.body for _, body in read_pages(store, landed)] == [b"[3]"]
    assert store.list_names(landed.path) == ["manifest.jsonl.gz", "page-000001.gz"]


def test_the_next_run_of_a_window_clears_half_written_files_of_killed_ones(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    for run_id, key in (("killed", "2026-11-04"), ("other", "2026-11-05")):
        run = LandingRun(store, header(run_id, key=key))
        run.write(page(b"[1]"))
        (tmp_path / run.path / ".manifest.jsonl.gz.1234abcd").write_bytes(b"half")

    LandingRun(store, header("next"))

    left = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.gz*")]
    assert sorted(left) == [
        "shop/shop__b/orders/2026-11-04/killed/page-000001.gz",
        "shop/shop__b/orders/2026-11-05/other/.manifest.jsonl.gz.1234abcd",
        "shop/shop__b/orders/2026-11-05/other/page-000001.gz",
    ]


def test_a_write_whose_half_is_taken_away_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, real, cleared = open_store(str(tmp_path)), os.replace, []

    def replace(partial: Path, target: Path) -> None:
        if not cleared:
            cleared.append(store.clear_partials("run"))
        real(partial, target)

    monkeypatch.setattr(os, "replace", replace)
    store.write("run/page", b"[1]")
    assert (cleared, store.read("run/page")) == ([1], b"[1]")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["page"]
    assert stat.S_IMODE((tmp_path / "run" / "page").stat().st_mode) == 0o600


def test_a_finished_run_is_never_overwritten(landing_url: str) -> None:
    store = open_store(landing_url)
    for body in (b"[1]", b"[2]", b"[3]"):
        run = LandingRun(store, header())
        run.write(page(body))
        run.finish()

    runs = find_runs(store, "shop", "shop__b", "orders")

    assert [landed.path.rpartition("/")[2] for landed in runs] == ["run-1", "run-1.2", "run-1.3"]


def test_runs_are_found_in_order_of_capture(landing_url: str) -> None:
    store = open_store(landing_url)
    for run_id, key, hours in (("a", "2026-11-04", 3), ("b", "2026-11-03", 2), ("c", "x/../y", 1)):
        run = LandingRun(store, header(run_id, key=key))
        run.write(page(b"[]", at=NOON + dt.timedelta(hours=hours)))
        run.finish()

    assert [found.header.run_id for found in find_runs(store, "shop", "shop__b", "orders")] == [
        "c",
        "b",
        "a",
    ]


def test_the_same_body_gives_the_same_bytes() -> None:
    assert pack(b"[1]") == pack(b"[1]")
    assert gzip.decompress(pack(b"[1]")) == b"[1]"
    # Bytes 4-7 of a gzip file are its time.
    assert pack(b"[1]")[4:8] == b"\0\0\0\0"


def test_a_page_that_changed_or_is_gone_is_refused(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    run = LandingRun(store, header())
    run.write(page(b"[1]"))
    run.finish()
    landed = read_run(store, run.path)
    assert landed is not None
    file = tmp_path / run.path / "page-000001.gz"

    file.write_bytes(pack(b"[2]"))
    with pytest.raises(Truncated, match="hash differs"):
        list(read_pages(store, landed))
    file.write_bytes(pack(b"[1]")[:-3])
    with pytest.raises(Truncated, match="cannot be read: EOFError"):
        list(read_pages(store, landed))
    file.unlink()
    with pytest.raises(Truncated, match="cannot be read: FileNotFoundError"):
        list(read_pages(store, landed))


def test_landed_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    run = LandingRun(open_store(str(tmp_path)), header())
    run.write(page(b"[1]"))
    run.finish()

    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / run.path).iterdir()}
    assert modes == {0o600}


def test_names_stay_inside_the_landing_folder(tmp_path: Path) -> None:
    run = LandingRun(open_store(str(tmp_path)), header("../../etc/x", key=".."))

    assert run.path == "shop/shop__b/orders/_/_.._etc_x"
