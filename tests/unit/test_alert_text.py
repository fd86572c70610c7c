"""What a mail of alerts says: names, the matter once, what to do, and where to look."""

from __future__ import annotations

import pytest

from include.alerts.situation import Alert
from include.alerts.text import WORDS, write_notice
from include.alerts.watch import WATCHED

PAGE = "/groundswell/campaign?campaign=spring"


def test_every_kind_says_what_to_do() -> None:
    assert set(WORDS) == set(WATCHED)
    for words in WORDS.values():
        assert words.title[0].isupper()
        assert words.advice.endswith(".")


def test_alerts_of_a_matter_stand_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.glow.test")
    notice = write_notice(
        [
            Alert("pacing", "spring/sales", "Units sold: will end at 5", PAGE),
            Alert("pacing", "summer/sales", "Units sold: will end at 6", PAGE + "2"),
            Alert(
                "source_late", "ga4", "Google Analytics 4 has not arrived", "/groundswell/quality"
            ),
            Alert("pacing", "spring/clicks", "Visits: will end at 7", PAGE),
        ],
        {"spring": "Spring glow"},
    )
    assert notice.subject == "Groundswell: 4 new alerts"
    late, spring, summer = notice.text.split("\n\n")
    assert late.splitlines() == [
        "Late source",
        "- Google Analytics 4 has not arrived",
        f"What to do: {WORDS['source_late'].advice}",
        "https://airflow.glow.test/groundswell/quality",
    ]
    assert spring.splitlines()[:3] == [
        "Goals far off their target: Spring glow",
        "- Units sold: will end at 5",
        "- Visits: will end at 7",
    ]
    assert spring.splitlines()[-1] == f"https://airflow.glow.test{PAGE}"
    # A campaign nobody has built yet is called by its id.
    assert summer.startswith("Goals far off their target: summer\n- Units sold: will end at 6\n")


def test_one_alert_is_one() -> None:
    assert write_notice([Alert("pacing", "a/b", "m", "/p")], {}).subject.endswith(": 1 new alert")
