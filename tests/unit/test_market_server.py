"""The sandbox's server and its installation: virtual Date, control key, what is kept."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import functools
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.campaigns.plan import load_plan
from include.errors import InvalidSettings
from include.sandbox.clock import Clock
from include.sandbox.installation import initialise, read_control_key, read_installation
from include.sandbox.market_facts import MarketOptions
from include.sandbox.server import create_app, discover_sandboxes
from include.sandbox.world import Market, build_market
from include.services import lifecycle
from include.settings import REPO_ROOT, Settings

PLAN = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
AT = dt.datetime(2026, 10, 1, 7, 0, 5, tzinfo=dt.UTC)
KEY = {"X-Control-Key": "key"}


@functools.cache
def small_market() -> Market:
    return build_market(PLAN, 7, 40)


def ask(clock: Clock, method: str, path: str, **arguments: Any) -> httpx.Response:
    app = create_app(small_market(), clock, {}, "key")

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, **arguments)

    return asyncio.run(send())


def held() -> Clock:
    clock = Clock()
    clock.hold(AT)
    return clock


def test_the_date_of_every_answer_is_the_virtual_one() -> None:
    clock = held()
    for path in ("/_control/health", "/_control/truth", "/nothing"):
        answer = ask(clock, "GET", path)
        assert answer.headers.get_list("date") == ["Thu, 01 Oct 2026 07:00:05 GMT"]


def test_the_clock_is_set_over_the_control() -> None:
    clock = held()
    answer = ask(clock, "POST", "/_control/clock", headers=KEY, json={"at": "2026-10-02T00:00:00Z"})
    assert answer.status_code == 200
    assert clock.now() == dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
    assert answer.headers["date"] == "Fri, 02 Oct 2026 00:00:00 GMT"
    for wrong in ({}, {"run": True, "at": "2026-10-02T00:00:00Z"}, {"at": "2026-10-02T00:00:00"}):
        assert ask(clock, "POST", "/_control/clock", headers=KEY, json=wrong).status_code == 422
    ask(clock, "POST", "/_control/clock", headers=KEY, json={"run": True, "offset_seconds": 0})
    assert clock.is_running
    assert abs(clock.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


@pytest.mark.parametrize("headers", [{}, {"X-Control-Key": ""}, {"X-Control-Key": "keys"}])
def test_truth_and_clock_are_refused_without_the_key(headers: dict[str, str]) -> None:
    clock = held()
    answer = ask(clock, "GET", "/_control/truth?until=2026-09-20", headers=headers)
    assert answer.status_code == 403
    assert "orders" not in answer.text
    wish = {"at": "2026-12-01T00:00:00Z"}
    assert ask(clock, "POST", "/_control/clock", headers=headers, json=wish).status_code == 403
    assert clock.now() == AT


def test_truth_is_given_with_the_key() -> None:
    answer = ask(held(), "GET", "/_control/truth?until=2026-09-20", headers=KEY)
    assert answer.json() == small_market().truth(dt.date(2026, 9, 20))
    assert len(answer.json()["creators"]) == 25


def test_health_needs_no_key() -> None:
    assert ask(held(), "GET", "/_control/health").json()["last_day"] == "2026-11-14"


def test_a_clock_runs_from_where_it_was_held() -> None:
    real = [dt.datetime(2030, 1, 1, tzinfo=dt.UTC)]
    clock = Clock(lambda: real[0])
    clock.hold(AT)
    real[0] += dt.timedelta(hours=5)
    assert clock.now() == AT
    clock.run()
    real[0] += dt.timedelta(seconds=90)
    assert clock.now() == AT + dt.timedelta(seconds=90)
    clock.run(dt.timedelta(0))
    assert clock.now() == real[0]
    with pytest.raises(ValueError, match="has no time zone"):
        clock.hold(AT.replace(tzinfo=None))


def settings_of(folder: Path, port: int = 18_090) -> Settings:
    return Settings(folder, str(folder / "landing"), folder / "campaigns", 15_432, 18_080, port)


def test_an_installation_keeps_anchor_seed_and_credentials(tmp_path: Path) -> None:
    first = dt.date(2027, 1, 10)
    share = MarketOptions(preexisting_share=0.1)
    assert initialise(settings_of(tmp_path), first, seed=3, options=share) == first
    state = json.loads((tmp_path / "sandbox.json").read_text(encoding="utf-8"))
    plan = load_plan(tmp_path / "campaigns" / "serum_launch.yaml")
    assert plan.campaign.end_date == first
    later = settings_of(tmp_path, port=18_091)
    assert initialise(later, first + dt.timedelta(days=4)) == first
    again = json.loads((tmp_path / "sandbox.json").read_text(encoding="utf-8"))
    assert again["credentials"] == state["credentials"]
    assert all(c["port"] == 18_091 for c in again["connections"].values() if "port" in c)
    kept = read_installation(tmp_path)
    assert (kept.anchor, kept.seed, kept.options) == (first, 3, share)
    assert (tmp_path / "sandbox.json").stat().st_mode & 0o777 == 0o600


def test_a_start_on_another_port_takes_the_connections_along(tmp_path: Path) -> None:
    """Nothing else moves: who set a connection's field by hand keeps it while the port stays."""
    path = tmp_path / "sandbox.json"
    initialise(settings_of(tmp_path), dt.date(2026, 11, 14))
    state = json.loads(path.read_text(encoding="utf-8"))
    state["connections"]["shopify"]["login"] = "by hand"
    path.write_text(json.dumps(state), encoding="utf-8")
    lifecycle._move_sandbox(settings_of(tmp_path))
    assert json.loads(path.read_text(encoding="utf-8")) == state
    lifecycle._move_sandbox(settings_of(tmp_path, port=18_091))
    moved = json.loads(path.read_text(encoding="utf-8"))
    assert "18090" not in json.dumps(moved["connections"])
    assert {c["port"] for c in moved["connections"].values() if "port" in c} == {18_091}
    assert moved["connections"]["shopify"]["extra"]["bulk_host"] == "localhost:18091"
    del moved["connections"], state["connections"]
    assert moved == state


