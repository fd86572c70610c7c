"""TikTok's tokens and refusals, against the sandbox in a process of its own."""

from __future__ import annotations

import dataclasses
import gzip
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_bench import run_time
from tiktok_bench import DAYS, LAST_DAY
from tiktok_bench import TiktokBench as Bench

from include.errors import BadCredentials, MissingScope
from include.sources._base import Connection
from include.sources.tiktok.sandbox import issue_token

pytest_plugins = ("tiktok_fixtures",)


def with_tokens(bench: Bench, **changed: str) -> Connection:
    """The connection with one account alone, and other tokens for it."""
    account = next(iter(bench.connection.extra["accounts"]))
    tokens = {**bench.connection.extra["accounts"][account], **changed}
    extra = {**bench.connection.extra, "accounts": {account: tokens}}
    return dataclasses.replace(bench.connection, conn_id="tiktok__one", extra=extra)


def expired_token(bench: Bench, kind: str) -> str:
    account = next(iter(bench.connection.extra["accounts"]))
    return issue_token(bench.credentials["signing_key"], kind, account, time.time() - 60)


def test_an_expired_token_is_renewed(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = with_tokens(bench, access_token=expired_token(bench, "act"))
    result = bench.run("videos", DAYS[0], connection)
    assert (result.status, result.rows_rejected) == ("loaded", 0)
    assert result.rows_merged > 3
    landed = [gzip.decompress(path.read_bytes()) for path in Path(bench.landing).rglob("*.gz")]
    assert not any(b'"access_token"' in body or b"act._000" in body for body in landed)


def test_an_expired_login_fails_at_once_and_names_the_account(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = with_tokens(
        bench,
        access_token=expired_token(bench, "act"),
        refresh_token=expired_token(bench, "rft"),
    )
    with pytest.raises(BadCredentials, match=r"'tiktok__one'.*40103.*account '_000"):
        bench.run("accounts", DAYS[0], connection)
    assert len(bench.waits) <= 1  # for a throttled call perhaps, not for the token
    assert bench.rows("select count(*) from quality.load_windows where status = 'loaded'") == [(0,)]


def test_a_token_without_renewal_fails_and_shows_no_token(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    token = expired_token(bench, "act")
    connection = with_tokens(bench, access_token=token, refresh_token="")
    with pytest.raises(BadCredentials, match=r"'tiktok__one'.*has expired.*account") as failed:
        bench.run("videos", DAYS[0], connection)
    assert token not in str(failed.value)


def test_a_wrong_brand_token_fails_although_the_stream_is_optional(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = dataclasses.replace(bench.connection, password="wrong-wrong-wrong")
    with pytest.raises(BadCredentials, match="wrong or was revoked"):
        bench.run("reports", DAYS[0], connection)


def test_a_foreign_account_is_a_missing_scope(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    first, second = list(bench.connection.extra["accounts"].items())[:2]
    extra = {**bench.connection.extra, "accounts": {first[0]: second[1]}}
    with pytest.raises(MissingScope, match="40001"):
        bench.run("accounts", DAYS[0], dataclasses.replace(bench.connection, extra=extra))


# The sandbox refuses as the API does


def ask(bench: Bench, path: str, **params: str) -> dict[str, Any]:
    """Ask as the first connected account; a throttled call is repeated."""
    account, tokens = next(iter(bench.connection.extra["accounts"].items()))
    headers = {"Access-Token": params.pop("token", tokens["access_token"])}
    for _ in range(2):
        answer = requests.get(
            f"{bench.address}/open_api/{path}",
            params={"business_id": account, **params},
            headers=headers,
            timeout=10,
        )
        assert answer.status_code == 200
        document: dict[str, Any] = answer.json()
        if str(document["code"]) != "40100":
            break
    return document


@pytest.mark.parametrize(
    ("path", "params", "code", "said"),
    [
        ("v1.3/business/video/list", {}, 40400, "Route not found"),
        ("v1.2/business/video/list/", {}, 40006, "v1.2"),
        ("v1.3/business/video/list/", {"token": ""}, 40104, "empty"),
        ("v1.3/business/video/list/", {"token": "act.x.1.y"}, 40105, "incorrect"),
        ("v1.3/business/video/list/", {"business_id": "_000x"}, 40001, "No permission"),
        ("v1.3/business/video/list/", {"max_count": "21"}, 40002, "max_count"),
        ("v1.3/business/video/list/", {"fields": "item_id"}, 40002, "JSON array"),
        ("v1.3/business/video/list/", {"fields": '["likes"]'}, 40002, "item_id"),
        ("v1.3/business/video/list/", {"fields": '["item_id","views"]'}, 40002, "'views'"),
        ("v1.3/business/get/", {"start_date": "2026-01-01"}, 40002, "start_date"),
        ("v1.3/business/comment/list/", {"video_id": "1"}, 40002, "does not exist"),
        ("v1.3/business/comment/list/", {}, 40002, "Missing data"),
    ],
)
def test_the_sandbox_checks_what_it_is_asked(
    served: Bench, path: str, params: dict[str, str], code: int, said: str
) -> None:
    document = ask(served, path, **params)
    assert str(document["code"]) == str(code)
    assert said in document["message"]
    assert document["data"] == {}


def test_the_sandbox_gives_fewer_videos_than_asked_and_yet_more(served: Bench) -> None:
    served.set_clock(run_time(LAST_DAY))
    data = ask(served, "v1.3/business/video/list/", max_count="2")["data"]
    assert (len(data["videos"]), data["has_more"]) == (1, True)
    assert data["videos"][0].keys() == {"item_id"}
    assert len(data["videos"][0]["item_id"]) == 19
    following = ask(served, "v1.3/business/video/list/", max_count="2", cursor=str(data["cursor"]))[
        "data"
    ]
    assert data["videos"][0] not in following["videos"]
