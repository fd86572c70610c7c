"""Which columns an erasure looks at: every one whose value is hashed because it names a person."""

from __future__ import annotations

import json

import pytest

from include.http.redact import Redactor
from include.privacy.erasers import PageEraser
from include.privacy.subjects import ErasedSubjects, identity_of
from include.sources import discover_sources
from include.sources._base import Child, Source, Stream
from include.sources._records import columns_of
from include.sources.ga4_export import SOURCE as GA4_EXPORT
from include.sources.youtube import SOURCE as YOUTUBE

KEY = b"the key of connection privacy"


@pytest.mark.parametrize("source", discover_sources().values(), ids=lambda source: source.name)
def test_a_column_that_holds_a_personal_value_is_a_subjects(source: Source) -> None:
    for stream in source.streams:
        named: tuple[Stream | Child, ...] = (stream, *stream.children)
        for table in named:
            personal = {
                column.name
                for column in columns_of(table.record)
                if column.path[-1] in stream.personal_keys
            }
            assert personal <= set(table.subject_columns), f"{source.name}.{table.name}"


def hashed(value: str) -> str:
    return Redactor(KEY, frozenset()).hash_value(value)


def listed(value: str) -> ErasedSubjects:
    return ErasedSubjects({identity_of(value, KEY): "erased-a"}, hash_key=KEY)


def test_what_stands_beside_a_persons_value_is_theirs_too() -> None:
    def author(name: str) -> dict[str, object]:
        return {
            "authorDisplayName": hashed(name),
            "authorChannelId": {"value": hashed(f"UC-{name}")},
            "authorChannelUrl": hashed(f"http://{name}"),
            "etag": hashed("no person's"),
        }

    eraser = PageEraser(listed("UC-ana"), YOUTUBE.stream("comments"))
    given = {"items": [{"snippet": author("ana")}, {"snippet": author("bea")}]}
    found = json.loads(eraser.text(json.dumps(given)))
    assert found["items"][0]["snippet"] == {
        "authorDisplayName": "erased-a",
        "authorChannelId": {"value": "erased-a"},
        "authorChannelUrl": "erased-a",
        "etag": hashed("no person's"),
    }
    assert found["items"][1] == given["items"][1]


def test_a_hash_in_a_file_is_a_persons_under_whatever_key_it_stands() -> None:
    eraser = PageEraser(listed("ana@x.test"), GA4_EXPORT.stream("events"))
    param = {"key": "email", "value": {"string_value": hashed("ana@x.test")}}
    lines = json.dumps({"event_params": [param]}) + "\n" + json.dumps({"user_id": hashed("b")})
    assert eraser.text(lines) == lines.replace(hashed("ana@x.test"), "erased-a")
