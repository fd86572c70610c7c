"""The erasure list outlives the warehouse: an older one is told who was forgotten since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from erasure_shop import ANA, ANAS, BEA, MAIL, PHONE, SOURCES, Shop, forget_ana, hashed, replayed

from include.errors import PermanentError
from include.privacy.requests import process_requests
from tests.fakes.person_shop import CUSTOMERS, KEY, customer, page

pytest_plugins = ("erasure_fixtures",)


def landed(shop: Shop) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in Path(shop.places.landing_url).rglob("*") if p.is_file()}


def go_back(shop: Shop, pages: dict[Path, bytes]) -> None:
    """Restore a backup made before the request: warehouse and landing as they were."""
    for path in landed(shop):
        path.unlink()
    for path, content in pages.items():
        path.write_bytes(content)
    with psycopg.connect(shop.warehouse.admin_dsn) as conn:
        conn.execute("truncate secrets.privacy_requests cascade")
    replayed(shop)
    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        for schema in ("core", "marts_v3", "marts_next"):
            conn.execute(f"truncate {schema}.orders_of".encode())
            conn.execute(
                f"insert into {schema}.orders_of select * from raw.small_shop__orders".encode()
            )


def journal_of(shop: Shop) -> Path:
    return shop.folder / "privacy" / "erasure_list.json"


def test_a_restored_backup_forgets_again_whom_the_list_names(shop: Shop) -> None:
    pages = landed(shop)
    forget_ana(shop)
    journal = journal_of(shop)
    assert journal.stat().st_mode & 0o777 == 0o600
    assert not [value for value in (*ANAS, BEA) if value in journal.read_text()]

    go_back(shop, pages)
    # The search finds her again, wherever she was.
    assert "raw.small_shop__orders" in shop.tables_with(ANA)
    assert len(shop.files_with(*ANAS)) == 4

    shop.work()
    assert shop.tables_with(*ANAS) == []
    assert shop.files_with(*ANAS) == []
    shop.work()
    assert shop.rows(
        "select topic, done_at is not null, touched ? 'raw.small_shop__orders' "
        "from quality.privacy_requests"
    ) == [("customers/redact", True, True)]
    # What is fetched from now on passes the list, as before.
    shop.loader.hash_key = KEY
    shop.loader.run(CUSTOMERS, page(customer("7005550000000", MAIL)))
    assert shop.tables_with(MAIL, hashed(MAIL)) == []
    assert "raw.small_shop__customers" in shop.tables_with(BEA)


@pytest.mark.parametrize("step", ["erase_landing", "erase_loaded_rows", "_erase_built"])
def test_a_pass_that_is_killed_is_made_again(
    shop: Shop, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ana is known by an order alone: raw must say whose it was until all else is done."""
    shop.name_shop()
    shop.ask(orders_to_redact=[6001])

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"include.privacy.erasure.{step}", die)
        with pytest.raises(KeyboardInterrupt):
            shop.work()
    assert shop.work().waiting == 1
    assert shop.tables_with(ANA, hashed(MAIL)) == []
    assert shop.files_with(ANA, hashed(MAIL)) == []


def test_what_comes_back_of_linked_values_goes_with_the_second_pass(shop: Shop) -> None:
    """The payload names an order; the load that was under way brings another of hers."""
    shop.name_shop()
    shop.ask(orders_to_redact=[6001])
    assert shop.work().waiting == 1
    with psycopg.connect(shop.warehouse.dsn("loader")) as conn:
        conn.execute(
            "update raw.small_shop__orders set customer_id = %s where order_id = '6002'", [ANA]
        )
    assert shop.work().done == 1
    assert shop.tables_with(ANA) == []


def test_a_restored_shop_is_forgotten_as_a_whole(shop: Shop) -> None:
    pages = landed(shop)
    shop.name_shop()
    shop.ask("shop/redact")
    shop.work()
    shop.work()
    [listed] = json.loads(journal_of(shop).read_text())
    assert listed["identities"] == {"*": ""}  # the salt is no one's to know

    go_back(shop, pages)
    shop.work()
    shop.work()
    assert shop.tables_with(*ANAS, BEA) == []


def test_a_request_whose_file_was_removed_ends_by_the_list(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})
    assert process_requests(shop.places, shop.folder / "privacy", SOURCES).waiting == 1
    path.unlink()
    shop.work()
    assert shop.rows("select done_at is not null from quality.privacy_requests") == [(True,)]


def test_a_damaged_list_is_told_and_kept(shop: Shop) -> None:
    """Requests are done all the same; the file may be all that is left of the list."""
    journal = journal_of(shop)
    journal.parent.mkdir(parents=True, exist_ok=True)
    journal.write_text('[{"request_key": ')
    shop.name_shop()
    shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})
    with pytest.raises(PermanentError, match=r"erasure_list\.json is no erasure list"):
        shop.work()
    assert journal.read_text() == '[{"request_key": '
    assert shop.tables_with(*ANAS) == []


def test_a_dry_run_writes_no_list_and_nothing_erased_means_no_file(shop: Shop) -> None:
    shop.name_shop()
    shop.work()
    shop.ask(customer={"id": ANA})
    shop.work(is_dry_run=True)
    assert not journal_of(shop).exists()
