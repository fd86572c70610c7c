"""An erased person never comes back: from landing, a backup of it, the API, a run that died."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from erasure_shop import ANA, ANAS, MAIL, PHONE, Shop, forget_ana, hashed, replayed

from tests.fakes.person_shop import CUSTOMERS, KEY, ORDERS, customer, order, page
from tests.fakes.small_shop import NOON

pytest_plugins = ("erasure_fixtures",)
HOUR = dt.timedelta(hours=1)


def test_landing_alone_rebuilds_the_erased_rows(shop: Shop) -> None:
    kept = (
        "select to_jsonb(t) - '_load_id' - '_loaded_at' - '_content_hash' from {} as t order by 1"
    )
    tables = [f"raw.small_shop__{name}" for name in ("orders", "moments", "customers")]
    forget_ana(shop)
    before = [shop.rows(kept.format(table)) for table in tables]

    replayed(shop)

    assert [shop.rows(kept.format(table)) for table in tables] == before
    assert shop.tables_with(*ANAS) == []


def test_a_replay_applies_the_list_to_pages_nobody_rewrote(shop: Shop) -> None:
    """A copy of landing from a backup brings nothing back."""
    landing = Path(shop.places.landing_url)
    backup = {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()}
    forget_ana(shop)
    for path in landing.rglob("*.gz"):
        path.unlink()
    for path, content in backup.items():
        path.write_bytes(content)

    replayed(shop)

    assert set(shop.tables_with(ANA, hashed(MAIL), hashed(PHONE))) == set()
    assert len(shop.files_with(ANA)) == 4


def test_what_is_fetched_again_passes_the_list(shop: Shop) -> None:
    forget_ana(shop)

    shop.loader.hash_key = KEY
    shop.loader.run(
        ORDERS, page(order("6009", ANA, updatedAt="2026-11-06T00:00:00Z"), at_time=NOON + HOUR)
    )
    shop.loader.run(CUSTOMERS, page(customer("7005550000000", MAIL), at_time=NOON + HOUR))

    assert shop.tables_with(*ANAS) == []
    assert shop.files_with(*ANAS) == []
    assert len(shop.rows("select from raw.small_shop__orders where order_id = '6009'")) == 1


def test_killed_between_pages_and_manifest_the_run_stays_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("include.privacy.landing._write_manifest", die)
        with pytest.raises(KeyboardInterrupt):
            shop.work()
    assert path.exists()
    replayed(shop)

    shop.work()
    shop.work()
    assert shop.files_with(*ANAS) == []
    for manifest in Path(shop.places.landing_url).rglob("manifest.jsonl.gz"):
        lines = gzip.decompress(manifest.read_bytes()).splitlines()[1:-1]
        named = {json.loads(line)["file"] for line in lines}
        assert {path.name for path in manifest.parent.iterdir()} == named | {manifest.name}


def test_pages_of_a_run_that_never_finished_go_in_the_last_pass(shop: Shop) -> None:
    with pytest.raises(RuntimeError):
        shop.loader.run(ORDERS, page(order("6010", ANA)), RuntimeError("killed"))
    shop.name_shop()
    shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})
    killed = next(Path(shop.places.landing_url).rglob("page-000001.gz"))
    killed.with_name(".page-000002.gz.1234abcd").write_bytes(killed.read_bytes())
    shop.work()
    assert shop.files_with(*ANAS) == ["page-000001.gz"]
    assert not list(Path(shop.places.landing_url).rglob(".*"))
    shop.work()
    assert shop.files_with(*ANAS) == []
