"""Which requests a fault hits: by name, probability, seed and count, never more than twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from include.sandbox.clock import Clock
from include.sandbox.faults import (
    Answer,
    Ask,
    Call,
    Switchboard,
    changes_truth,
    json_answer,
    lasting,
)

NOON = dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC)


async def stutter(call: Call, ask: Ask) -> Answer | None:
    """Every word comes twice.

    More about it.
    """
    return json_answer({})


@changes_truth
async def forget(call: Call, ask: Ask) -> Answer | None:
    """Nothing is remembered."""
    return json_answer({})


@lasting(lambda call: call.query.get("post"))
async def refuse(call: Call, ask: Ask) -> Answer | None:
    return json_answer({}, 400)


def switchboard(**settings: float) -> Switchboard:
    clock = Clock()
    clock.hold(NOON)
    own = {"stutter": stutter, "forget": forget, "refused_metric": refuse}
    offered: Mapping[str, Any] = {"shop": own, "web": {"refused_metric": refuse}, "drawer": {}}
    board = Switchboard(clock, offered, folders=frozenset({"drawer"}))
    board.set(settings)
    return board


def call(path: str = "/orders", **changes: Any) -> Call:
    fields: dict[str, Any] = {"method": "GET", "path": path, "query": {}, "headers": {}}
    return Call(**{**fields, **changes})


def play(board: Switchboard, asked: Call, source: str = "shop") -> list[str]:
    """Return what is due, and count the first as played."""
    names = [name for name, _ in board.due(source, asked)]
    for name in names[:1]:
        board.hit(source, name, asked)
    return names


def history(board: Switchboard, paths: int = 200, times: int = 3) -> list[list[str]]:
    return [play(board, call(f"/orders/{n}")) for n in range(paths) for _ in range(times)]


def test_nothing_is_on_before_it_is_switched_on() -> None:
    board = switchboard()
    assert not board.is_on
    assert not any(history(board))


def test_the_same_seed_hits_the_same_requests_and_another_one_others() -> None:
    settings = {"throttle": 0.2, "html_page": 0.1, "stutter": 0.1}
    assert history(switchboard(**settings, seed=1)) == history(switchboard(**settings, seed=1))
    assert history(switchboard(**settings, seed=1)) != history(switchboard(**settings, seed=2))


def test_as_many_requests_are_hit_as_the_probability_says() -> None:
    hits = sum(map(bool, history(switchboard(throttle=0.05), paths=4000, times=1)))
    assert 150 < hits < 250


def test_a_request_is_hit_at_most_twice_in_an_hour() -> None:
    board = switchboard(throttle=1, server_error=1)
    assert [len(play(board, call())) for _ in range(5)] == [2, 2, 0, 0, 0]
    assert len(play(board, call("/other"))) == 2
    board.clock.hold(NOON + dt.timedelta(hours=1))
    assert len(play(board, call())) == 2


def test_the_same_request_has_other_faults_in_other_hours() -> None:
    board = switchboard(throttle=0.5, server_error=0.5, html_page=0.5)
    found = set()
    for hour in range(20):
        board.clock.hold(NOON + dt.timedelta(hours=hour))
        found.add(tuple(play(board, call())))
    assert len(found) > 5


def test_a_fault_that_made_no_sense_is_not_counted() -> None:
    board = switchboard(throttle=1)
    for _ in range(5):
        assert [name for name, _ in board.due("shop", call())] == ["throttle"]


def test_a_source_plays_only_what_it_offers() -> None:
    board = switchboard(stutter=1)
    assert play(board, call(), source="shop") == ["stutter"]
    assert play(board, call(), source="web") == []


def test_a_fault_can_be_switched_for_one_source_alone() -> None:
    board = switchboard(**{"shop.throttle": 1, "web.refused_metric": 1, "drawer.late_file": 0.5})
    post = call("/insights", query={"post": "1"})
    assert (play(board, call()), play(board, call(), source="web")) == (["throttle"], [])
    assert (play(board, post), play(board, post, source="web")) == (
        ["throttle"],
        ["refused_metric"],
    )
    assert board.for_files("drawer")["late_file"] == 0.5
    found = board.describe()["faults"]["throttle"]
    assert (found["probability"], found["probability_of"]) == (0.0, {"shop": 1})
    assert (found["hits"], found["hits_of"]) == (2, {"shop": 2})


def test_what_is_said_of_one_source_counts_more_than_what_is_said_of_all() -> None:
    board = switchboard(
        **{"throttle": 1, "shop.throttle": 0, "late_file": 1, "drawer.late_file": 0}
    )
    assert (play(board, call()), play(board, call(), source="web")) == ([], ["throttle"])
    assert board.for_files("drawer")["late_file"] == 0
    board.set({"shop.throttle": 0})
    assert not board.is_on


def test_a_lasting_fault_hits_its_thing_every_time() -> None:
    board = switchboard(refused_metric=0.5, seed=4)
    posts = {n: call("/insights", query={"post": f"{n}"}) for n in range(40)}
    first = {n for n, asked in posts.items() if play(board, asked)}
    assert 8 < len(first) < 32
    for _ in range(4):
        assert {n for n, asked in posts.items() if play(board, asked)} == first
    assert play(board, call("/insights")) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"query": {"after": "x", "access_token": "a"}}, {"query": {"after": "x"}}),
        ({"headers": {"authorization": "Bearer a"}}, {"headers": {"authorization": "Bearer b"}}),
        ({"body": b'{"q": 1, "client_secret": "a"}'}, {"body": b'{"client_secret": "b", "q": 1}'}),
        (
            {"headers": {"content-type": "application/x-www-form-urlencoded"},
             "body": b"grant_type=jwt&assertion=a.b.c"},
            {"headers": {"content-type": "application/x-www-form-urlencoded"},
             "body": b"grant_type=jwt&assertion=d.e.f"},
        ),
    ],
)  # fmt: skip
def test_credentials_are_no_part_of_a_request(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    assert call(**one).identity == call(**other).identity


@pytest.mark.parametrize("changes", [{"method": "POST"}, {"query": {"page": "2"}}, {"body": b"x"}])
def test_everything_else_is(changes: Mapping[str, Any]) -> None:
    assert call(**changes).identity != call().identity


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trottle": 0.1}, r"unknown faults: trottle; allowed: .*throttle.*; seed, slow_seconds"),
        # A source plays what it has, a folder what is a file's, and nobody the market's alone.
        ({"web.stutter": 0.1}, r"unknown faults: web\.stutter; .* also as source\.fault"),
        ({"drawer.throttle": 0.1}, r"unknown faults: drawer\.throttle"),
        ({"shop.late_file": 0.1}, r"unknown faults: shop\.late_file"),
        ({"shop.deleted_order": 0.1}, r"unknown faults: shop\.deleted_order"),
        ({"bakery.throttle": 0.1}, r"unknown faults: bakery\.throttle"),
        ({"shop.throttle": 2}, r"shop\.throttle=2 is no probability"),
        ({"throttle": 1.5}, r"throttle=1\.5 is no probability; allowed: 0 to 1"),
        ({"seed": 0.5}, "seed a whole number"),
        ({"slow_seconds": -1}, "slow_seconds 0 or more"),
    ],
)
def test_wrong_settings_are_refused_and_change_nothing(
    settings: dict[str, float], message: str
) -> None:
    board = switchboard(html_page=0.5, seed=3)
    with pytest.raises(ValueError, match=message):
        board.set(settings)
    assert (board.probability("html_page"), board.seed) == (0.5, 3)


def test_a_post_replaces_what_was_on() -> None:
    board = switchboard(html_page=1, seed=3)
    board.set({"throttle": 1})
    assert play(board, call()) == ["throttle"]
    board.set({})
    assert not board.is_on


def test_faults_are_described_with_meaning_and_who_plays_them() -> None:
    board = switchboard(stutter=1, seed=9)
    play(board, call())
    found = board.describe()
    assert found["seed"] == 9
    assert found["faults"]["stutter"] == {
        "meaning": "Every word comes twice",
        "changes_truth": False,
        "probability": 1,
        "probability_of": {},
        "hits": 1,
        "hits_of": {"shop": 1},
        "sources": ["shop"],
    }
    assert found["faults"]["forget"]["changes_truth"]
    assert found["faults"]["deleted_order"]["changes_truth"]
    assert found["faults"]["server_error"]["sources"] == "all"
    assert found["faults"]["refused_metric"]["meaning"] == "one metric is refused"
