"""Precedence rule versions and what holds for any table of touches, through the dbt models."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attribution_cases import write_cases
from in_process_dbt import run_dbt

Case = dict[str, Any]
MODELS = (
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "shapley",
    "rule_winner",
)
RULE_VERSIONS = ("all", "code_first", "link_first")
CONFIG = {
    "lookback_days": 30,
    "half_life_days": 7,
    "direct_channel": "direct",
    "direct_policy": "drop_unless_only",
    "collapse_repeats": False,
    "path_reset": "none",
}
BUILD = ("build", "--select", "ref_precedence_rule", "fct_touchpoint", "fct_attribution_credit")


def order(case_id: str, *touches: tuple[str, str, str], value: float | None = 30.0) -> Case:
    """One order on 10 March at noon; a touch is (day and time in March, channel, evidence)."""
    return {
        "id": case_id,
        "config": CONFIG,
        "touches": [
            {
                "touch_id": n,
                "user": "u",
                "ts": f"2026-03-{at}Z",
                "channel": channel,
                "evidence": kind,
            }
            for n, (at, channel, kind) in enumerate(touches)
        ],
        "conversions": [
            {"conversion_id": "o", "user": "u", "ts": "2026-03-10T12:00:00Z", "value": value}
        ],
    }


BY_HAND = (
    order(
        "code_and_links",
        ("01T00:00:00", "bo", "utm"),
        ("05T00:00:00", "email", "utm"),
        ("08T00:00:00", "cy", "landing_page"),
        ("09T00:00:00", "direct", "utm"),
        ("10T12:00:00", "ana", "code"),
    ),
    order("links_only", ("01T00:00:00", "bo", "utm"), ("08T00:00:00", "email", "utm")),
    order("channels_only", ("01T00:00:00", "email", "utm"), ("08T00:00:00", "direct", "utm")),
    order("survey_only", ("10T12:00:00", "ana", "survey"), ("08T00:00:00", "search", "utm")),
    # Of one creator every touch stays, whichever holds the strongest evidence.
    order(
        "owner_has_both",
        ("02T00:00:00", "ana", "utm"),
        ("06T00:00:00", "bo", "utm"),
        ("10T12:00:00", "ana", "code"),
    ),
    # A visit of the second after the order is known, too.
    order("afterwards", ("08T00:00:00", "ana", "utm"), ("10T12:00:01", "bo", "utm")),
    order("no_money", ("01T00:00:00", "ana", "utm"), ("02T00:00:00", "bo", "utm"), value=None),
    order("nothing"),
)


def random_cases(seed: int, count: int) -> list[Case]:
    """Random orders: repeats, ties in time, direct, ages at and beyond the look-back."""
    draw = random.Random(seed)
    cases = []
    for number in range(count):
        touches = [
            {
                "touch_id": n,
                "user": "u",
                "ts": f"2026-03-{draw.randint(1, 31):02}T{draw.choice((0, 12)):02}:00:00Z",
                "channel": draw.choice(("ana", "bo", "cy", "email", "direct")),
                "evidence": draw.choice(("utm", "utm", "landing_page", "code", "survey")),
            }
            for n in range(draw.choice((0, 1, 2, 3, 5, 9)))
        ]
        config = CONFIG | {
            "direct_policy": draw.choice(("drop_unless_only", "keep")),
            "collapse_repeats": draw.random() < 0.3,
            "lookback_days": draw.choice((7, 30)),
            "half_life_days": draw.choice((1, 7)),
        }
        sale = {
            "conversion_id": "o",
            "user": "u",
            "ts": "2026-03-31T12:00:00Z",
            "value": draw.choice((0, 0.01, 19.99, 100, -33.35, 1234567.89)),
        }
        refund = {"refund_of": "o", "ts": "2026-05-02T00:00:00Z", "value": -7.77}
        cases.append(
            {
                "id": f"random_{number:03}",
                "config": config,
                "touches": touches,
                "conversions": [sale],
                "refunds": [refund] if draw.random() < 0.3 else [],
            }
        )
    return cases


RANDOM = random_cases(seed=41, count=120)


class Facts:
    """What dbt made of the cases."""

    def __init__(self, warehouse: Any, target: Path) -> None:
        self.warehouse, self.target = warehouse, target

    def build(self, cases: list[Case], *, anew: bool = True) -> None:
        if anew:
            self.warehouse.reset()
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            write_cases(connection, cases, every_rule_version=True)
        run_dbt(
            self.warehouse, [*BUILD, "--exclude-resource-type", "unit_test", "test"], self.target
        )

    def rows(self, query: str) -> list[Case]:
        with (
            psycopg.connect(self.warehouse.dsn("transformer")) as connection,
            connection.cursor(row_factory=psycopg.rows.dict_row) as cursor,
        ):
            return cursor.execute(query.encode()).fetchall()

    def touches(self, case_id: str, rule_version: str) -> list[tuple[Any, ...]]:
        """Channel, why it was dropped and whether it won, in time order."""
        found = self.rows(
            "select * from core.fct_touchpoint "
            f"where connection_id = '{case_id}' and rule_version = '{rule_version}' "
            "order by touched_at, evidence_rank, touch_id"
        )
        return [(row["channel"], row["dropped_reason"], row["is_winner"]) for row in found]


@pytest.fixture(scope="module")
def facts(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Facts]:
    made = Facts(warehouse, tmp_path_factory.mktemp("dbt_rules"))
    made.build([*BY_HAND, *RANDOM])
    yield made
    warehouse.reset()


def test_all_lets_every_touch_take_part_and_the_newest_wins(facts: Facts) -> None:
    assert facts.touches("code_and_links", "all") == [
        ("bo", None, False),
        ("email", None, False),
        ("cy", None, False),
        ("direct", "direct_beside_others", False),
        ("ana", None, True),
    ]


def test_code_first_leaves_the_codes_owner_alone(facts: Facts) -> None:
    assert facts.touches("code_and_links", "code_first") == [
        ("bo", "outranked", False),
        ("email", "outranked", False),
        ("cy", "outranked", False),
        ("direct", "outranked", False),
        ("ana", None, True),
    ]


def test_link_first_leaves_the_creators_with_a_link_or_page(facts: Facts) -> None:
    assert facts.touches("code_and_links", "link_first") == [
        ("bo", None, False),
        ("email", "outranked", False),
        ("cy", None, True),
        ("direct", "outranked", False),
        ("ana", "outranked", False),
    ]


def test_a_creators_other_touches_stay_with_the_strongest(facts: Facts) -> None:
    assert facts.touches("owner_has_both", "code_first") == [
        ("ana", None, False),
        ("bo", "outranked", False),
        ("ana", None, True),
    ]
    # Rank beats time: ana's code is newer, but bo's link is the newest link.
    assert facts.touches("owner_has_both", "link_first") == [
        ("ana", None, False),
        ("bo", None, True),
        ("ana", None, False),
    ]


def test_a_touch_after_the_order_takes_no_part_under_any_version(facts: Facts) -> None:
    for version in RULE_VERSIONS:
        assert facts.touches("afterwards", version) == [
            ("ana", None, True),
            ("bo", "outside_lookback", False),
        ]


def test_without_creator_evidence_every_version_says_the_same(facts: Facts) -> None:
    expected = [("email", None, True), ("direct", "direct_beside_others", False)]
    for version in RULE_VERSIONS:
        assert facts.touches("channels_only", version) == expected
    # A creator the survey names outranks a search visit, but only where versions rank at all.
    assert facts.touches("survey_only", "all")[0] == ("search", None, False)
    assert facts.touches("survey_only", "code_first")[0] == ("search", "outranked", False)


def test_a_conflict_is_kept_with_who_would_have_won(facts: Facts) -> None:
    rows = facts.rows(
        "select distinct connection_id, rule_version, is_conflict, runner_up_creator_id "
        "from core.fct_touchpoint where connection_id in ('code_and_links', 'links_only')"
    )
    found = {
        (row["connection_id"], row["rule_version"]): (
            row["is_conflict"],
            row["runner_up_creator_id"],
        )
        for row in rows
    }
    assert found == {
        ("code_and_links", "all"): (True, "cy"),
        ("code_and_links", "code_first"): (True, "cy"),
        ("code_and_links", "link_first"): (True, "bo"),
        # email won under `all`; bo is the only creator and would have won without it.
        ("links_only", "all"): (False, "bo"),
        ("links_only", "code_first"): (False, None),
        ("links_only", "link_first"): (False, None),
    }


def test_an_order_without_known_money_counts_as_one_of_no_value(facts: Facts) -> None:
    rows = facts.rows(
        "select channel, conversion_count, linear_share, linear_amount "
        "from core.fct_attribution_credit "
        "where connection_id = 'no_money' and rule_version = 'all' order by touch_number"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("ana", 1, Decimal("0.5"), Decimal(0)),
        ("bo", 1, Decimal("0.5"), Decimal(0)),
    ]


def test_shares_sum_to_one_and_cents_to_the_entry_on_random_orders(facts: Facts) -> None:
    entries = defaultdict(list)
    for row in facts.rows("select * from core.fct_attribution_credit"):
        entries[row["connection_id"], row["event_date"], row["rule_version"]].append(row)
    versions = defaultdict(set)
    for (case_id, _, version), rows in entries.items():
        versions[case_id].add(version)
        for model in MODELS:
            assert abs(sum(row[f"{model}_share"] for row in rows) - 1) < Decimal("1e-12")
            assert sum(row[f"{model}_amount"] for row in rows) == rows[0]["entry_net_amount"]
    assert set(map(frozenset, versions.values())) == {frozenset(RULE_VERSIONS)}
    assert len(versions) == len(BY_HAND) + len(RANDOM)


def test_the_sql_is_a_second_engines_weights_and_cents_on_random_orders(facts: Facts) -> None:
    """`all`, worked out again in exact fractions straight from the definitions."""
    rows = facts.rows(
        "select * from core.fct_attribution_credit where rule_version = 'all' "
        "order by connection_id, event_date, touch_number"
    )
    found = defaultdict(list)
    for row in rows:
        found[row["connection_id"], row["event_date"].isoformat()].append(row)
    for case in RANDOM:
        path = path_by_hand(case)
        sale = case["conversions"][0]
        for ledger in ({"ts": sale["ts"], "value": sale["value"]}, *case["refunds"]):
            got = found[case["id"], ledger["ts"][:10]]
            cents = round(Decimal(str(ledger["value"])) * 100)
            if not path:
                assert [row["touch_id"] for row in got] == ["unattributed"]
                continue
            for model, weights in weights_by_hand(path, case).items():
                shares = [float(row[f"{model}_share"]) for row in got]
                assert shares == pytest.approx([float(w) for w in weights], abs=1e-12), model
                amounts = [int(row[f"{model}_amount"] * 100) for row in got]
                assert amounts == cents_by_hand(cents, weights), (case["id"], model)


def test_the_order_of_rows_and_the_runs_they_come_in_change_nothing(facts: Facts) -> None:
    """Touches written in another order, orders too, or spread over runs: the same facts."""
    query = "select * from core.{} order by connection_id, rule_version, touch_id{}"
    tables = (("fct_touchpoint", ""), ("fct_attribution_credit", ", event_date"))
    before = [facts.rows(query.format(*table)) for table in tables]
    shuffled = [case | {"touches": case["touches"][::-1]} for case in (*BY_HAND, *RANDOM)]
    facts.build(shuffled[::-1])
    assert [facts.rows(query.format(*table)) for table in tables] == before
    # Split into runs, one order in both of them: the same facts again.
    facts.build(shuffled[:70])
    facts.build(shuffled[69:], anew=False)
    assert [facts.rows(query.format(*table)) for table in tables] == before


def path_by_hand(case: Case) -> list[tuple[int, str]]:
    """(hours before the order, channel) of the touches that take part under `all`."""
    ranks = {"utm": 10, "landing_page": 20, "code": 30, "survey": 40}
    reached = []
    for touch in case["touches"]:
        day, hour = int(touch["ts"][8:10]), int(touch["ts"][11:13])
        age = (31 - day) * 24 + 12 - hour
        if 0 <= age <= case["config"]["lookback_days"] * 24:
            key = (-age, ranks[touch["evidence"]], touch["touch_id"])
            reached.append((key, (age, touch["channel"])))
    path = [entry for _, entry in sorted(reached)]
    others = [entry for entry in path if entry[1] != "direct"]
    if others and case["config"]["direct_policy"] == "drop_unless_only":
        path = others
    if case["config"]["collapse_repeats"]:
        following = [*[channel for _, channel in path[1:]], None][: len(path)]
        path = [entry for entry, after in zip(path, following, strict=True) if entry[1] != after]
    return path


def weights_by_hand(path: list[tuple[int, str]], case: Case) -> dict[str, list[Any]]:
    count, channels = len(path), [channel for _, channel in path]
    ones = [Fraction(0)] * count
    last_non_direct = max((n for n, c in enumerate(channels) if c != "direct"), default=count - 1)

    def winner(place: int) -> list[Fraction]:
        return [*ones[:place], Fraction(1), *ones[place + 1 :]]

    middle = [Fraction(1, 5) / (count - 2)] * (count - 2) if count > 2 else []
    edge = Fraction(2, 5) if count > 2 else Fraction(1, count)
    decay = [2.0 ** (-age / 24 / case["config"]["half_life_days"]) for age, _ in path]
    return {
        "first_touch": winner(0),
        "last_touch": winner(count - 1),
        "last_non_direct": winner(last_non_direct),
        "rule_winner": winner(last_non_direct),
        "linear": [Fraction(1, count)] * count,
        "position_based": [edge, *middle, edge] if count > 1 else [Fraction(1)],
        "time_decay": [weight / sum(decay) for weight in decay],
        "shapley": [
            Fraction(1, len(set(channels)) * channels.count(channel)) for channel in channels
        ],
    }


def cents_by_hand(cents: int, weights: list[Any]) -> list[int]:
    """Floor the absolute share, missing cents by largest remainder, ties to the earlier touch."""
    exact = [abs(cents) * Fraction(weight).limit_denominator(10**15) for weight in weights]
    floors = [int(part + Fraction(1, 10**6)) for part in exact]
    remainders = [round(float(part - floor), 6) for part, floor in zip(exact, floors, strict=True)]
    by_remainder = sorted(range(len(exact)), key=lambda place: (-remainders[place], place))
    for place in by_remainder[: abs(cents) - sum(floors)]:
        floors[place] += 1
    return [floor if cents >= 0 else -floor for floor in floors]
