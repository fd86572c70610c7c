"""docs/metrics.md and the README's table of marts follow dbt's YAML, and the YAML is complete."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from include.errors import InvalidFile
from include.metrics_catalog import Claim, Mart, read_claims, read_exposed, read_mart, read_marts
from include.metrics_doc import (
    BEGIN,
    END,
    PROJECT,
    README,
    find_problems,
    main,
    render_page,
    render_readme,
)

CLICKS = {"name": "click_count", "data_type": "bigint", "description": "Clicks"}
CLAIMS = [Claim("S1", "A", "Count clicks", ("mart_one", "mart_planned"))]


def mart(*columns: dict[str, Any], description: str = "How many? Grain: one row per x.") -> Mart:
    model = {
        "name": "mart_one",
        "description": description,
        "data_tests": [{"unique_key": {"arguments": {"columns": ["campaign_id", "week_number"]}}}],
        "columns": [{"name": "campaign_id", "data_type": "text"}, CLICKS, *columns],
    }
    return read_mart(Path("mart_one.yml"), model)


def column(name: str, data_type: str = "numeric(18, 6)", **meta: Any) -> dict[str, Any]:
    return {
        "name": name, "data_type": data_type, "description": "What it is", "config": {"meta": meta},
    }  # fmt: skip


def test_units_and_intervals_follow_the_names() -> None:
    found = mart(
        column("seen_rate"), column("seen_rate_low"), column("seen_rate_high"),
        column("net_revenue_amount", "numeric(18, 2)"), column("net_revenue_low"),
        column("late_day_count", "integer"), column("week_number", "integer"),
        column("label", "text"),
    )  # fmt: skip
    assert [(metric.column, metric.unit, metric.bounds) for metric in found.metrics] == [
        ("click_count", "count", ()),
        ("seen_rate", "0-1", ("seen_rate_low", "seen_rate_high")),
        ("net_revenue_amount", "money", ("net_revenue_low",)),
        ("late_day_count", "days", ()),
    ]
    assert (found.question, found.grain) == ("How many?", "campaign, week number")


@pytest.mark.parametrize(
    ("meta", "problem"),
    [
        ({}, "ctr_by_views is a ratio: its meta must name numerator and denominator"),
        (
            {"numerator": ["click_count"], "denominator": ["views"]},
            "views is no column",
        ),
        (
            {"numerator": ["click_count"], "denominator": ["-click_count"], "claims": ["S9"]},
            "S9 is no row of ref_article_claim",
        ),
        (
            {"numerator": ["click_count"], "denominator": ["click_count"], "formular": "x"},
            "meta 'formular' is unknown",
        ),
    ],
)
def test_what_a_ratio_leaves_out_is_named(meta: dict[str, Any], problem: str) -> None:
    (found,) = find_problems([mart(column("ctr_by_views", **meta))], CLAIMS, ["mart_one"])
    assert problem in found


def test_a_description_that_begins_with_a_quotient_names_its_parts() -> None:
    rate = {"name": "seen_rate", "data_type": "numeric(18, 6)"}
    made = mart({**rate, "description": "click_count / click_count; NULL before"}).metrics[1]
    assert (made.numerator, made.denominator) == (("click_count",), ("click_count",))
    scaled = mart({**rate, "description": "click_count ÷ click_count × 1,000"}).metrics[1]
    assert (scaled.numerator, scaled.scale) == (("click_count",), 1000)
    unknown = mart({**rate, "description": "click_count / views"}).metrics[1]
    assert (unknown.numerator, unknown.denominator) == ((), ())


def test_a_threshold_is_no_ratio_of_columns_and_counts_are_none_at_all() -> None:
    found = mart(column("goal_rate", ratio=False), column("er_creator_count", "bigint"))
    assert [metric.is_ratio for metric in found.metrics] == [False, False, False]
    assert find_problems([found], CLAIMS, ["mart_one"]) == []


def test_a_mart_needs_a_question_and_a_place_in_the_exposure() -> None:
    problems = find_problems([mart(description="Clicks. Grain: one row.")], CLAIMS, [])
    assert len(problems) == 2
    assert "mart_one is not in the exposure" in problems[0]
    assert "does not begin with a question" in problems[1]


def test_the_page_shows_parts_claims_and_homes_that_exist() -> None:
    rate = column(
        "new_rate", numerator=["click_count", "-old_count"], denominator=["click_count"], scale=100,
        claims=["S1"], caveat="Guests | unknown",
    )  # fmt: skip
    page = render_page([mart(rate, column("old_count", "bigint"))], CLAIMS, {"mart_one"})
    assert (
        "| `new_rate` | 0-1 | What it is [(`click_count` − `old_count`) ÷ `click_count` × 100] "
        "| S1 | Guests \\| unknown |"
    ) in page
    assert "| S1 | A | Count clicks | `mart_one.new_rate` |" in page
    without = render_page([mart()], CLAIMS, {"mart_one"})
    assert "| S1 | A | Count clicks | `mart_one` |" in without
    assert "not measured" in render_page([mart()], CLAIMS, set())


def test_the_readme_keeps_all_but_its_table() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert render_readme(text, [mart()], ["mart_one"]) == (
        f"before\n{BEGIN}\n| question | mart | grain |\n|---|---|---|\n"
        f"| How many? | `marts.mart_one` | campaign, week number |\n{END}\nafter\n"
    )
    with pytest.raises(ValueError, match="README"):
        render_readme("no markers", [], [])


def test_a_file_that_describes_no_mart_is_refused() -> None:
    with pytest.raises(InvalidFile, match=r"broken.yml: mart_x has no description"):
        read_mart(Path("broken.yml"), {"name": "mart_x", "columns": []})


def test_the_committed_files_are_what_the_yaml_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0, capsys.readouterr().err
    assert main(["list"]) == 2


def test_every_mart_has_a_line_in_the_readme() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    marts = sorted(path.stem for path in PROJECT.glob("models/marts/mart_*.sql"))
    assert marts == sorted(found.name for found in read_marts(PROJECT))
    assert set(read_exposed(PROJECT)) == set(marts)
    for name in marts:
        assert sum(f"| `marts.{name}` |" in line for line in lines) == 1, name


def test_every_definition_that_models_name_is_described() -> None:
    """Also those of lifetime counters that hold two definitions, and of creators' own reports."""
    staging = "".join(path.read_text() for path in PROJECT.glob("models/staging/*/*.sql"))
    named = set(re.findall(r"'([a-z0-9_]+)' as metric_definition_version", staging))
    assert {"instagram_views_2025", "tiktok_views_v1_3", "youtube_views_2026"} <= named
    named |= {f"{platform}_creator_report" for platform in ("instagram", "tiktok", "youtube")}
    named |= {"youtube_views_2025_mixed", "youtube_views_2026_mixed"}
    with (PROJECT / "seeds/ref_metric_definition.csv").open(encoding="utf-8", newline="") as file:
        described = {row["metric_definition_version"]: row for row in csv.DictReader(file)}
    assert named <= set(described)
    rates = {
        metric.column
        for found in read_marts(PROJECT)
        for metric in found.metrics
        if re.match("(er|ctr|cvr)_", metric.column) and metric.is_ratio
    }
    assert {rate.removesuffix("_day7") for rate in rates} <= set(described)
    assert all(described[name]["denominator"] for name in described if name.startswith("er_"))


