"""Read campaign files: YAML to a validated `CampaignPlan`, or every problem with its line.

plan = load_plan("include/campaigns/serum_launch.yaml")
plan.campaign.end_date
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from include.campaigns.advice import find_warnings
from include.campaigns.checks import find_problems
from include.campaigns.document import check_structure, not_yaml, read_document
from include.campaigns.lines import Location, dotted, line_of_every_value, nearest_line
from include.campaigns.model import CampaignPlan
from include.campaigns.problems import Problem
from include.campaigns.scalars import ScalarLoader
from include.errors import InvalidPlan

__all__ = ["CampaignPlan", "PlanFile", "load_plan", "parse_plan", "read_plan_file"]

# Words for pydantic's error types whose context does not name the allowed values.
ALLOWED = {
    "missing": "a value, it is required",
    "extra_forbidden": "no such key here",
    "string_type": "text (quote it)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "decimal_parsing": "a number",
    "decimal_type": "a number",
    "date_type": "a date YYYY-MM-DD",
    "date_parsing": "a date YYYY-MM-DD",
    "date_from_datetime_parsing": "a date YYYY-MM-DD",
    "tuple_type": "a list",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "too_short": "at least one",
    "dict_type": "a mapping of keys to values",
}


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A read file: its plan, and what is allowed but looks wrong, each with its line."""

    name: str
    plan: CampaignPlan
    warnings: tuple[str, ...]
    lines: Mapping[Location, int] = field(repr=False)

    def place(self, location: Location) -> str:
        """Return `file:line` of a location."""
        return f"{self.name}:{nearest_line(self.lines, location)}"

    def spell(self, location: Location, text: str) -> str:
        """Return a message about a location as `file:line: field: text`."""
        return f"{self.place(location)}: {dotted(location)}: {text}"


def load_plan(path: Path | str) -> CampaignPlan:
    """Read and validate one campaign file; raise `InvalidPlan` listing every problem."""
    return read_plan_file(path).plan


def read_plan_file(path: Path | str) -> PlanFile:
    """Read one file with its warnings; raise `InvalidPlan` when it cannot be read or is wrong."""
    return parse_plan(read_document(path), str(path))


@lru_cache(maxsize=32)  # a day's streams all read the same few files
def parse_plan(text: str, name: str) -> PlanFile:
    """Validate the text of a campaign file; `name` is the file named in messages.

    Raises `InvalidPlan` with a line per problem: `file:line: field: value … is not allowed;
    allowed: …`.
    """
    check_structure(text, name)
    try:
        lines, duplicates = line_of_every_value(text)
        document = yaml.load(text, Loader=ScalarLoader)
    except yaml.YAMLError as error:
        raise not_yaml(name, error) from error
    if duplicates:
        raise InvalidPlan(
            "\n".join(
                f"{name}:{line}: {key}: given twice; allowed: once" for line, key in duplicates
            )
        )
    try:
        plan = CampaignPlan.model_validate(document)
    except ValidationError as error:
        found = [_explain(item) for item in _without_echoes(error)]
        raise InvalidPlan(_spell(found, lines, name)) from error
    problems = find_problems(plan)
    if problems:
        raise InvalidPlan(_spell(problems, lines, name))
    warnings = _spell(find_warnings(plan), lines, name)
    return PlanFile(name, plan, tuple(warnings.splitlines()), lines)


def _without_echoes(error: ValidationError) -> list[Mapping[str, Any]]:
    """Drop "list is too short" where the list is short because its items are wrong."""
    items: list[Mapping[str, Any]] = [dict(item) for item in error.errors()]
    return [
        item
        for item in items
        if item["type"] != "too_short"
        or not any(o is not item and o["loc"][: len(item["loc"])] == item["loc"] for o in items)
    ]


def _explain(item: Mapping[str, Any]) -> Problem:
    location: Location = tuple(item["loc"])
    kind, context = str(item["type"]), item.get("ctx", {})
    if kind == "missing":
        return Problem(location, "is missing; allowed: a value, it is required")
    if kind == "extra_forbidden":
        return Problem(location, f"key {location[-1]!r} is not known; allowed: {_known(location)}")
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", "").replace(" or ", ", ")
    elif kind == "string_pattern_mismatch":
        allowed = f"text of the form {context['pattern']}"
    else:
        allowed = ALLOWED.get(kind) or _from_message(str(item["msg"]))
    if kind in ("text_form", "code"):
        allowed = str(context["allowed"])
    value = item["input"]
    shown = repr(value) if isinstance(value, str | int | float | bool) else str(value)[:60]
    return Problem(location, f"value {shown} is not allowed; allowed: {allowed}")


def _from_message(message: str) -> str:
    """Turn pydantic's "Input should be greater than 0" into "greater than 0"."""
    for start in (
        "Input should be ",
        "String should ",
        "Value should ",
        "Tuple should ",
        "Decimal input should ",
    ):
        if message.startswith(start):
            return message[len(start) :]
    return message


def _known(location: Location) -> str:
    """List the keys of the model that a location's last part was looked up in."""
    fields: Any = CampaignPlan
    for part in location[:-1]:
        if isinstance(part, str) and hasattr(fields, "model_fields"):
            fields = _model_in(fields.model_fields[part].annotation)
    return ", ".join(getattr(fields, "model_fields", {})) or "no such key"


def _model_in(annotation: Any) -> Any:
    """Find the pydantic model inside an annotation such as `tuple[Creator, ...]`."""
    if hasattr(annotation, "model_fields"):
        return annotation
    found = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((model for model in found if model is not None), None)


def _spell(problems: list[Problem], lines: Mapping[Location, int], name: str) -> str:
    placed = sorted(
        (
            nearest_line(lines, p.location),
            dotted(p.location),
            p.text + (f" (line {nearest_line(lines, p.other)})" if p.other is not None else ""),
        )
        for p in problems
    )
    return "\n".join(f"{name}:{line}: {field}: {text}" for line, field, text in placed)
