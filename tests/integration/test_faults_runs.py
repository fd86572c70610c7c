"""With every passing fault on, days of every source end with the rows of days without faults.

The same runs show that landing alone rebuilds raw, that nothing secret or personal got out, and
that odd values in the pages they landed come through or are quarantined.
"""

from __future__ import annotations

import datetime as dt
import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.landing.pages import find_runs
from include.landing.store import open_store
from include.replay import replay_all
from include.sources import discover_sources
from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import (
    CLOCK_COLUMNS,
    SOURCES,
    Bench,
    Ingest,
    Rows,
    assert_same_rows,
    days_from,
    gathered_logs,
    prepare_ingest,
)
from tests.integration.hostile_values import check_field, find_samples, kind_of, odd_values

pytest_plugins = ("tests.integration.fault_fixtures",)

PROBABILITY = 0.05
# Two requests a day would hardly ever be hit.
SELDOM_ASKED = {"exchange_rates": 0.3}
SEEDS = {name: 100 + place for place, name in enumerate(SOURCES)}
# The clocks change on 1 November 2026.
SHORT = days_from(dt.date(2026, 10, 30), 3)
LONG = days_from(dt.date(2026, 10, 10), 30)
# What tokens of the platforms look like, whoever issued them; and people's addresses and numbers.
TOKENS = re.compile(
    r"shp(?:at|ss)_\w{8}|EAAG\w{8}|ya29\.[\w-]{8}|1//0\w{8}|GOCSPX-|AIza[\w-]{8}|ck_\w{20}|cs_\w{20}"
    r"|PRIVATE KEY|Bearer (?!REDACTED)\w|Basic (?!REDACTED)\w{8}"
)
PEOPLE = re.compile(
    r"[\w.+-]+@(?!sandbox\.iam)[\w-]+\.[a-z]{2,}|\+\d[\d -]{8,14}\d\b|\b555[- ]?\d{4}\b"
)


# Fields by which a connector chooses among what an answer holds, or that it keeps in another form:
# the time of an event in microseconds, whether a session was engaged.
CHOOSING = {
    "ga4_export.events": {
        "*.event_timestamp",
        "*.event_params.*.key",
        "*.event_params.*.value.string_value",
    },
    "instagram.partnership_content": {"data.*.platform"},
    "woocommerce.orders": {"*.meta_data.*.key"},
    "woocommerce.refunds": {"*.line_items.*.meta_data.*.key"},
    "youtube.comments": {"items.*.id"},
    "youtube.videos": {"items.*.id"},
}
# How many values are tried at least, where an answer has few fields.
FIELDS_TRIED = {"exchange_rates": 4, "ga4_export": 80}


@dataclass
class Story:
    """What one source's days without and with faults left behind."""

    calm: Rows
    calm_landing: Path
    faulty: Rows
    rejects: int
    hits: dict[str, int]
    texts: list[str]
    errors: list[str]


@pytest.fixture(scope="module")
def tell(
    bench: Bench, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Story]:
    """Run the short days of a source once for all tests."""
    told: dict[str, Story] = {}

    def run(name: str) -> Story:
        if name not in told:
            folder = tmp_path_factory.mktemp(name)
            told[name] = run_story(bench, warehouse, name, folder, SHORT)
        return told[name]

    return run


def run_story(
    bench: Bench, warehouse: Warehouse, name: str, folder: Path, days: list[dt.date]
) -> Story:
    is_whole = len(days) > len(SHORT)
    calm = prepare_ingest(bench, warehouse, name, folder / "calm", is_whole)
    faulty = prepare_ingest(bench, warehouse, name, folder / "faulty", is_whole)
    calm.drop()
    with gathered_logs() as lines:
        for day in days:
            for stream, result in calm.run_day(day).items():
                assert result.status == "loaded", f"{stream}: {result.reason}"
                assert (result.rows_rejected, result.drifted_fields) == (0, ()), stream
        calm_rows = calm.rows()
        calm.empty()
        probability = SELDOM_ASKED.get(name, PROBABILITY)
        with faulty.passing_faults(probability, SEEDS[name]) as hits:
            for day in days:
                faulty.run_day(day)
    assert calm.errors == []
    [(rejects,)] = faulty.query("select count(*) from quarantine.rejects where resolved_at is null")
    texts = [
        *lines,
        *(str(row) for row in faulty.query("select t::text from quarantine.rejects t")),
    ]
    texts += [str(row) for row in faulty.query("select t::text from quality.load_windows t")]
    errors = [f"{type(error).__name__}: {error!r}" for error in faulty.errors]
    return Story(calm_rows, calm.landing, faulty.rows(), rejects, hits, texts, errors)


