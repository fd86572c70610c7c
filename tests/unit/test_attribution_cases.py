"""Case files: what is refused and how it is said, what is compared, and the exit status."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.attribution import __main__ as command
from include.attribution.cases import InvalidCases, read_cases
from include.attribution.cases_answer import BuiltPath, LedgerEntry, SqlAnswer
from include.attribution.cases_check import check_cases, format_results
from include.attribution.cases_rows import dated_case, ledger_rows, touch_rows

GOLDEN = Path(__file__).parents[1] / "golden"


def small_case() -> dict[str, Any]:
    """ana, then bo, an order of 90.00, a refund of 30.00: linear and Markov give half each."""
    half = {"conversions": 0.5, "value": 30}
    return {
        "id": "small",
        "touches": [
            {"touch_id": 1, "user": "u", "ts": "2026-03-01T00:00:00Z", "channel": "ana"},
            {"touch_id": 2, "user": "u", "ts": "2026-03-02T00:00:00Z", "channel": "bo"},
        ],
        "conversions": [
            {"conversion_id": "o", "user": "u", "ts": "2026-03-03T00:00:00Z", "value": 90}
        ],
        "refunds": [
            {"refund_id": "r", "refund_of": "o", "ts": "2026-05-03T00:00:00Z", "value": -30}
        ],
        "expected": {
            "paths": [{"id": "o", "path": ["ana", "bo"], "conversions": 1, "value": 90}],
            "unattributed": {"conversions": 0, "value": 0},
            "credits": {m: {"ana": half, "bo": half} for m in ("linear", "markov", "markov_path")},
            "markov_exact": {
                "p_conversion": "1",
                "removal_effect": {"ana": "1", "bo": "1"},
                "share": {"ana": "1/2", "bo": "1/2"},
            },
            "touch_rows": [
                {
                    "id": "o",
                    "touches": ["ana", "bo"],
                    "weights": {"linear": [0.5, 0.5]},
                    "linear_cents": [4500, 4500],
                }
            ],
        },
    }


def small_answer(**changes: Any) -> dict[str, SqlAnswer]:
    """What right SQL says of the small case; `changes` make its sale wrong."""
    sale: dict[str, Any] = {
        "order_id": "o",
        "conversions": 1.0,
        "value": 90.0,
        "channels": ("ana", "bo"),
        "weights": {"linear": (0.5, 0.5)},
        "cents": {"linear": (4500, 4500)},
    }
    refund = sale | {"conversions": 0.0, "value": -30.0, "cents": {"linear": (-1500, -1500)}}
    path = BuiltPath("o", ("ana", "bo"), 1.0, 0.0, 90.0)
    entries = (LedgerEntry(**(sale | changes)), LedgerEntry(**refund))
    return {"small": SqlAnswer((path,), entries)}


def write(folder: Path, *cases: dict[str, Any], **envelope: Any) -> Path:
    file = folder / "cases.json"
    file.write_text(json.dumps({"format": 1, "cases": cases} | envelope), "utf-8")
    return file


def test_the_right_answer_agrees(tmp_path: Path) -> None:
    (result,) = check_cases(read_cases(write(tmp_path, small_case())), small_answer())
    assert result.failures == []
    assert len(result.checks) == 30
    assert result.worst < 1e-12


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": {"linear": (0.6, 0.4)}}, "linear ana conversions is 0.6, expected 0.5"),
        ({"weights": {"linear": (0.5 + 2e-9, 0.5)}}, "order o linear weight 1 is 0.500000002"),
        ({"cents": {"linear": (4501, 4499)}}, "order o linear cents is [4501, 4499], expected"),
        ({"value": 90.01}, "markov ana value is 30.00"),
        ({"conversions": 2.0}, "linear ana conversions is 1.0, expected 0.5"),
        ({"channels": (), "weights": {}}, "unattributed conversions is 1.0, expected 0.0"),
        ({"weights": {"last": (0.0, 1.0)}}, "order o linear weights is [], expected [0.5, 0.5]"),
    ],
)
def test_a_wrong_answer_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    answers = small_answer(**changes)
    if "last" in changes.get("weights", {}):
        answers["small"] = SqlAnswer(answers["small"].paths, answers["small"].entries[:1])
    results = check_cases(read_cases(write(tmp_path, small_case())), answers)
    assert f"small: {message}" in format_results(results)
    assert format_results(results).endswith("1 cases failed")


def test_a_path_in_the_wrong_order_is_named(tmp_path: Path) -> None:
    entries = small_answer()["small"].entries
    answers = {"small": SqlAnswer((BuiltPath("o", ("bo", "ana"), 1.0, 0.0, 90.0),), entries)}
    (result,) = check_cases(read_cases(write(tmp_path, small_case())), answers)
    assert ("path o", ["bo", "ana"]) in [(check.what, check.found) for check in result.failures]


def test_a_case_nobody_answered_fails(tmp_path: Path) -> None:
    (result,) = check_cases(read_cases(write(tmp_path, small_case())), {})
    assert [check.what for check in result.failures] == ["answer of the dbt models"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            ("touches", 0, "ts"),
            "2026-03-01T00:00:00",
            r"case 1 \(small\): .*timezone.*touches\[0\]",
        ),
        (("touches", 0, "touch_id"), "one", r"Expected `int`, got `str` - at `\$.touches\[0\]"),
        (("touches", 1, "touch_id"), 1, r"\(small\): touch_id 1 is there more than once"),
        (("touches", 0, "evidence"), "tarot", r"Invalid enum value 'tarot'"),
        (("touches", 0, "chanel"), "ana", r"unknown field `chanel` - at `\$.touches\[0\]"),
        (("config",), {"direct_policy": "drop"}, r"Invalid enum value 'drop'.*direct_policy"),
        (("config",), {"lookback_days": -1}, r">= 0.*lookback_days"),
        (("refunds", 0, "refund_of"), "x", r"refund 'r' refers to 'x'; allowed: o"),
        (("paths",), [{"path": ["ana"]}], r"has paths and touches; allowed: one of the two"),
        (("expected", "share"), {}, r"unknown field `share` - at `\$.expected"),
        (("expected", "touch_rows", 0, "note"), "x", r"unknown fields \['note'\]; allowed: id"),
        (("expected", "markov_exact", "p_conversion"), "1/0", r"holds '1/0'; allowed: such as"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, path: Any, value: Any, message: str) -> None:
    case: Any = small_case()
    *way, last = path
    place = case
    for key in way:
        place = place[key]
    place[last] = value
    with pytest.raises(InvalidCases, match=message):
        read_cases(write(tmp_path, case))


def test_wrong_envelopes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidCases, match=r"case small is there more than once"):
        read_cases(write(tmp_path, small_case(), small_case()))
    with pytest.raises(InvalidCases, match=r"cases.json: Invalid enum value 2 - at `\$.format"):
        read_cases(write(tmp_path, format=2))
    with pytest.raises(InvalidCases, match=r"nowhere.json cannot be read: No such file"):
        read_cases(tmp_path / "nowhere.json")


def test_the_golden_files_are_of_the_format() -> None:
    assert len(read_cases(GOLDEN / "attribution.json").cases) == 23
    assert len(read_cases(GOLDEN / "peer_defects.json").cases) == 8
    assert len(read_cases(GOLDEN / "odd_orders.json").cases) == 23


def test_a_touch_is_offered_to_every_order_of_its_user(tmp_path: Path) -> None:
    """u has two orders, v has none: v's touches lead to a null path at the last of them."""
    case = small_case() | {"config": {"path_reset": "none"}, "expected": {}}
    case["conversions"].append(
        {"conversion_id": "later", "user": "u", "ts": "2026-03-04T00:00:00Z", "value": 5}
    )
    for number, hour in ((7, "08"), (8, "06")):
        at = f"2026-03-02T{hour}:00:00+02:00"
        case["touches"].append({"touch_id": number, "user": "v", "ts": at, "channel": "cy"})
    (found,) = read_cases(write(tmp_path, case)).cases
    offered = [(row[1], row[2][-1], row[4]) for row in touch_rows(found)]
    first, later = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (3, 4))
    last_of_v = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
    assert offered == [
        *[("o", number, first) for number in "12"],
        *[("later", number, later) for number in "12"],
        *[("null:v", number, last_of_v) for number in "78"],
    ]