def test_without_a_sandbox_no_port_is_followed(tmp_path: Path) -> None:
    lifecycle._move_sandbox(settings_of(tmp_path, port=18_091))
    assert not (tmp_path / "sandbox.json").exists()


def test_every_sandbox_gets_credentials_and_a_connection(tmp_path: Path) -> None:
    initialise(settings_of(tmp_path), dt.date(2026, 11, 14))
    state = json.loads((tmp_path / "sandbox.json").read_text(encoding="utf-8"))
    names = set(discover_sandboxes())
    assert {"shopify", "ga4", "instagram"} <= names
    assert set(state["credentials"]) == set(state["connections"]) == names
    assert "truth" not in state


def test_the_control_key_comes_from_environment_secrets_or_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GROUNDSWELL_SANDBOX_CONTROL_KEY", raising=False)
    initialise(settings_of(tmp_path), dt.date(2026, 11, 14))
    made = read_control_key(tmp_path)
    assert len(made) > 30
    assert read_control_key(tmp_path) == made
    (tmp_path / "secrets.json").write_text('{"sandbox_control_key": "kept"}', encoding="utf-8")
    assert read_control_key(tmp_path) == "kept"
    monkeypatch.setenv("GROUNDSWELL_SANDBOX_CONTROL_KEY", "given")
    assert read_control_key(tmp_path) == "given"


def test_a_missing_or_broken_state_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"include\.sandbox init --last-day"):
        read_installation(tmp_path)
    (tmp_path / "sandbox.json").write_text("{", encoding="utf-8")
    with pytest.raises(InvalidSettings, match="delete it"):
        read_installation(tmp_path)


def test_options_are_stored_whole() -> None:
    assert set(dataclasses.asdict(MarketOptions())) == {
        "preexisting_share",
        "scale",
        "history_days",
        "consent_rate",
        "second_shop_share",
        "one_banner",
        "leaked_share",
        "code_audience_share",
        "guest_rate",
        "refund_rate",
    }
