"""Fixture `shop`: a clean warehouse and landing folder, filled with Ana, Bea and their orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from erasure_shop import Shop

from tests.conftest import Warehouse


@pytest.fixture
def shop(clean_warehouse: Warehouse, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(clean_warehouse, tmp_path)
    shop.fill()
    yield shop
    clean_warehouse.reset()
