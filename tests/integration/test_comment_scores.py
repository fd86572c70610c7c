"""Scores of comments follow the comments: new, changed, gone."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import include.sentiment
from include.sentiment import score_comments

COMMENTS = """
create table intermediate.int_comments as
select
    'instagram' as platform,
    told.comment_id,
    md5(told.comment_text) as text_hash,
    told.comment_text
from (
    values ('kept', 'I love this serum'), ('changed', 'I love this serum'),
        ('gone', 'I hate this serum')
) as told (comment_id, comment_text)
"""
SCORES = (
    "select comment_id, sign(sentiment_score)::int, model_version "
    "from analysis.comment_scores order by comment_id"
)


def test_only_new_and_changed_comments_are_scored_and_gone_ones_forgotten(
    clean_warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = clean_warehouse.dsn("transformer")
    monkeypatch.setattr(include.sentiment, "model_version", lambda: "first")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(COMMENTS)
        assert score_comments(dsn) == 3
        assert connection.execute(SCORES).fetchall() == [
            ("changed", 1, "first"),
            ("gone", -1, "first"),
            ("kept", 1, "first"),
        ]
        connection.execute("delete from intermediate.int_comments where comment_id = 'gone'")
        connection.execute(
            "update intermediate.int_comments "
            "set comment_text = 'I hate this', text_hash = 'other' where comment_id = 'changed'"
        )
        connection.execute(
            "insert into intermediate.int_comments values ('instagram', 'new', 'n', 'I love it')"
        )
        assert score_comments(dsn) == 2
        assert score_comments(dsn) == 0
        assert connection.execute(SCORES).fetchall() == [
            ("changed", -1, "first"),
            ("kept", 1, "first"),
            ("new", 1, "first"),
        ]
        # Another model scores every text anew.
        monkeypatch.setattr(include.sentiment, "model_version", lambda: "second")
        assert score_comments(dsn) == 3
        assert {model for *_, model in connection.execute(SCORES).fetchall()} == {"second"}
