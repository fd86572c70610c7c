"""Compare what the engine says about cases with what they expect, and print the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from include.attribution.cases import Case, CaseFile
from include.attribution.cases_answer import Answer, SqlAnswer, complete_answer
from include.attribution.chain import ChainInconsistent

NOTHING = (0.0, 0.0)
# More failures of one case than a reader needs to find the cause.
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Check:
    """One compared value; `difference` is 0 or infinite where there is nothing to subtract."""

    what: str
    found: object
    expected: object
    difference: float


@dataclass(frozen=True, slots=True)
class CaseResult:
    """All checks of a case under the file's tolerance."""

    case_id: str
    checks: tuple[Check, ...]
    tolerance: float

    @property
    def failures(self) -> list[Check]:
        """The checks that are off by more than the tolerance (or by nobody knows how much)."""
        return [check for check in self.checks if not check.difference <= self.tolerance]

    @property
    def worst(self) -> float:
        """The largest difference."""
        return max((check.difference for check in self.checks), default=0.0)


def check_cases(file: CaseFile, answers: Mapping[str, SqlAnswer]) -> list[CaseResult]:
    """Compare every case of a file; `answers` are the dbt models', by case id."""
    return [_check_case(case, answers.get(case.id), file.tolerance) for case in file.cases]


def _check_case(case: Case, sql: SqlAnswer | None, tolerance: float) -> CaseResult:
    if sql is None:
        return CaseResult(case.id, (_is("answer of the dbt models", "none", "one"),), tolerance)
    try:
        answer = complete_answer(sql)
    except (ChainInconsistent, ValueError) as error:
        return CaseResult(case.id, (_is("solve", str(error), "a solution"),), tolerance)
    return CaseResult(case.id, tuple(compare(case, answer)), tolerance)


def compare(case: Case, answer: Answer) -> Iterator[Check]:
    """Yield a check for everything the case expects."""
    expected = case.expected
    if expected.paths is not None:
        yield from _compare_paths(case, answer)
    if expected.unattributed is not None:
        for unit, found in zip(("conversions", "value"), answer.unattributed, strict=True):
            yield _near(f"unattributed {unit}", found, expected.unattributed.get(unit, 0.0))
    for model, channels in expected.credits.items():
        yield from _compare_credit(model, channels, answer)
    if expected.markov_exact is not None:
        yield from _compare_chain(case, answer)
    for row in expected.rows():
        yield from _compare_touches(row.id, row.touches, row.weights, row.cents, answer)


def _compare_paths(case: Case, answer: Answer) -> Iterator[Check]:
    wanted = {path.id: path for path in case.expected.paths or ()}
    found = {path.path_id: path for path in answer.sql.paths}
    yield _is("path ids", sorted(found), sorted(wanted))
    for path_id in sorted(wanted.keys() & found.keys()):
        built, path = found[path_id], wanted[path_id]
        yield _is(f"path {path_id}", list(built.channels), path.path)
        yield _near(f"path {path_id} conversions", built.conversions, path.conversions)
        yield _near(f"path {path_id} nulls", built.nulls, path.nulls)
        yield _near(f"path {path_id} value", built.value, path.value)


def _compare_credit(
    model: str, channels: Mapping[str, Mapping[str, float]], answer: Answer
) -> Iterator[Check]:
    has_orders = any(entry.channels for entry in answer.sql.entries)
    if model not in answer.credit and has_orders:
        yield _is(f"model {model}", "not computed", "computed")
        return
    credit = answer.credit.get(model, {})
    for channel in sorted({*channels, *credit}):
        wanted, found = channels.get(channel, {}), credit.get(channel, NOTHING)
        for unit, number in zip(("conversions", "value"), found, strict=True):
            yield _near(f"{model} {channel} {unit}", number, wanted.get(unit, 0.0))


def _compare_chain(case: Case, answer: Answer) -> Iterator[Check]:
    exact, solution = case.expected.markov_exact, answer.solution
    assert exact is not None
    yield _near("P(conversion)", solution.p_conversion, float(Fraction(exact.p_conversion)))
    for what, wanted, found in (
        ("removal effect", exact.removal_effect, solution.removal_effects),
        ("share", exact.share, solution.shares),
    ):
        numbers = dict(zip(solution.channels, found.tolist(), strict=True))
        yield _is(f"channels with a {what}", sorted(numbers), sorted(wanted))
        for channel in sorted(wanted.keys() & numbers.keys()):
            number = float(Fraction(wanted[channel]))
            yield _near(f"{what} {channel}", numbers[channel], number)


def _compare_touches(
    order_id: str,
    touches: Sequence[str],
    weights: Mapping[str, Sequence[float]],
    cents: Mapping[str, Sequence[int]],
    answer: Answer,
) -> Iterator[Check]:
    """Compare an order's first entry, its sale."""
    entry = next((e for e in answer.sql.entries if e.order_id == order_id), None)
    if entry is None:
        yield _is(f"order {order_id}", "no credit rows", "credit rows")
        return
    yield _is(f"order {order_id} touches", list(entry.channels), list(touches))
    for model, wanted in weights.items():
        found = entry.weights.get(model, ())
        if len(found) != len(wanted):
            yield _is(f"order {order_id} {model} weights", list(found), list(wanted))
            continue
        for number, (weight, other) in enumerate(zip(found, wanted, strict=True), 1):
            yield _near(f"order {order_id} {model} weight {number}", weight, other)
    for model, parts in cents.items():
        yield _is(f"order {order_id} {model} cents", list(entry.cents.get(model, ())), list(parts))


def _near(what: str, found: float, expected: float) -> Check:
    return Check(what, found, expected, abs(found - expected))


def _is(what: str, found: object, expected: object) -> Check:
    return Check(what, found, expected, 0.0 if found == expected else float("inf"))


def format_results(results: Sequence[CaseResult]) -> str:
    """Return one line per case, then one per failed check, then the sum."""
    width = max((len(result.case_id) for result in results), default=4)
    lines = [f"{'case':<{width}}  checks  failed  worst difference"]
    lines += [
        f"{r.case_id:<{width}}  {len(r.checks):>6}  {len(r.failures):>6}  {r.worst:>16.1e}"
        for r in results
    ]
    for result in results:
        lines += [
            f"{result.case_id}: {check.what} is {check.found}, expected {check.expected}"
            for check in result.failures[:SHOWN]
        ]
        if len(result.failures) > SHOWN:
            lines.append(f"{result.case_id}: and {len(result.failures) - SHOWN} more")
    failed = sum(1 for result in results if result.failures)
    checks = sum(len(result.checks) for result in results)
    lines.append(f"{len(results)} cases, {checks} checks, {failed} cases failed")
    return "\n".join(lines)
