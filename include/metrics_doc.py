"""The metrics of the marts as a page: `python -m include.metrics_doc write | check`.

`write` renders docs/metrics.md and the README's table of marts from dbt's YAML. `check` (part of
`make lint`) fails when either is not what the YAML says, and when the YAML leaves out what a reader
needs: a mart without a question, a ratio that does not name what it divides.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from include.metrics_catalog import (
    Claim,
    Mart,
    Metric,
    read_claims,
    read_exposed,
    read_homes,
    read_marts,
)
from include.settings import REPO_ROOT

PROJECT = REPO_ROOT / "dbt_project"
PAGE = REPO_ROOT / "docs/metrics.md"
README = REPO_ROOT / "README.md"
BEGIN, END = "<!-- marts: written by `make metrics` -->", "<!-- marts: end -->"
INTRODUCTION = """\
# Metrics

<!-- Written by `make metrics` from dbt_project/models/marts/*.yml; `make lint` compares. -->

Every number of the marts: what it is, what it is made of, what to know before using it. Money is
in the row's `currency_code`. A ratio is NULL where its denominator is 0, and its parts are columns,
too, so that it can be summed up again: add the parts, then divide. *(low, high)* are the ends of a
90 % interval ([statistics.md](statistics.md)). S-numbers are the rows of
[what the articles ask for](#articles).
"""
ARTICLES = """\
## Articles

What two articles of the field claim, recommend or expect to be measured (seed `ref_article_claim`),
and where it is. A: an introduction for brands; B: a guide to running campaigns. Their figures are
claims to compare with, never targets; none of them is evidence.
"""


def find_problems(
    marts: Sequence[Mart], claims: Sequence[Claim], exposed: Iterable[str]
) -> list[str]:
    """Return what the YAML leaves out, one sentence each."""
    known = {claim.claim_id for claim in claims}
    problems = [
        f"{name} is not in the exposure bi_tools (models/marts/_exposures.yml)"
        for name in sorted({mart.name for mart in marts} - set(exposed))
    ]
    for mart in marts:
        if not mart.question:
            problems.append(f"{mart.name}: its description does not begin with a question")
        problems += [
            f"{mart.name}: {claim} is no row of ref_article_claim"
            for claim in sorted(set(mart.claims) - known)
        ]
        for metric in mart.metrics:
            problems += _problems_of(metric, mart, known)
    return problems


def _problems_of(metric: Metric, mart: Mart, known: set[str]) -> Iterable[str]:
    where = f"{mart.name}.{metric.column}"
    if metric.is_ratio and not (metric.numerator and metric.denominator):
        yield f"{where} is a ratio: its meta must name numerator and denominator"
    for part in (*metric.numerator, *metric.denominator):
        if part.removeprefix("-") not in mart.columns:
            yield f"{where}: {part} is no column of {mart.name}"
    for claim in sorted(set(metric.claims) - known):
        yield f"{where}: {claim} is no row of ref_article_claim"
    for key in metric.unknown_meta:
        yield f"{where}: meta {key!r} is unknown (see include/metrics_catalog.py)"
    if not metric.formula:
        yield f"{where} has no description"


def render_page(marts: Sequence[Mart], claims: Sequence[Claim], homes: set[str]) -> str:
    """Return docs/metrics.md."""
    parts = [
        INTRODUCTION,
        *(_render_mart(mart) for mart in marts),
        _render_claims(marts, claims, homes),
    ]
    return "\n".join(parts)


def _render_mart(mart: Mart) -> str:
    lines = [f"## {mart.name}", "", f"{mart.question} Grain: {mart.grain}."]
    if mart.claims:
        lines.append(f"Answers {', '.join(mart.claims)}.")
    if mart.caveat:
        lines.append(mart.caveat)
    lines += ["", "| metric | unit | formula | row | caveat |", "|---|---|---|---|---|"]
    lines += [_render_metric(metric) for metric in mart.metrics]
    return "\n".join([*lines, ""])


def _render_metric(metric: Metric) -> str:
    name = f"`{metric.column}`" + (" *(low, high)*" if metric.bounds else "")
    formula = metric.formula
    if metric.numerator:
        quotient = f"{_render_sum(metric.numerator)} ÷ {_render_sum(metric.denominator)}"
        scale = f" × {metric.scale:,}" if metric.scale != 1 else ""
        made = "" if metric.is_exact else "from "
        formula = f"{formula} [{made}{quotient}{scale}]"
    cells = (name, metric.unit, formula, " ".join(metric.claims), metric.caveat)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _render_sum(columns: Sequence[str]) -> str:
    text = " ".join(
        f"− `{column[1:]}`" if column.startswith("-") else f"+ `{column}`" for column in columns
    ).removeprefix("+ ")
    return f"({text})" if len(columns) > 1 else text


def _render_claims(marts: Sequence[Mart], claims: Sequence[Claim], homes: set[str]) -> str:
    columns: dict[str, list[str]] = {}
    for mart in marts:
        for metric in mart.metrics:
            for claim_id in metric.claims:
                columns.setdefault(claim_id, []).append(f"`{mart.name}.{metric.column}`")
    lines = [ARTICLES, "| row | article | what it says | where |", "|---|---|---|---|"]
    for claim in claims:
        found = [f"`{home}`" for home in claim.homes if home in homes]
        where = ", ".join(columns.get(claim.claim_id, found)) or "not measured"
        lines.append(f"| {claim.claim_id} | {claim.article} | {claim.claim} | {where} |")
    return "\n".join([*lines, ""])


def render_readme(text: str, marts: Sequence[Mart], exposed: Sequence[str]) -> str:
    """Return the README with its table of marts written anew, in the order of the exposure.

    Raise ValueError when the README has lost one of the two markers.
    """
    if BEGIN not in text or END not in text:
        raise ValueError(f"README.md needs the lines {BEGIN!r} and {END!r}")
    by_name = {mart.name: mart for mart in marts}
    rows = [
        f"| {by_name[name].question} | `marts.{name}` | {by_name[name].grain} |"
        for name in exposed
        if name in by_name
    ]
    table = "\n".join([BEGIN, "| question | mart | grain |", "|---|---|---|", *rows, END])
    return text.partition(BEGIN)[0] + table + text.partition(END)[2]


def render_files() -> tuple[dict[Path, str], list[str]]:
    """Return what the files should say, and what is missing in the YAML."""
    marts, claims, exposed = read_marts(PROJECT), read_claims(PROJECT), read_exposed(PROJECT)
    readme = README.read_text(encoding="utf-8")
    texts = {
        PAGE: render_page(marts, claims, read_homes(PROJECT)),
        README: render_readme(readme, marts, exposed),
    }
    return texts, find_problems(marts, claims, exposed)


def main(arguments: list[str]) -> int:
    """Write or check the two files; return the exit code."""
    if arguments not in (["write"], ["check"]):
        print("usage: python -m include.metrics_doc write|check", file=sys.stderr)
        return 2
    texts, problems = render_files()
    for path, text in texts.items():
        if arguments == ["write"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            problems.append(f"{path.name} is not what the YAML says: make metrics")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
