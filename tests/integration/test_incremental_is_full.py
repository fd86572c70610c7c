"""Whatever comes late, in whatever order: incremental runs end where a full refresh does."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from kept_tables import BROKEN_OFF
from random_market import KINDS, RandomMarket

from tests.conftest import Warehouse

# A changed plan or rule rebuilds every order, and would hide what single changes miss.
WIDE = (
    "code_rename",
    "compromised_code",
    "campaign_moved",
    "rule_change",
    "limit_change",
    "zone_changed",
)
# GA4 withdraws transactions, and a sequence of changes may take the last one of an order; nobody
# posts before one of the changes is that.
MAY_BE_EMPTY = {
    "intermediate.int_ga4_transactions_joined",
    "intermediate.int_ga4_days_compared",
    "intermediate.int_posts_measured",
}
# After these, customers are worked out anew only where something was loaded.
BOUNDED = tuple(
    kind
    for kind in KINDS
    if kind not in WIDE
    and not kind.endswith("_erasure")
    and kind not in ("answer_withdrawn", "session_withdrawn", "purchase_withdrawn")
)


def differences(market: RandomMarket) -> dict[str, list[str]]:
    """Rows that only the incremental runs, or only a full refresh, made; none is right."""
    incremental = market.contents()
    market.dbt("--full-refresh")
    full = market.contents()
    empty = {table for table in full if not full[table]}
    assert empty <= MAY_BE_EMPTY, "an empty table proves nothing"
    return {
        table: sorted(set(rows) ^ set(full[table]))
        for table, rows in incremental.items()
        if rows != full[table]
    }


def run_through(market: RandomMarket, runs: Sequence[Sequence[str]]) -> None:
    market.open()
    market.measure()
    for kinds in runs:
        market.apply(*kinds)
        market.measure()


@pytest.mark.long
def test_every_kind_of_change_once(clean_warehouse: Warehouse, tmp_path: Path) -> None:
    """What rebuilds every order comes first, so that the later runs show what single changes do."""
    market = RandomMarket(clean_warehouse, tmp_path, seed=7)
    narrow = [kind for kind in KINDS if kind not in WIDE]
    random.Random(7).shuffle(narrow)
    # Alone, for any other change of its session or order would hide what it misses.
    run_through(market, [WIDE, narrow[::2], narrow[1::2], ["purchase_withdrawn"]])
    assert market.affected_count() < market.orders
    assert market.erased
    assert [market.sessions_of(visitor) for visitor in market.erased] == [0] * len(market.erased)
    assert market.count("intermediate.int_posts_measured") > 0, "somebody posted"
    assert differences(market) == {}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 5))
def test_any_sequence_of_changes(clean_warehouse: Warehouse, tmp_path: Path, seed: int) -> None:
    market = RandomMarket(clean_warehouse, tmp_path, seed)
    draw = random.Random(seed)
    narrow = [kind for kind in KINDS if kind not in WIDE]
    runs = [draw.choices(KINDS if run == 3 else narrow, k=3) for run in range(6)]
    run_through(market, runs)
    assert differences(market) == {}


@pytest.mark.long
@pytest.mark.parametrize("seed", [11, 12])
def test_customers_worked_out_in_part_are_those_of_a_whole_pass(
    clean_warehouse: Warehouse, tmp_path: Path, seed: int
) -> None:
    """No run here looks at everybody; one breaks off before orders, one between facts and sums."""
    market = RandomMarket(clean_warehouse, tmp_path, seed)
    draw = random.Random(seed)
    run_through(market, [])
    for run in range(6):
        market.apply(*draw.choices(BOUNDED, k=2))
        market.measure(breaks_off={2: BROKEN_OFF[0], 4: BROKEN_OFF[1]}.get(run))
        assert market.is_stitched_in_part()
    assert differences(market) == {}