def test_paths_begin_anew_after_an_order_where_the_case_says_so(tmp_path: Path) -> None:
    case = small_case() | {"config": {"path_reset": "conversion"}, "expected": {}}
    case["conversions"].append(
        {"conversion_id": "early", "user": "u", "ts": "2026-03-01T00:00:00Z", "value": 5}
    )
    (found,) = read_cases(write(tmp_path, case)).cases
    # At the very instant of the earlier order ana is spent, bo came after it.
    offered = [(row[1], row[13]) for row in touch_rows(found) if row[1] == "o"]
    assert offered == [("o", "bo")]


def test_ledger_rows_are_per_order_and_date(tmp_path: Path) -> None:
    case = small_case()
    case["refunds"] += [
        {"refund_id": "r2", "refund_of": "o", "ts": "2026-05-03T23:00:00Z", "value": -0.01},
        # Half past midnight in Berlin is still the 5th in UTC.
        {"refund_id": "r3", "refund_of": "o", "ts": "2026-05-06T00:30:00+02:00", "value": -1},
    ]
    (found,) = read_cases(write(tmp_path, case)).cases
    assert list(ledger_rows(found)) == [
        ("small", "o", dt.date(2026, 3, 3), Decimal(90)),
        ("small", "o", dt.date(2026, 5, 3), Decimal("-30.01")),
        ("small", "o", dt.date(2026, 5, 5), Decimal(-1)),
    ]


def test_weighted_paths_become_one_order_each(tmp_path: Path) -> None:
    paths = [
        {"path": ["ana", "bo"], "conversions": 3, "nulls": 2, "value": 90},
        {"path": ["bo"], "nulls": 4},
    ]
    case = {"id": "weighted", "paths": paths, "expected": {}}
    (found,) = read_cases(write(tmp_path, case)).cases
    dated = dated_case(found)
    assert [(sale.conversion_id, sale.value) for sale in dated.conversions] == [("p1", 90)]
    offered = [(row[1], row[13]) for row in touch_rows(dated)]
    assert offered == [("p1", "ana"), ("p1", "bo"), ("null:p2", "bo")]


def test_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, small_case())
    monkeypatch.setattr(command, "run_sql_cases", lambda cases: small_answer())
    assert command.main(["cases", str(file)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 cases, 30 checks, 0 cases failed"
    monkeypatch.setattr(command, "run_sql_cases", lambda cases: small_answer(value=80.0))
    assert command.main(["cases", str(file)]) == 1
    assert command.main(["cases", str(tmp_path / "nowhere.json")]) == 2
    assert "cases failed: " in capsys.readouterr().err
