"""Goals and pieces of a report in words, from rows written by hand."""

from __future__ import annotations

from decimal import Decimal

from include.report.sentences import goals_sentence, pieces_sentence
from include.report.sheets import Sheet


def sheet(*rows: dict) -> Sheet:
    return Sheet("any", "", (), rows)


def goal(metric: str, unit: str, *values: str | None, status: str | None = "on_track") -> dict:
    names = ("actual_value", "target_value", "projected_end_low", "projected_end_value")
    numbers = [None if value is None else Decimal(value) for value in values]
    row = dict(zip((*names, "projected_end_high"), numbers, strict=True))
    return row | {"metric": metric, "unit": unit, "pacing_status": status}


def test_goals_are_told_in_their_unit_a_line_each() -> None:
    told = goals_sentence(
        sheet(
            goal("units_sold", "units", "882", "3000", "0", "895.4", "1906.8", status="behind"),
            goal("follower_growth", "rate", "0.0919", "0.1", "0.093", "0.094", "0.095"),
            goal("link_clicks", "clicks", None, "15000", None, None, None, status=None),
        )
    )
    assert told.splitlines() == [
        "Goal Units sold: 882 of 3,000, will end at 895 (90 %: 0 to 1,907); behind",
        (
            "Goal Growth of the brand's followers: 9.2 % of 10.0 %, "
            "will end at 9.4 % (90 %: 9.3 % to 9.5 %); on track"
        ),
        "Goal Visits by the creators' links: – of 15,000; not measured",
    ]
    assert goals_sentence(sheet()) == "Goals: the plan sets none."


def test_pieces_are_counted_by_status_and_by_disclosure() -> None:
    rows = [("live", "caption", 3), ("live", "absent", 1), ("late", "caption", 2)]
    rows += [("missing", None, 4)]
    names = ("deliverable_status", "disclosure_status", "piece_count")
    told = pieces_sentence(sheet(*(dict(zip(names, row, strict=True)) for row in rows)))
    assert told == (
        "Pieces: of 10 promised 4 live, 4 missing, 2 late. "
        "Disclosure of what is live: 5 by the caption, 1 missing."
    )
    assert pieces_sentence(sheet()) == "Pieces: the plan promises none."
