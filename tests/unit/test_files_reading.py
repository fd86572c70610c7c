"""Files from a folder: what is read, what is refused in which words, what goes to quarantine."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from unit_costs import COSTS, SERUM, costs_of, refusal

from include.errors import InvalidSettings
from include.sources._base import Record
from include.sources.files import SOURCE, client, schema
from tests.fakes.watched_folder import WatchedFolder, hashed


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path, SOURCE)


def test_streams_are_the_classes_of_the_schema() -> None:
    declared = {c for c in vars(schema).values() if isinstance(c, type) and issubclass(c, Record)}
    assert {stream.record for stream in SOURCE.streams} == declared - {Record}


def test_a_file_gives_its_rows_with_their_lines(folder: WatchedFolder) -> None:
    folder.put("unit_costs/2026/fall.csv", COSTS + SERUM + "\n" + "OIL-50, 2026-09-01 ,4.05,USD\n")
    found = folder.read("unit_costs")
    assert found.rows[0] == {
        "file_name": "unit_costs/2026/fall.csv",
        "line_number": 2,
        "sku": "SERUM-30",
        "valid_from": "2026-09-01",
        "unit_cost_amount": "7.40",
        "currency_code": "USD",
        "product_name": None,
        "note": None,
    }
    assert (found.rows[1]["sku"], found.rows[1]["line_number"]) == ("OIL-50", 4)
    (page,) = found.pages
    assert page.body == (folder.root / "unit_costs/2026/fall.csv").read_bytes()
    assert page.context["slices"] == [["unit_costs/2026/fall.csv"]]
    json.dumps(page.context)  # the manifest is JSON


def test_an_empty_or_missing_subfolder_gives_nothing(folder: WatchedFolder) -> None:
    assert folder.read("unit_costs").pages == []


def test_headers_may_stand_in_any_order_and_leave_out_optional_ones(folder: WatchedFolder) -> None:
    folder.put(
        "unit_costs/a.csv",
        "note,currency_code,unit_cost_amount,valid_from,sku\n,EUR,1,2026-01-02,A\n",
    )
    (row,) = folder.read("unit_costs").rows
    assert (row["sku"], row["currency_code"], row["note"]) == ("A", "EUR", None)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("sku,valid_from,Unit Cost Amount,currency_code", "meant 'unit_cost_amount'"),
        ("sku,valid_from,unit_cost_amount,currency_code,margin", "header 'margin' is not known"),
        ("sku,valid_from,unit_cost_amount", "header 'currency_code' is missing"),
        ("sku,valid_from,unit_cost_amount,currency_code,sku", "header 'sku' is there twice"),
        ("SERUM-30,2026-09-01,7.40,USD", "none of the 4 columns has a known name"),
    ],
)
def test_wrong_headers_are_refused_with_file_header_and_allowed(
    folder: WatchedFolder, header: str, told: str
) -> None:
    folder.put("unit_costs/costs.csv", f"{header}\n{SERUM}")
    message = refusal(folder)
    assert told in message
    assert "unit_costs/costs.csv: line 1" in message
    assert "allowed: sku, valid_from, unit_cost_amount, currency_code, product_name (opt" in message


def test_one_message_names_every_refused_file(folder: WatchedFolder) -> None:
    folder.put("unit_costs/a.csv", "nothing\n1\n")
    folder.put("unit_costs/b.csv", COSTS + SERUM)
    folder.put("unit_costs/c.xlsx", b"PK\x03\x04")
    message = refusal(folder)
    assert "2 of the files" in message
    assert "unit_costs/a.csv" in message
    assert "unit_costs/c.xlsx: its format is not known; allowed: .csv, .json" in message


def test_a_message_never_quotes_what_may_be_a_value(folder: WatchedFolder) -> None:
    folder.put("post_purchase_survey/a.csv", "answer,jane@doe.example\nx,y\n")
    message = refusal(folder, "post_purchase_survey")
    assert "jane" not in message
    assert "header of column 2 is not known" in message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_is_read_with_and_without_mark(folder: WatchedFolder, encoding: str) -> None:
    text = "sku,valid_from,unit_cost_amount,currency_code,note\nÖL-👑,2026-01-02,1,EUR,مرحبا\n"
    folder.put("unit_costs/a.csv", text.encode(encoding))
    (row,) = folder.read("unit_costs").rows
    assert (row["sku"], row["note"]) == ("ÖL-👑", "مرحبا")


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-16", "is UTF-16; save it as UTF-8, or declare extra.encoding"),
        ("utf-16-le", "holds NUL bytes, so it is UTF-16 or no text"),
        ("latin-1", "line 3: byte 0xd6 is no UTF-8; save it as UTF-8, or declare"),
    ],
)
def test_another_encoding_is_refused_unless_declared(
    folder: WatchedFolder, encoding: str, told: str
) -> None:
    text = COSTS + SERUM + "ÖL,2026-01-02,1,EUR\n"
    folder.put("unit_costs/a.csv", text.encode(encoding))
    assert told in refusal(folder)
    if encoding != "utf-16-le":
        folder.extra["encoding"] = encoding
        assert folder.read("unit_costs").rows[1]["sku"] == "ÖL"
        assert "ÖL".encode() in folder.read("unit_costs").landed


def test_a_declared_encoding_that_is_not_there_is_refused(folder: WatchedFolder) -> None:
    folder.extra["encoding"] = "utf-16"
    folder.put("unit_costs/a.csv", COSTS + SERUM)
    assert "no byte order mark of UTF-16" in refusal(folder)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_declared_delimiter_is_found(folder: WatchedFolder, delimiter: str) -> None:
    folder.put("unit_costs/a.csv", (COSTS + SERUM).replace(",", delimiter))
    assert costs_of(folder) == [("SERUM-30", "2026-09-01", "7.40", 2)]


def test_an_undeclared_delimiter_is_not_guessed(folder: WatchedFolder) -> None:
    folder.put("unit_costs/a.csv", (COSTS + SERUM).replace(",", "|"))
    assert "none of the 1 columns has a known name" in refusal(folder)
    folder.extra["delimiters"] = ["|"]
    assert len(costs_of(folder)) == 1


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"delimiters": ["x"]}, "extra.delimiters ['x'] is not allowed; allowed: a list of ','"),
        ({"encoding": "ebcdic"}, "extra.encoding 'ebcdic' is not allowed; allowed: utf-8, utf-16"),
        ({"settle_seconds": "soon"}, "extra.settle_seconds 'soon' is not allowed; allowed: 0 to"),
        ({"url": ""}, "extra.url is missing"),
        ({"url": "/does/not/exist"}, "'/does/not/exist' is no folder that exists"),
        ({"url": "warp://x/y"}, "'warp://x/y' with these storage_options is not allowed"),
        ({"url": "s3://bucket/x"}, "needs a package"),
    ],
)
def test_a_wrong_connection_says_what_is_allowed(
    folder: WatchedFolder, extra: dict[str, Any], told: str
) -> None:
    folder.extra.update(extra)
    with pytest.raises(InvalidSettings) as caught:
        folder.read("unit_costs")
    assert told in str(caught.value)


@pytest.mark.parametrize("number", ["7,40", "1.234,50", "1,234", "-0,5", "1,234.50"])
def test_commas_in_numbers_are_refused_not_guessed(folder: WatchedFolder, number: str) -> None:
    folder.put("unit_costs/a.csv", COSTS.replace(",", ";") + f"OIL;2026-01-02;{number};EUR\n")
    message = refusal(folder)
    assert f"unit_costs/a.csv: line 2: unit_cost_amount '{number}' holds a comma" in message
    assert "such as 1234.50" in message


def test_bad_lines_are_told_apart_and_the_others_are_read(folder: WatchedFolder) -> None:
    folder.put(
        "unit_costs/a.csv",
        COSTS
        + SERUM
        + "OIL,2026-01-02,1\n"  # a cell is missing
        + 'CREAM,2026-01-02,"2"x,USD\n'  # text after a quote
        + SERUM  # the same again: harmless
        + "SERUM-30,2026-09-01,8.00,USD\n"  # the same key, another cost
        + "MASK,02/01/2026,3,USD\n"  # the reader's business
        + "TONER,2026-01-02,3,USD\n",
    )
    found = folder.read("unit_costs")
    assert [row["sku"] for row in found.rows] == ["SERUM-30", "SERUM-30", "TONER"]
    assert found.rows[2]["line_number"] == 8
    assert found.rejected == ["valid_from: Invalid RFC3339 encoded date: '02/01/2026'"]
    (told,) = found.bad_lines
    assert told == (
        "unit_costs/a.csv: line 3 has 3 cells, the header 4; "
        "line 4 is no CSV (',' expected after '\"'); "
        "line 6 has the sku, valid_from of line 2 and other values"
    )
    assert found.pages[0].context["expected_rows"] == 7


def test_an_open_quote_is_refused_with_its_line(folder: WatchedFolder) -> None:
    folder.put("unit_costs/a.csv", COSTS + SERUM + 'OIL,2026-01-02,1,"USD\n' + SERUM)
    assert "line 3: a quote is opened and never closed" in refusal(folder)


def test_cells_may_hold_line_breaks_and_the_lines_after_them_keep_their_number(
    folder: WatchedFolder,
) -> None:
    header = "sku,valid_from,unit_cost_amount,currency_code,note\r\n"
    text = header + 'A,2026-01-02,1,EUR,"two\r\nlines, ""quoted"""\r\n' + "B,2026-01-02,2,EUR,\r\n"
    folder.put("unit_costs/a.csv", text)
    first, second = folder.read("unit_costs").rows
    assert first["note"] == 'two\r\nlines, "quoted"'
    assert (second["sku"], second["line_number"]) == ("B", 4)


