"""What the marts' YAML says about their metrics: read once, for the docs, the lint and the tests.

dbt's YAML is the only place a metric is described. Everything that can be told from it is: a
metric is a number that is no key, its unit follows its name (`_rate` is 0-1, `_amount` money), its
formula is its description. `meta:` of a column says the rest:

    unit         where the name does not tell
    numerator    columns a ratio is made of, added up; `-column` is taken away (where the
                 description does not begin with `column / column`)
    denominator  the same below the line; `scale` multiplies the quotient (cost per 1,000)
    ratio        false for a rate that no columns make: a threshold, a goal, a chance
    exact        false where the quotient of these columns is not the value (the caveat says why)
    claims       rows of `ref_article_claim` that ask for this metric
    caveat       what a reader must know before using it

`meta:` of a mart says its `question` and `grain` where the description's first sentence and the key
do not read well, and `claims` the mart answers as a whole.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from include.errors import InvalidFile

__all__ = ["Claim", "Mart", "Metric", "read_claims", "read_exposed", "read_homes", "read_marts"]

NUMBERS = ("numeric", "bigint", "integer", "double precision")
# Numbers that name or place a thing instead of measuring one.
NOT_MEASURED = re.compile(r"(_id|_number|_position|_version)$")
RATIO = re.compile(
    r"(_rate|_rate_to_date|_pct)$|^(er|ctr|cvr)_|^(cpm|cpe|cpc|cpa|cac|roas|roi)(_|$)|_per_"
)
NO_RATIO = re.compile(r"_(count|amount|date)(_to_date)?$|^estimated_")
# A description that begins with the quotient of two columns says what the ratio is made of.
QUOTIENT = re.compile(r"([a-z0-9_]+) [/÷] ([a-z0-9_]+)\b(?: [x×] ([0-9,]+))?")
UNITS = (
    (re.compile(r"_rate(_to_date|_lowest|_highest)?$|^p_"), "0-1"),
    (re.compile(r"_pct$"), "0-100"),
    (re.compile(r"_amount(_to_date)?$|^(cpm|cpe|cpc|cpa|cac)(_|$)"), "money"),
    (re.compile(r"_seconds$"), "seconds"),
    (re.compile(r"_days$|_day_count$|^hold_days$|_days_after_"), "days"),
    (re.compile(r"_count(_to_date)?$"), "count"),
    (re.compile(r"_rank(_best|_worst)?$|^rank_"), "place"),
    (re.compile(r"^(er|ctr|cvr|roas|roi)(_|$)|_per_"), "ratio"),
)
BOUNDS = ("_low", "_high")
KNOWN_META = {
    "unit", "formula", "numerator", "denominator", "scale", "ratio", "exact", "claims", "caveat",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a mart; `bounds` are the columns that hold its interval."""

    mart: str
    column: str
    formula: str
    unit: str
    bounds: tuple[str, ...] = ()
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    scale: int = 1
    is_made: bool = True
    is_exact: bool = True
    claims: tuple[str, ...] = ()
    caveat: str = ""
    unknown_meta: tuple[str, ...] = ()

    @property
    def is_ratio(self) -> bool:
        """True for what must name its numerator and denominator."""
        is_named_so = RATIO.search(self.column) and not NO_RATIO.search(self.column)
        return self.is_made and bool(self.numerator or is_named_so)

    @property
    def is_share(self) -> bool:
        """True for what lies between 0 and 1."""
        return self.unit == "0-1"


