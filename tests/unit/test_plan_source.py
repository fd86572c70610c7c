"""The campaign plan as a source: files to pages, pages to rows that fit the columns."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from include.errors import InvalidPlan
from include.http.decode import decode_json
from include.settings import REPO_ROOT
from include.sources._base import Connection, FetchContext, Page, Record, Stream
from include.sources._records import RowReader
from include.sources.campaign_plan import SOURCE

FOLDER = REPO_ROOT / "include" / "campaigns"


def pages_of(stream: Stream, folder: Path) -> list[Page]:
    connection = Connection("campaign_plan", extra={"path": str(folder)})
    return list(stream.fetch(FetchContext(connection=connection, session=None, window=None)))  # type: ignore[arg-type]


def rows_of(name: str, folder: Path = FOLDER) -> list[dict[str, object]]:
    """Read a stream as a replay would: from the pages' bytes alone."""
    stream = SOURCE.stream(name)
    reader = RowReader(stream.record)
    columns = [column.name for column in reader.columns]
    found = []
    for page in pages_of(stream, folder):
        document = decode_json(page.body)
        assert document == page.document
        for row in stream.parse(document, page):
            values, unknown = reader.read(row)
            assert unknown is None
            found.append(dict(zip(columns, values, strict=True)))
    return found


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("plan_versions", 1),
        ("plan_days", 1),
        ("campaigns", 1),
        ("creators", 25),
        ("creator_accounts", 36),
        ("contracts", 25),
        ("deliverables", 132),
        ("codes", 24),
        ("links", 21),
        ("landing_pages", 4),
        ("goals", 3),
        ("events", 3),
        ("experiment_arms", 0),
        ("contract_terms", 0),
        ("payments", 44),
        ("exclusivities", 1),
        ("usage_rights", 2),
        ("candidates", 35),
    ],
)
def test_every_stream_fits_its_columns_and_its_key_is_unique(name: str, count: int) -> None:
    rows = rows_of(name)
    keys = {tuple(row[column] for column in SOURCE.stream(name).key) for row in rows}
    assert len(rows) == count
    assert len(keys) == count


def test_a_run_warns_once_of_goals_that_do_not_fit_together(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """15,000 clicks at 2 % and 5 % are 300 and 750 orders; the sample's goal is 3,000."""
    for stream in SOURCE.streams:
        pages_of(stream, FOLDER)
    [record] = caplog.records
    assert record.levelname == "WARNING"
    said = record.getMessage()
    assert "serum_launch.yaml" in said
    assert "goals[0].target_value: 3,000 sales from 15,000 clicks" in said
    assert "the claimed 2-5 % expect 300-750 orders (micro, all platforms; " in said


def test_streams_are_the_classes_of_the_schema() -> None:
    from include.sources.campaign_plan import schema

    declared = {c for c in vars(schema).values() if isinstance(c, type) and issubclass(c, Record)}
    assert {stream.record for stream in SOURCE.streams} == declared - {Record}


def test_the_version_is_the_hash_of_the_file() -> None:
    text = (FOLDER / "serum_launch.yaml").read_bytes()
    version = hashlib.sha256(text).hexdigest()
    assert rows_of("campaigns")[0]["plan_version"] == version
    assert rows_of("plan_versions")[0]["plan_version"] == version


def test_values_are_the_files() -> None:
    contract = next(row for row in rows_of("contracts") if row["creator_id"] == "lena_brandt")
    assert (contract["fee_amount"], contract["currency_code"]) == ("620", "USD")
    goal = next(row for row in rows_of("goals") if row["goal_id"] == "clicks")
    assert (goal["metric"], goal["target_value"]) == ("link_clicks", "15000")


def test_a_part_kept_for_new_creators_is_unknown_until_the_file_sets_it(tmp_path: Path) -> None:
    assert rows_of("campaigns")[0]["exploration_rate"] is None
    text = (FOLDER / "serum_launch.yaml").read_text(encoding="utf-8")
    text = text.replace("  budget_amount:", "  exploration_rate: 0.35\n  budget_amount:", 1)
    (tmp_path / "plan.yaml").write_text(text, "utf-8")
    assert rows_of("campaigns", tmp_path)[0]["exploration_rate"] == "0.35"


def test_pages_name_the_campaign_whose_rows_they_replace() -> None:
    (page,) = pages_of(SOURCE.stream("goals"), FOLDER)
    assert page.context["slices"] == [["serum_launch"]]
    (page,) = pages_of(SOURCE.stream("codes"), FOLDER)
    assert len(page.context["slices"]) == 25  # also creators without a code: they may have had one
    assert page.context["slices"][0] == ["serum_launch", "maya_okafor"]
    assert SOURCE.stream("codes").replaces == ("campaign_id", "creator_id")
    assert SOURCE.stream("plan_versions").replaces == ()


def test_a_wrong_file_is_refused_before_anything_is_landed(tmp_path: Path) -> None:
    text = (FOLDER / "serum_launch.yaml").read_text(encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(text.replace("format: reel", "format: clip", 1), "utf-8")
    with pytest.raises(InvalidPlan, match=r"plan\.yaml:\d+: .*allowed: feed, reel, story"):
        pages_of(SOURCE.stream("goals"), tmp_path)
