"""DAG files render dbt's manifest; a fresh checkout has none yet."""

from __future__ import annotations

import pytest

from tests.parsed_project import parse_project


@pytest.fixture(scope="session", autouse=True)
def _manifest() -> None:
    """Have dbt's manifest written."""
    parse_project()
