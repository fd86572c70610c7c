"""Files no author means to write: bombs, other encodings, other types, slips of the keyboard."""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.campaigns import read_schedule_facts
from include.campaigns.__main__ import main
from include.campaigns.document import LARGEST_BYTES
from include.campaigns.editor_schema import schema_text
from include.campaigns.plan import load_plan, parse_plan
from include.campaigns.plan_set import read_plan_set
from include.errors import InvalidPlan

PLAN = """\
brand: {name: Glow, handles: {instagram: glow}}
shop: {connection_id: shopify}
reporting_timezone: America/New_York
currency: USD
sources: [shopify, campaign_plan]
campaign:
  id: launch
  name: Launch
  start_date: 2026-03-01
  end_date: 2026-03-31
  utm_campaign: launch
goals:
  - {id: sales, metric: units_sold, unit: units, target_value: 10}
experiments:
  - id: halves
    kind: geo
    valid_from: 2026-03-02
    valid_to: 2026-03-20
    arms: [{id: a, role: treatment, regions: [US-NY]}, {id: b, role: control, regions: [US-CA]}]
creators:
  - id: ana
    name: Ana
    country: US
    accounts: [{platform: instagram, handle: ana, access_path: own_account}]
    contract: {fee: 300, payments: [{amount: 300, due_date: 2026-04-01}]}
    exclusivity: [{category: skincare, valid_from: 2026-03-03}]
    codes: [{code: GLOW, valid_from: 2026-03-04}]
    landing_pages: [{path: /ana, valid_from: 2026-03-05}]
"""
# Ten levels of nine names each are 3,486,784,401 texts.
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


def changed(old: str, new: str) -> str:
    assert PLAN.count(old) == 1, old
    return PLAN.replace(old, new)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: " + "[" * 100_000, "1: nested deeper than 32 levels"),
        ("- " * 50_000 + "x", "1: nested deeper than 32 levels"),
        (BOMB + PLAN, "6: more than 500,000 values, with those of aliases"),
        ("a: 1\nb: &b {c: [*b]}\n", "2: an alias (*b) stands inside its own anchor"),
        (PLAN + "? [a]\n: 1\n", "29: a key is a list or a mapping; allowed: a text"),
        ("a: &a {b: 1}\n? *a\n: 1\n", "2: a key is a list or a mapping; allowed: a text"),
    ],
)
def test_a_structure_no_parser_survives_is_refused_before_one_builds_it(
    text: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(text, "p.yaml")
    assert str(caught.value) == f"p.yaml:{problem}"
    # DAG files read the same files at parse time.
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidPlan) as caught:
        read_schedule_facts(tmp_path)
    assert str(caught.value) == f"{tmp_path}/p.yaml:{problem}"


def test_anchors_that_save_typing_are_welcome() -> None:
    named = changed("{category: skincare, valid_from: 2026-03-03}", "&e {category: skincare, "
                    "valid_from: 2026-03-03}") + "  - <<: {exclusivity: [*e]}\n" + """\
    id: bo
    name: Bo
    accounts: [{platform: instagram, handle: bo, access_path: none}]
    contract: {fee: 0}
"""  # fmt: skip
    ana, bo = parse_plan(named, "p").plan.creators
    assert bo.exclusivity == ana.exclusivity