def test_odd_texts_survive(folder: WatchedFolder) -> None:
    long = "x" * 1_000_000
    text = (
        f"sku,valid_from,unit_cost_amount,currency_code,note\n00123,2026-01-02,-0.00,EUR,{long}\n"
    )
    folder.put("unit_costs/a.csv", text + "9007199254740993,2026-01-02,1e-7,EUR,a\x00b\n")
    first, second = folder.read("unit_costs").rows
    assert (first["sku"], first["unit_cost_amount"], first["note"]) == ("00123", "-0.00", long)
    assert (second["sku"], second["note"]) == ("9007199254740993", "a\N{REPLACEMENT CHARACTER}b")


SURVEY = "response_id,submitted_at,customer_email,customer_phone,answer,comment\n"


def test_personal_cells_are_hashed_before_landing(folder: WatchedFolder) -> None:
    folder.put(
        "post_purchase_survey/a.csv",
        SURVEY
        + 'r1,2026-11-04T10:00:00Z, Jane@Doe.example ,+1 202 555 0101,Instagram,"hi, ""there"""\n'
        + "r2,2026-11-04T10:00:00Z,,,TikTok,write to jim.roe@mail.example please\n"
        + "r3,2026-11-04T10:00:00Z,+1 202 555 0199,Podcast\n",
    )
    found = folder.read("post_purchase_survey")
    first, second = found.rows
    assert first["customer_email"] == hashed("jane@doe.example")
    assert first["customer_phone"] == hashed("+1 202 555 0101")
    assert first["comment"] == 'hi, "there"'
    assert (second["customer_email"], second["customer_phone"]) == (None, None)
    assert second["comment"] == f"write to {hashed('jim.roe@mail.example')} please"
    assert second["line_number"] == 3
    assert "line 4 has 4 cells" in found.bad_lines[0]
    for secret in (b"example", b"555"):
        assert secret not in found.landed
        assert secret not in repr(found.pages).encode()