def without(rows: Rows, names: tuple[str, ...]) -> Rows:
    """Leave columns out of rows that are JSON texts."""
    pattern = re.compile("|".join(rf'"{name}": (?:"[^"]*"|null),? ?' for name in names))
    return {table: sorted(pattern.sub("", row) for row in found) for table, found in rows.items()}


def check_same(story: Story) -> None:
    names = CLOCK_COLUMNS if "clock_skew" in story.hits else ()
    assert_same_rows(without(story.faulty, names), without(story.calm, names))
    assert any(story.calm.values())
    assert story.rejects == 0
    # A token that ends is replaced while the window is read.
    assert not [e for e in story.errors if e.startswith(("BadCredentials", "TokenRefused"))]


# GA4's export has ten times the rows of any other source, and WooCommerce's odd values take three
# times as long as Shopify's: their days are told among the long tests.
NAMES = [
    pytest.param(name, marks=pytest.mark.long) if name in ("ga4_export", "woocommerce") else name
    for name in SOURCES
]


@pytest.mark.parametrize("name", NAMES)
def test_days_full_of_faults_end_with_the_same_rows(
    tell: Callable[[str], Story], name: str
) -> None:
    story = tell(name)
    check_same(story)
    assert sum(story.hits.values()) >= 2, story.hits


@pytest.mark.parametrize("name", NAMES)
def test_landing_alone_rebuilds_raw(
    tell: Callable[[str], Story], bench: Bench, warehouse: Warehouse, name: str
) -> None:
    story, source = tell(name), discover_sources()[name]
    again = Ingest(bench, warehouse, source, story.calm_landing)
    again.drop()
    for stream in source.streams:
        replay_all(source, stream, name, dsn=again.dsn, landing_url=str(again.landing))
    assert_same_rows(again.rows(), story.calm)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_secret_or_personal_gets_out(
    tell: Callable[[str], Story], bench: Bench, name: str
) -> None:
    story = tell(name)
    landed = [
        (str(path), gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
        for folder in (story.calm_landing, story.calm_landing.with_name("faulty"))
        for path in sorted(folder.rglob("*.gz"))
    ]
    assert landed
    written = [("log or table", text) for text in story.texts]
    errors = [("error", text) for text in story.errors]
    assert len(written) > 10
    secrets = bench.secrets()
    for place, text in [*landed, *written, *errors]:
        assert not [secret for secret in secrets if secret in text], place
        for pattern in (TOKENS, PEOPLE):
            found = pattern.search(text)
            assert found is None, f"{place}: {text[max(0, found.start() - 60) : found.end() + 20]}"


@pytest.mark.parametrize("name", NAMES)
def test_odd_values_come_through_or_are_quarantined(
    tell: Callable[[str], Story], name: str
) -> None:
    """Large ids, leading zeros, "-0.00", NUL, emoji, right-to-left text, a megabyte, +0000."""
    store, tried, wrong = open_store(str(tell(name).calm_landing)), 0, []
    for stream in discover_sources()[name].streams:
        chosen_by = CHOOSING.get(f"{name}.{stream.name}", set())
        runs = find_runs(store, name, name, stream.name)
        for sample in find_samples(store, runs, stream):
            plain = sample.texts
            for odd in odd_values(sample):
                field = ".".join(map(str, kind_of(sample, odd.path)))
                tried += 1
                if field not in chosen_by and (problem := check_field(sample, odd, plain)):
                    wrong.append(f"{stream.name} {field} {str(odd.value)[:30]!r}: {problem}")
    assert wrong == []
    assert tried >= FIELDS_TRIED.get(name, 100)


@pytest.mark.long
@pytest.mark.parametrize("name", SOURCES)
def test_thirty_days_full_of_faults_end_with_the_same_rows(
    bench: Bench, warehouse: Warehouse, tmp_path: Path, name: str
) -> None:
    story = run_story(bench, warehouse, name, tmp_path, LONG)
    check_same(story)
    assert len(story.hits) >= 7, story.hits