@dataclass(frozen=True, slots=True)
class Mart:
    """One mart with its metrics, in the order of its columns."""

    name: str
    question: str
    grain: str
    columns: tuple[str, ...]
    claims: tuple[str, ...]
    caveat: str
    metrics: tuple[Metric, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Claim:
    """A measurable sentence of an article of the field, and the models that answer it."""

    claim_id: str
    article: str
    claim: str
    homes: tuple[str, ...]


def read_marts(project: Path) -> list[Mart]:
    """Return every mart by name; raise `InvalidFile` for YAML that describes none of its kind."""
    return [
        read_mart(path, model)
        for path in sorted((project / "models/marts").glob("mart_*.yml"))
        for model in _read_yaml(path).get("models", [])
    ]


def read_mart(path: Path, model: Mapping[str, Any]) -> Mart:
    """Return one mart of a YAML file; path is for the messages."""
    if "columns" not in model or "description" not in model:
        raise InvalidFile(f"{path.name}: {model.get('name')} has no description or no columns")
    meta = _meta_of(model)
    key = _key_of(model)
    names = tuple(column["name"] for column in model["columns"])
    return Mart(
        model["name"],
        meta.get("question") or _first_question(model["description"]),
        meta.get("grain") or ", ".join(_read_well(column) for column in key),
        names,
        tuple(meta.get("claims", ())),
        meta.get("caveat", ""),
        tuple(_read_metrics(model["name"], model["columns"], names, key)),
    )


def read_claims(project: Path) -> list[Claim]:
    """Return the articles' claims in the order of the seed."""
    with (project / "seeds/ref_article_claim.csv").open(encoding="utf-8", newline="") as file:
        return [
            Claim(row["claim_id"], row["article"], row["claim"], tuple(row["home"].split()))
            for row in csv.DictReader(file)
        ]


def read_exposed(project: Path) -> list[str]:
    """Return the marts that BI tools see, in the order in which their exposure lists them."""
    exposures = _read_yaml(project / "models/marts/_exposures.yml")["exposures"]
    (listed,) = [entry["depends_on"] for entry in exposures if entry["name"] == "bi_tools"]
    return [reference.removeprefix("ref('").removesuffix("')") for reference in listed]


def read_homes(project: Path) -> set[str]:
    """Return the name of every model and seed."""
    places = [*project.glob("models/**/*.sql"), *project.glob("seeds/*.csv")]
    return {path.stem for path in places}


def _read_metrics(
    mart: str, columns: Iterable[Mapping[str, Any]], names: tuple[str, ...], key: tuple[str, ...]
) -> Iterable[Metric]:
    for column in columns:
        name, meta = column["name"], _meta_of(column)
        is_number = str(column.get("data_type", "")).startswith(NUMBERS)
        is_measured = is_number and name not in key and not NOT_MEASURED.search(name)
        if (is_measured or meta.get("claims")) and _base_of(name, names) is None:
            yield _read_metric(mart, column, meta, names)


def _read_metric(
    mart: str, column: Mapping[str, Any], meta: Mapping[str, Any], names: tuple[str, ...]
) -> Metric:
    name = column["name"]
    formula = " ".join(str(meta.get("formula") or column.get("description", "")).split())
    over, under, scale = _read_quotient(formula, meta, names)
    return Metric(
        mart,
        name,
        formula,
        meta.get("unit") or _unit_of(name, str(column.get("data_type", ""))),
        tuple(bound for bound in names if _base_of(bound, names) == name),
        over,
        under,
        scale,
        bool(meta.get("ratio", True)),
        bool(meta.get("exact", True)),
        tuple(meta.get("claims", ())),
        meta.get("caveat", ""),
        tuple(sorted(set(meta) - KNOWN_META)),
    )


def _read_quotient(
    formula: str, meta: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """Return numerator, denominator and scale, as meta or else the formula says."""
    scale = int(meta.get("scale", 1))
    if "numerator" in meta or "denominator" in meta or not meta.get("ratio", True):
        return tuple(meta.get("numerator", ())), tuple(meta.get("denominator", ())), scale
    found = QUOTIENT.match(formula)
    if found is None or not {found[1], found[2]} <= set(names):
        return (), (), scale
    return (found[1],), (found[2],), int((found[3] or "1").replace(",", ""))


def _base_of(name: str, names: tuple[str, ...]) -> str | None:
    """Return the metric whose interval a column bounds: roas of roas_low, x_amount of x_low."""
    for bound in BOUNDS:
        stem = name.removesuffix(bound)
        if stem != name:
            endings = (stem, f"{stem}_amount", f"{stem}_count", f"{stem}_rate")
            candidates = (*endings, f"estimated_{stem}")
            return next((found for found in candidates if found in names), None)
    return None


def _unit_of(name: str, data_type: str) -> str:
    for pattern, unit in UNITS:
        if pattern.search(name):
            return unit
    if data_type == "numeric(18, 2)":
        return "money"
    if data_type in ("bigint", "integer"):
        return "count"
    return "number" if data_type.startswith(NUMBERS) else "text"


def _first_question(description: str) -> str:
    first, mark, _ = " ".join(description.split()).partition("?")
    return first + mark if mark else ""


def _read_well(column: str) -> str:
    return re.sub(r"_(id|key)$", "", column).replace("_", " ")


def _key_of(model: Mapping[str, Any]) -> tuple[str, ...]:
    for test in model.get("data_tests", ()):
        if isinstance(test, Mapping) and "unique_key" in test:
            return tuple(test["unique_key"]["arguments"]["columns"])
    return ()


def _meta_of(node: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = node.get("config", {}).get("meta", {})
    return found


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = yaml.safe_load(path.read_bytes())
    except yaml.YAMLError as error:
        raise InvalidFile(f"{path.name} is not YAML: {error}") from error
    return read