def test_personal_values_of_json_are_hashed_before_landing(folder: WatchedFolder) -> None:
    rows = [
        {"response_id": "r1", "submitted_at": "2026-11-04T10:00:00Z", "answer": "\na@b.example",
         "customer_email": "Jane@Doe.example"},
    ]  # fmt: skip
    folder.put("post_purchase_survey/a.json", json.dumps(rows))
    folder.put("post_purchase_survey/b.jsonl", json.dumps(rows[0] | {"response_id": "r2"}))
    found = folder.read("post_purchase_survey")
    assert [row["customer_email"] for row in found.rows] == [hashed("jane@doe.example")] * 2
    assert [row["answer"] for row in found.rows] == [hashed("a@b.example")] * 2
    assert b"example" not in found.landed


def test_big_files_come_in_pages_that_keep_their_lines(
    folder: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_CHARS", 100)
    lines = [f"S{n},2026-01-02,{n},USD\n" for n in range(40)]
    lines[30] = "broken\n"
    folder.put("unit_costs/a.csv", COSTS + "".join(lines))
    found = folder.read("unit_costs")
    assert len(found.pages) > 5
    assert [row["line_number"] for row in found.rows] == [n for n in range(2, 42) if n != 32]
    assert all(row["sku"] == f"S{row['line_number'] - 2}" for row in found.rows)
    assert found.bad_lines == ["unit_costs/a.csv: line 32 has 1 cells, the header 4"]
    assert all(page.body.startswith(COSTS.encode()) for page in found.pages)


def test_a_file_without_rows_is_a_page_that_says_so(folder: WatchedFolder) -> None:
    folder.put("unit_costs/a.csv", COSTS.strip())
    (page,) = folder.read("unit_costs").pages
    assert (page.context["expected_rows"], page.context["slices"]) == (0, [["unit_costs/a.csv"]])


def test_an_empty_ad_name_is_the_whole_campaign(folder: WatchedFolder) -> None:
    header = "cost_date,platform,campaign_name,spend_amount,currency_code,impressions,orders\n"
    folder.put("paid_ads_costs/a.csv", header + "2026-11-04,meta,fall,120.50,USD,9000.0,2.5\n")
    (row,) = folder.read("paid_ads_costs").rows
    assert (row["ad_name"], row["impressions"], row["orders"]) == ("", 9000, "2.5")


def test_rows_written_by_csv_itself_come_back(folder: WatchedFolder) -> None:
    names = ["response_id", "submitted_at", "customer_email", "answer", "comment"]
    texts = ['a"b', "x,y", "line\nbreak", "'", "a;b", "tab\there", "ünï"]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for number, text in enumerate(texts):
        writer.writerow([f"r{number}", "2026-11-04T10:00:00+00:00", "j@d.example", text, text])
    folder.put("post_purchase_survey/a.csv", out.getvalue())
    rows = folder.read("post_purchase_survey").rows
    assert [row["answer"] for row in rows] == texts
    assert [row["comment"] for row in rows] == texts