def test_the_claims_of_the_articles_are_complete() -> None:
    assert [claim.claim_id for claim in read_claims(PROJECT)] == [f"S{n}" for n in range(1, 66)]


# Ratios without an interval, and why none is needed or none can be had.
CENSUS = "counted whole, or money by contract: nothing was sampled"
ONE_POST = "counters of one post as they are; how far posts of a creator differ is the scorecard's"
DAY_7 = "er_basic_by_views_day7 and mart_tier_comparison carry the interval to compare creators by"
TWO_SYSTEMS = "above and below the line are counted by two systems"
UNBOUNDED = {
    "mart_budget_recommendation.maturity_rate": CENSUS,
    "mart_campaign_pacing.reached_rate": CENSUS,
    "mart_candidate_shortlist.price_per_1000_followers": CENSUS,
    "mart_candidate_shortlist.price_per_piece": CENSUS,
    "mart_candidate_shortlist.er_by_followers": "the list gives sums of posts, not the posts",
    "mart_code_usage.discount_rate": CENSUS,
    "mart_concentration.top_1_rate": "hhi carries the interval",
    "mart_concentration.top_3_rate": "hhi carries the interval",
    "mart_content_performance.er_by_reach": ONE_POST,
    "mart_content_performance.content_score_rate": "a verdict of its raters, not a sample of them",
    "mart_content_performance.er_by_followers": ONE_POST,
    "mart_content_performance.er_by_views": ONE_POST,
    "mart_content_performance.er_basic_by_views": ONE_POST,
    "mart_content_performance.er_basic_by_views_day7": ONE_POST,
    "mart_creator_campaign_daily.roas_to_date": "the scorecard carries the interval",
    "mart_creator_post_age.maturity_rate": CENSUS,
    "mart_creator_scorecard.content_score_rate": "a verdict of its raters, not a sample of them",
    "mart_creator_scorecard.cost_coverage_rate": CENSUS,
    "mart_creator_scorecard.er_by_reach": DAY_7,
    "mart_creator_scorecard.er_by_followers": DAY_7,
    "mart_creator_scorecard.er_by_views": DAY_7,
    "mart_creator_scorecard.er_basic_by_views": DAY_7,
    "mart_creator_scorecard.cpm": DAY_7,
    "mart_creator_scorecard.cpe": DAY_7,
    "mart_creator_scorecard.cpe_basic": DAY_7,
    "mart_creator_scorecard.cpc": TWO_SYSTEMS,
    "mart_creator_scorecard.ctr_by_views": TWO_SYSTEMS,
    "mart_creator_scorecard.ctr_by_reach": TWO_SYSTEMS,
    "mart_data_health.rejected_rate": CENSUS,
    "mart_deliverable_status.views_to_promised": "one piece beside what was promised of it",
    "mart_product_performance.cost_coverage_rate": CENSUS,
    "mart_program_quarterly.returning_creator_rate": CENSUS,
    "mart_program_quarterly.roas_to_date": "the quarter's own roas carries the interval",
    "mart_tier_comparison.maturity_rate": CENSUS,
}


def test_every_ratio_has_an_interval_or_a_reason_why_it_has_none() -> None:
    ratios = {
        f"{found.name}.{metric.column}": metric
        for found in read_marts(PROJECT)
        for metric in found.metrics
        if metric.is_ratio
    }
    unbounded = {name for name, metric in ratios.items() if not metric.bounds}
    assert unbounded == set(UNBOUNDED)
    one_sided = {name for name, metric in ratios.items() if len(metric.bounds) == 1}
    assert not one_sided
