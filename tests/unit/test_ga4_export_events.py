"""The GA4 export from files: which files count, how an event becomes a row, what is hashed."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from include.errors import InvalidFile, Truncated
from include.sources._base import Window
from include.sources.ga4_export import SOURCE, client
from tests.fakes.watched_folder import WatchedFolder, hashed

USER = "1203344556.1793809000"
# The example of the export's documentation, with what a shop sends besides.
PURCHASE: dict[str, Any] = {
    "event_date": "20261104",
    "event_timestamp": "1793810000123456",
    "event_name": "purchase",
    "event_params": [
        {"key": "ga_session_id", "value": {"int_value": "1793809000"}},
        {"key": "session_engaged", "value": {"string_value": "1"}},
        {
            "key": "page_location",
            "value": {"string_value": "https://solefit.example/checkout/thank-you"},
        },
        {"key": "value", "value": {"double_value": 67.94}},
        {"key": "currency", "value": {"string_value": "USD"}},
        {"key": "transaction_id", "value": {"string_value": "#1042"}},
    ],
    "user_pseudo_id": USER,
    "privacy_info": {"analytics_storage": "Yes", "ads_storage": "No"},
    "collected_traffic_source": None,
    "session_traffic_source_last_click": {
        "manual_campaign": {
            "source": "instagram",
            "medium": "influencer",
            "campaign_name": "fall26",
            "content": "maya",
        }
    },
    "traffic_source": {"source": "google", "medium": "organic", "name": "(organic)"},
    "stream_id": "5501234567",
    "platform": "WEB",
    "ecommerce": {"purchase_revenue": 67.94, "transaction_id": "#1042", "total_item_quantity": "2"},
    "items": [{"item_id": "SERUM-30", "quantity": "2", "price": 33.97}],
}


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path, SOURCE)


def lines(*events: dict[str, Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def on(day: str, **fields: Any) -> dict[str, Any]:
    return {**PURCHASE, "event_date": day, **fields}


def read_one(folder: WatchedFolder, event: dict[str, Any]) -> dict[str, Any]:
    folder.put("events_20261104.json", lines(event))
    (row,) = folder.read("events").rows
    return row


def with_param(name: str, value: Any) -> dict[str, Any]:
    others = [param for param in PURCHASE["event_params"] if param["key"] != name]
    return {**PURCHASE, "event_params": [*others, {"key": name, "value": value}]}


def test_an_event_becomes_a_flat_row(folder: WatchedFolder) -> None:
    row = read_one(folder, PURCHASE)
    wanted = {
        "event_date": "2026-11-04",
        # 1793810000 is 2026-11-04 16:33:20 UTC
        "event_timestamp": "2026-11-04T16:33:20.123456Z",
        "event_name": "purchase",
        "is_intraday": False,
        "user_pseudo_id": hashed(USER),
        "ga_session_id": 1793809000,
        "session_engaged": True,
        "page_location": "https://solefit.example/checkout/thank-you",
        "transaction_id": "#1042",
        "value": "67.94",
        "currency": "USD",
        "collected_source": None,
        "session_source": "instagram",
        "session_campaign": "fall26",
        "session_content": "maya",
        "first_user_campaign": "(organic)",
        "ecommerce_transaction_id": "#1042",
        "purchase_revenue": "67.94",
        "item_count": 2,
        "analytics_storage": "Yes",
        "stream_id": "5501234567",
        "gclid": None,
    }
    assert {name: row[name] for name in wanted} == wanted


def test_integers_come_as_texts_or_numbers_and_both_give_the_same_event(
    folder: WatchedFolder,
) -> None:
    text = read_one(folder, PURCHASE)
    numbers = json.loads(json.dumps(PURCHASE))
    numbers["event_timestamp"] = 1793810000123456
    numbers["event_params"][0]["value"] = {"int_value": 1793809000}
    numbers["event_params"][1]["value"] = {"int_value": 1}
    numbers["event_params"].reverse()
    numbers["items"][0]["quantity"] = 2
    assert read_one(folder, numbers) == text


def test_parquet_lists_give_the_same_event(folder: WatchedFolder) -> None:
    wrapped = {
        **PURCHASE,
        "event_params": {"list": [{"element": p} for p in PURCHASE["event_params"]]},
        "items": {"list": [{"element": item} for item in PURCHASE["items"]]},
    }
    assert read_one(folder, wrapped) == read_one(folder, PURCHASE)


@pytest.mark.parametrize(
    "other",
    [
        on("20261104", event_timestamp="1793810000123457"),
        on("20261104", user_pseudo_id="1.2"),
        on("20261104", items=[]),
        on("20261104", batch_event_index="2"),
        with_param("coupon", {"string_value": "MAYA15"}),
    ],
)
def test_events_that_differ_have_keys_that_differ(
    folder: WatchedFolder, other: dict[str, Any]
) -> None:
    folder.put("events_20261104.json", lines(PURCHASE, other, PURCHASE))
    first, second, again = folder.read("events").rows
    assert first["event_key"] == again["event_key"] != second["event_key"]


@pytest.mark.parametrize(
    ("event", "column", "value"),
    [
        (with_param("transaction_id", {"int_value": "1042"}), "transaction_id", "1042"),
        (with_param("coupon", {"string_value": "1.10"}), "coupon", "1.10"),
        (with_param("coupon", {"double_value": 5.0}), "coupon", "5"),
        (with_param("ga_session_id", {"string_value": "1793809000"}), "ga_session_id", 1793809000),
        (with_param("value", {"int_value": "68"}), "value", "68"),
        (with_param("value", {"string_value": ""}), "value", None),
        (with_param("session_engaged", {"int_value": 1}), "session_engaged", True),
        (with_param("session_engaged", {"string_value": "0"}), "session_engaged", False),
        (on("20261104", event_params=[]), "session_engaged", None),
        (on("20261104", user_pseudo_id=None), "user_pseudo_id", None),
        (on("20261104", stream_id=9007199254740993), "stream_id", "9007199254740993"),
    ],
)
def test_types_that_drift_are_read(
    folder: WatchedFolder, event: dict[str, Any], column: str, value: Any
) -> None:
    assert read_one(folder, event)[column] == value


def test_what_identifies_a_person_is_hashed_before_landing(folder: WatchedFolder) -> None:
    event = on("20261104", user_id="crm-4711")
    event["event_params"] = [
        *PURCHASE["event_params"],
        {"key": "client_id", "value": {"string_value": USER}},
        {"key": "email", "value": {"int_value": None, "string_value": "Jane@doe.example"}},
        {
            "key": "page_referrer",
            "value": {"string_value": "https://x.example/?mail=jim%40roe.example&a=1"},
        },
    ]
    folder.put("events_20261104.json", lines(event))
    found = folder.read("events")
    (row,) = found.rows
    assert row["user_id"] == hashed("crm-4711")
    assert row["page_referrer"] == f"https://x.example/?mail={hashed('jim@roe.example')}&a=1"
    for secret in (USER.encode(), b"4711", b"doe.example", b"roe.example"):
        assert secret not in found.landed
    assert hashed("jane@doe.example").encode() in found.landed


def names_of(folder: WatchedFolder) -> list[str]:
    return [page.context["file_name"] for page in folder.read("events").pages]


def test_a_window_reads_its_day_and_the_three_before(folder: WatchedFolder) -> None:
    for day in ("20261031", "20261101", "20261102", "20261103", "20261104", "20261105"):
        folder.put(f"events_{day}.json", lines(on(day)))
    assert names_of(folder) == [f"events_2026110{n}.json" for n in (1, 2, 3, 4)]
    folder.window = Window(
        folder.window.start - dt.timedelta(days=1),
        folder.window.end - dt.timedelta(days=1),
        "2026-11-03",
    )
    assert names_of(folder)[0] == "events_20261031.json"


def test_intraday_files_count_until_the_daily_one_is_there(folder: WatchedFolder) -> None:
    folder.put("events_intraday_20261104.json", lines(PURCHASE))
    (row,) = folder.read("events").rows
    assert row["is_intraday"] is True
    folder.put("events_20261104-000000000000.json", lines(PURCHASE))
    assert names_of(folder) == ["events_20261104-000000000000.json"]
    assert folder.read("events").rows[0]["is_intraday"] is False
    assert folder.read("events").rows[0]["event_key"] == row["event_key"]


@pytest.mark.parametrize(
    "name",
    [
        "events_20261104.json",
        "events_20261104000000000001.ndjson",
        "events_20261104-000000000001.jsonl",
        "events_20261104_01.json",
        "2026/events_20261104/part-0.json",
    ],
)
def test_names_that_bq_extract_writes_are_known(folder: WatchedFolder, name: str) -> None:
    folder.put(name, lines(PURCHASE))
    assert names_of(folder) == [name]


@pytest.mark.parametrize(
    "name",
    ["pseudonymous_users_20261104.json", "users_20261104.json", "events_20261399.json",
     "events_202611045.json", "myevents_20261104.json", "events_20261104.json.tmp"],
)  # fmt: skip
def test_other_files_are_passed_over(folder: WatchedFolder, name: str) -> None:
    folder.put(name, lines(PURCHASE))
    assert names_of(folder) == []


def test_packed_files_are_read_and_damaged_ones_tried_again(folder: WatchedFolder) -> None:
    packed = gzip.compress(lines(PURCHASE, on("20261104", event_name="page_view")).encode())
    folder.put("events_20261104.json.gz", packed)
    assert [row["event_name"] for row in folder.read("events").rows] == ["purchase", "page_view"]
    folder.put("events_20261104.json.gz", packed[:-12])
    with pytest.raises(Truncated, match=r"events_20261104\.json\.gz ends early or is damaged"):
        folder.read("events")


def test_another_format_is_refused(folder: WatchedFolder) -> None:
    folder.put("events_20261104.avro", b"Obj\x01")
    with pytest.raises(InvalidFile, match=r"events_20261104\.avro.*allowed: JSON lines"):
        folder.read("events")


def test_parquet_files_are_read(folder: WatchedFolder) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the package pyarrow")
    from pyarrow import parquet as writer

    event = json.loads(json.dumps(PURCHASE))
    event["event_timestamp"] = 1793810000123456
    for param in event["event_params"]:
        if "int_value" in param["value"]:
            param["value"]["int_value"] = int(param["value"]["int_value"])
    event["items"][0]["quantity"] = 2
    event["ecommerce"]["total_item_quantity"] = 2
    buffer = io.BytesIO()
    writer.write_table(pyarrow.Table.from_pylist([event]), buffer)
    folder.put("events_20261104.parquet", buffer.getvalue())
    (row,) = folder.read("events").rows
    (folder.root / "events_20261104.parquet").unlink()
    assert row == read_one(folder, PURCHASE)
    folder.put("events_20261103.parquet", buffer.getvalue()[:-9])
    with pytest.raises(Truncated, match="no complete Parquet file"):
        folder.read("events")


def test_a_bucket_reads_as_a_folder_does(folder: WatchedFolder) -> None:
    import fsspec
    import pyarrow
    from pyarrow import parquet as writer

    bucket, buffer = fsspec.filesystem("memory"), io.BytesIO()
    writer.write_table(pyarrow.Table.from_pylist([on("20261103", items=[])]), buffer)
    bucket.pipe_file("/export/ga4/events_20261103/part-0.parquet", buffer.getvalue())
    packed = gzip.compress(lines(PURCHASE).encode())
    bucket.pipe_file("/export/ga4/events_20261104-000000000000.json.gz", packed)
    folder.extra["url"] = "memory://export/ga4"
    try:
        found = folder.read("events")
        assert [page.context["file_name"] for page in found.pages] == [
            "events_20261103/part-0.parquet",
            "events_20261104-000000000000.json.gz",
        ]
        assert [row["ecommerce_transaction_id"] for row in found.rows] == ["#1042"] * 2
    finally:
        bucket.rm("/export", recursive=True)


def test_lines_that_are_no_events_are_named(folder: WatchedFolder) -> None:
    undated = {name: value for name, value in PURCHASE.items() if name != "event_timestamp"}
    text = lines(PURCHASE) + "{oops\n\n[1]\n" + lines(on("20261103"), undated, PURCHASE)
    folder.put("events_20261104.json", text)
    found = folder.read("events")
    assert len(found.rows) == 2
    assert found.pages[0].context["expected_rows"] == 6
    (told,) = found.bad_lines
    assert told.startswith("events_20261104.json: line 2 is no event (Truncated")
    assert "line 4 is no event (TypeError" in told
    assert "line 5 is no event (is of 2026-11-03, the file of 2026-11-04)" in told
    assert "line 6 is no event (KeyError: 'event_timestamp')" in told


def test_a_field_ga4_adds_is_reported_and_kept(folder: WatchedFolder) -> None:
    folder.put("events_20261104.json", lines({**PURCHASE, "is_predicted": True}))
    stream = SOURCE.stream("events")
    (page,) = stream.fetch(folder.context("events"))
    (row,) = stream.parse(page.body, page)
    assert row["is_predicted"] is True
    assert (row["file_name"], row["line_number"]) == ("events_20261104.json", 1)


def test_pages_say_which_days_they_replace(folder: WatchedFolder) -> None:
    for day in ("20261101", "20261103", "20261104"):
        folder.put(f"events_{day}.json", lines(on(day)))
    spans = {
        (page.context["start_date"], page.context["end_date"])
        for page in folder.read("events").pages
    }
    # The 2nd has no file: what it has must stay, so the span begins after it.
    assert spans == {("2026-11-03", "2026-11-04")}


def test_big_files_come_in_pages_that_keep_their_lines(
    folder: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_CHARS", 3_000)
    events = [on("20261104", event_timestamp=str(1793810000000000 + n)) for n in range(20)]
    folder.put("events_20261104.json", lines(*events))
    stream = SOURCE.stream("events")
    pages = list(stream.fetch(folder.context("events")))
    rows = [row for page in pages for row in stream.parse(page.body, page)]
    assert len(pages) > 4
    assert [row["line_number"] for row in rows] == list(range(1, 21))
    assert len({row["event_key"] for row in rows}) == 20
