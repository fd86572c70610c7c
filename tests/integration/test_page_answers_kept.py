"""Answers of landing pages in the warehouse: the newest of each page stays."""

from __future__ import annotations

import datetime as dt
from typing import Any

from include.campaigns.page_answers import PageAnswer, keep_answers
from include.warehouse.connection import connect

EARLY = dt.datetime(2026, 10, 5, 6, tzinfo=dt.UTC)
LATE = EARLY + dt.timedelta(hours=1)


def test_the_newest_answer_of_each_page_stays(clean_warehouse: Any) -> None:
    with connect(clean_warehouse.dsn("transformer")) as connection:
        keep_answers(
            connection,
            [
                PageAnswer("shopify", "/maya", LATE, False, "HTTP 404"),
                PageAnswer("shopify", "/sofia", EARLY, True, "HTTP 200"),
            ],
        )
        keep_answers(
            connection,
            [
                PageAnswer("shopify", "/maya", EARLY, True, "HTTP 200"),
                PageAnswer("shopify", "/sofia", LATE, False, "it leads to /password"),
            ],
        )
        rows = connection.execute(
            "select connection_id, landing_path, asked_at, is_answering, answer "
            "from analysis.page_answers order by landing_path"
        ).fetchall()
    assert rows == [
        ("shopify", "/maya", LATE, False, "HTTP 404"),
        ("shopify", "/sofia", LATE, False, "it leads to /password"),
    ]