def test_a_file_of_another_encoding_or_size_is_refused_and_line_ends_are_no_change(
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.yaml"
    path.write_bytes(changed("name: Ana", "name: Añá").encode("latin-1"))
    with pytest.raises(InvalidPlan, match=r"p\.yaml:22: cannot be read: byte 0xf1 is no UTF-8"):
        load_plan(path)
    path.write_bytes(PLAN.encode() + b"#" * LARGEST_BYTES)
    with pytest.raises(InvalidPlan, match="larger than 2,000,000 bytes; allowed: one campaign per"):
        load_plan(path)
    for text in (PLAN, "\ufeff" + PLAN, PLAN.replace("\n", "\r\n"), PLAN.replace("\n", "\r")):
        path.write_bytes(text.encode())
        assert load_plan(path) == parse_plan(PLAN, "p").plan
        assert read_schedule_facts(tmp_path).campaigns == ("launch",)
    with pytest.raises(InvalidPlan, match=r"none\.yaml: cannot be read: No such file"):
        load_plan(tmp_path / "none.yaml")


DAY, YEARS = "a date YYYY-MM-DD", "a day of the years 2000 to 2099; what has no end has no valid_to"
SEEN = "visible text on one line"
COUNTRY = "a country of ISO 3166 such as GB"
# A changed part, what it becomes, and what `check` says is allowed there.
WRONG = [
    ("start_date: 2026-03-01", "start_date: 1772323200", DAY),
    ("start_date: 2026-03-01", "start_date: 20260301", DAY),
    ("start_date: 2026-03-01", "start_date: 2026-3-1", DAY),
    ("start_date: 2026-03-01", "start_date: 2026-W01-1", DAY),
    ("start_date: 2026-03-01", "start_date: 03/01/2026", DAY),
    ("start_date: 2026-03-01", "start_date: 2026-13-01", DAY),
    ("start_date: 2026-03-01", 'start_date: "2026-03-01T00:00:00"', DAY),
    ("start_date: 2026-03-01", "start_date: 0001-01-01", YEARS),
    ("valid_from: 2026-03-04", "valid_from: 2026-03-04, valid_to: 9999-12-31", YEARS),
    ("name: Ana", 'name: "\u202eanA"', SEEN),
    ("name: Ana", 'name: "A\\x1b[31mna"', SEEN),
    ("name: Ana", 'name: "A\\0na"', SEEN),
    ("name: Ana", 'name: "A\\nna"', SEEN),
    ("name: Ana", 'name: "  "', SEEN),
    ("path: /ana", 'path: "/\u2066ana"', "a path that begins with /, without ? and #"),
    ("currency: USD", "currency: UDS", "a currency of ISO 4217 such as USD"),
    ("country: US", "country: UK", COUNTRY),
    ("[US-NY]", "[UK-LND]", COUNTRY + ", or a part of it such as US-CA"),
    ("fee: 300", "fee: 1000000000000", "have no more than 12 digits in total"),
    ("fee: 300", 'fee: "$300"', "a number"),
    ("utm_campaign: launch", "utm_campaign: launch\n  lookback_days: true", "a whole number"),
    ("utm_campaign: launch", 'utm_campaign: launch\n  lookback_days: "7"', "a whole number"),
    ("[shopify, campaign_plan]", "[shopify__, campaign_plan]", "text of the form ^[a-z]"),
    ("unit: units", "unit: clicks", "units"),
    ("{category: skincare, ", "{", "category, competitor_brands or both"),
    ("due_date: 2026-04-01", "due_date: 2026-04-01, milestone: campaign_end", "one of due_date, "),
    (", due_date: 2026-04-01", "", "one of due_date, milestone, deliverable"),
]


def as_editors_read(text: str) -> Any:
    """YAML as JSON Schema sees it: dates are texts."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in found if not tag.endswith("timestamp")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader)


@pytest.mark.parametrize(("old", "new", "allowed"), WRONG)
def test_what_check_refuses_in_a_value_the_schema_refuses_too(
    old: str, new: str, allowed: str
) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    assert list(validator.iter_errors(as_editors_read(PLAN))) == []
    text = changed(old, new)
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(text, "p")
    (problem,) = str(caught.value).splitlines()
    assert f"allowed: {allowed}" in problem
    (error,) = validator.iter_errors(as_editors_read(text))
    spelled = error.json_path.removeprefix("$.")
    assert problem.split(": ")[1].startswith(spelled), (problem, spelled)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("America/New_York", "localtime", "allowed: an IANA time zone such as America/New_York"),
        (
            "target_value: 10",
            "target_value: 10, baseline_date: 2026-04-01",
            "goals[0].baseline_date: value 2026-04-01 is not allowed; allowed: 2026-03-31",
        ),
        (
            "[US-NY]",
            "[US]",
            "arms[1].regions[0]: value 'US-CA' is not allowed; allowed: a region outside US",
        ),
    ],
)
def test_what_only_check_can_see_is_refused(old: str, new: str, problem: str) -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(changed(old, new), "p")
    assert problem in str(caught.value)


MORE = "target_value: 10}\n  - {id: more, metric: units_sold, unit: units, target_value: 20}"
GROWTH = "metric: follower_growth, unit: rate, target_value: 10, baseline_date: 2026-03-01"


@pytest.mark.parametrize(
    ("old", "new", "doubt"),
    [
        ("end_date: 2026-03-31", "end_date: 2062-03-31", "lasts 13,180 days; is the year right?"),
        ("utm_campaign: launch", "utm_campaign: launch\n  hashtag: #glow", "# begins a comment"),
        ("target_value: 10}", MORE, "is a second target for units_sold, all (line 13)"),
        ("metric: units_sold, unit: units, target_value: 10", GROWTH, "10 is a growth of 1000%"),
        ("path: /ana", "path: /", "'/' is the shop's front page: whoever enters there speaks for"),
        ("2026-03-02\n    valid_to: 2026-03-20", "2025-03-02\n    valid_to: 2025-03-20",
         "shares no day with the campaign, 2026-03-01 to 2026-03-31"),
    ],
)  # fmt: skip
def test_slips_that_are_valid_are_warned_of(old: str, new: str, doubt: str) -> None:
    (warning,) = parse_plan(changed(old, new), "p").warnings
    assert doubt in warning
    assert parse_plan(PLAN, "p").warnings == ()


def test_a_connection_nobody_reads_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A day would wait for it until its deadline, every day."""
    path = tmp_path / "p.yaml"
    wrong = changed("[shopify, campaign_plan]", "[shopfy, ga4__eu, campaign_plan]")
    path.write_text(wrong.replace("{connection_id: shopify}", "{connection_id: ga4__eu}"))
    assert main(["check", str(path)]) == 1
    source, shop = capsys.readouterr().err.splitlines()
    assert f"{path}:2: shop.connection_id: value 'ga4__eu' is not allowed; allowed: " in shop
    assert "allowed: shopify, woocommerce, alone or followed by __<name>" in shop
    assert f"{path}:5: sources[0]: value 'shopfy' is not allowed; allowed: campaign" in source
    # A landed page is no file: it is replayed as it was, whatever sources there are now.
    assert parse_plan(wrong, "p").plan.sources[0] == "shopfy"


def test_a_plan_that_nobody_reads_is_a_doubt(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(changed("[shopify, campaign_plan]", "[shopify]"))
    (doubt,) = read_plan_set([path]).warnings
    assert doubt == f"{path}:5: sources: campaign_plan is not among them (shopify): no plan is read"


def test_zero_is_zero_however_it_is_written() -> None:
    text = changed("{fee: 300, payments: [{amount: 300, due_date: 2026-04-01}]}", '{fee: "-0.00"}')
    assert str(parse_plan(text, "p").plan.creators[0].contract.fee) == "0.00"


def test_checking_twice_the_creators_is_twice_the_work() -> None:
    """Every check looks at each creator, none at each pair."""
    head, _, ana = PLAN.partition("  - id: ana\n")
    link = "utm_source: i, utm_medium: i, utm_campaign: c, utm_content: ana, valid_from: 2026-03-01"
    one = f"  - id: ana\n{ana.replace('GLOW', 'ana')}    links: [{{id: ana_x, {link}}}]\n"

    def calls(count: int) -> int:
        """Return how many functions checking so many creators calls: the same on any machine."""
        text = head + "".join(one.replace("ana", f"c{n}x") for n in range(count))
        seen = collections.Counter[str]()
        sys.setprofile(lambda frame, event, what: seen.update([event]))
        try:
            parse_plan(text, f"many {count}")
        finally:
            sys.setprofile(None)
        return seen["call"] + seen["c_call"]

    assert calls(200) < 2.2 * calls(100)
