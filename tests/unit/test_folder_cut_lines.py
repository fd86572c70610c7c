"""Files that were cut, or broken in the middle: nothing personal lands, no other line is lost."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from include.errors import InvalidFile, PermanentError, TransientError
from include.settings import REPO_ROOT
from include.sources.files import SOURCE as FILES
from include.sources.ga4_export import SOURCE as GA4_EXPORT
from tests.fakes.watched_folder import WatchedFolder, hashed

# Nothing of these may be landed, whatever a line ends after.
TOLD = re.compile(rb"qw|wert|99|88|77")


def event(user: str, moment: int = 1_762_250_400_000_000) -> dict[str, Any]:
    return {
        "event_date": "20261104",
        "event_timestamp": str(moment),
        "event_name": "purchase",
        "user_pseudo_id": user,
        "event_params": [
            {"key": "ga_session_id", "value": {"int_value": "1762250000"}},
            {"key": "email", "value": {"string_value": 'qw"ert'}},
            {"key": "page_location", "value": {"string_value": "https://s.test/?e=y%40qwert.test"}},
        ],
        "user_id": "998877",
    }


def test_an_export_that_was_cut_anywhere_lands_no_part_of_a_person(tmp_path: Path) -> None:
    folder = WatchedFolder(tmp_path, GA4_EXPORT)
    # The cookie's own digits stand nowhere else in the line.
    line = json.dumps(event("99.88.77"))
    whole = json.dumps(event("5.5", 1_762_250_500_000_000))
    for length in range(len('{"event_date": "20261104'), len(line), 3):
        folder.put("events_20261104.json", f"{line[:length]}\n{whole}\n")
        found = folder.read("events")
        assert [row["user_pseudo_id"] for row in found.rows] == [hashed("5.5")], line[:length]
        assert len(found.bad_lines) == 1
        [page] = found.pages
        landed = re.sub(rb"[0-9a-f]{64}", b"", page.body)
        assert TOLD.search(landed) is None, landed[:length]


def survey(response_id: str, **fields: Any) -> str:
    row = {"response_id": response_id, "submitted_at": "2026-11-04T10:00:00Z", "answer": "a"}
    return json.dumps(row | fields) + "\n"


@pytest.mark.parametrize(
    "broken",
    [
        '{"response_id": "r1", "customer_email": "qwert@x.exam\n',
        '{"response_id": "r1", "customer_email": qwert@x.example, "customer_phone": 998877\n',
        '{"response_id": "r1", "customer_phone": "+99 88 77}\n',
        '["qwert@x.example", "+998877"]\n',
    ],
)
def test_a_broken_line_of_a_survey_is_not_landed_and_takes_no_other_along(
    tmp_path: Path, broken: str
) -> None:
    folder = WatchedFolder(tmp_path, FILES)
    good = survey("r2", customer_email="b@x.example")
    folder.put("post_purchase_survey/a.jsonl", broken + good)
    found = folder.read("post_purchase_survey")
    assert [(row["response_id"], row["line_number"]) for row in found.rows] == [("r2", 2)]
    assert found.rows[0]["customer_email"] == hashed("b@x.example")
    assert "line 1 is no JSON" in found.bad_lines[0]
    assert TOLD.search(re.sub(rb"[0-9a-f]{64}", b"", found.landed)) is None


def test_a_cut_line_of_a_file_without_personal_columns_keeps_the_lines_behind_it(
    tmp_path: Path,
) -> None:
    folder = WatchedFolder(tmp_path, FILES)
    good = '{"sku":"A","valid_from":"2026-09-01","unit_cost_amount":1,"currency_code":"USD"}\n'
    folder.put("unit_costs/a.jsonl", '{"sku": "B", "note": "ask qwert@x.exam\n' + good)
    found = folder.read("unit_costs")
    assert [(row["sku"], row["line_number"]) for row in found.rows] == [("A", 2)]
    assert b"qwert" not in found.landed


def test_a_refused_file_is_a_permanent_error_of_its_own(tmp_path: Path) -> None:
    assert issubclass(InvalidFile, PermanentError)
    assert not issubclass(InvalidFile, TransientError)
    page = FILES.doc
    assert page.count("`InvalidFile`") == 5
    assert "SchemaChanged" not in page
    folder = WatchedFolder(tmp_path, FILES)
    folder.put("unit_costs/a.csv", b"sku,valid_from\n\xff\xfe\n")
    with pytest.raises(InvalidFile, match=r"unit_costs/a\.csv: line 1: header 'unit_cost_amount'"):
        folder.read("unit_costs")


def test_nothing_reaches_into_a_session() -> None:
    for path in (REPO_ROOT / "include").rglob("*.py"):
        assert not re.search(r"session\._[a-z]", path.read_text()), path
