"""Campaign files: what is accepted, and how mistakes are told."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from include.campaigns import read_schedule_facts
from include.campaigns.__main__ import main
from include.campaigns.benchmarks import BENCHMARKS, read_typical_range
from include.campaigns.plan import CampaignPlan, load_plan, parse_plan
from include.campaigns.plan_set import load_plans
from include.campaigns.shift import shift_folder, shift_text
from include.errors import InvalidFile, InvalidPlan
from include.settings import REPO_ROOT

SAMPLE = REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml"
PLAN = """\
brand:
  name: Glow
  handles: {instagram: glow}
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
creators:
  - id: maya
    name: Maya
    country: US
    accounts:
      - {platform: instagram, handle: maya, access_path: own_account}
    contract: {fee: 300, commission_rate: 0.1}
    deliverables:
      - {id: one, platform: instagram, format: reel, planned_date: 2026-03-05}
    codes:
      - {code: MAYA15, discount_rate: 0.15, valid_from: 2026-03-01, valid_to: 2026-03-31}
  - id: lena
    name: Lena
    accounts:
      - {platform: instagram, handle: lena, access_path: none}
    contract: {fee: 0}
    codes:
      - {code: LENA15, valid_from: 2026-03-01}
    links:
      - id: lena_bio
        utm_source: instagram
        utm_medium: influencer
        utm_campaign: launch
        utm_content: lena
        valid_from: 2026-03-01
"""


def problems_of(text: str) -> list[str]:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(text, "plan.yaml")
    return str(caught.value).splitlines()


def test_a_correct_file_is_read_with_exact_amounts() -> None:
    plan = parse_plan(PLAN, "plan.yaml").plan
    assert plan.campaign.days == 31
    assert plan.creators[0].contract.commission_rate == Decimal("0.1")
    assert plan.creators[0].codes[0].discount_rate == Decimal("0.15")
    assert plan.creator("lena").links[0].utm_content == "lena"
    assert plan.campaign.default_attribution_model == "last_touch"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "access_path: own_account",
            "access_path: owned",
            (
                "plan.yaml:19: creators[0].accounts[0].access_path: value 'owned' is not allowed; "
                "allowed: own_account, partnership_content, business_discovery, public, none"
            ),
        ),
        (
            "format: reel",
            "format: live",
            (
                "plan.yaml:22: creators[0].deliverables[0].format: value 'live' is not allowed; "
                "allowed: feed, reel, story"
            ),
        ),
        (
            "fee: 0}",
            "fee: -5}",
            (
                "plan.yaml:29: creators[1].contract.fee: value -5 is not allowed; "
                "allowed: greater than or equal to 0"
            ),
        ),
        (
            "start_date: 2026-03-01",
            "exploration_rate: 20\n  start_date: 2026-03-01",
            (
                "plan.yaml:11: campaign.exploration_rate: value 20 is not allowed; "
                "allowed: less than or equal to 1"
            ),
        ),
        (
            "start_date: 2026-03-01",
            "start_date: March 1",
            (
                "plan.yaml:11: campaign.start_date: value 'March 1' is not allowed; "
                "allowed: a date YYYY-MM-DD"
            ),
        ),
        # YAML itself would break off here, without a line.
        (
            "start_date: 2026-03-01",
            "start_date: 2026-02-30",
            (
                "plan.yaml:11: campaign.start_date: value '2026-02-30' is not allowed; "
                "allowed: a date YYYY-MM-DD"
            ),
        ),
        # YAML would say 750.
        (
            "code: LENA15",
            "code: 12:30",
            (
                "plan.yaml:31: creators[1].codes[0].code: value '12:30' is not allowed; "
                "allowed: text of the form ^[A-Za-z0-9_-]+$"
            ),
        ),
        (
            "country: US",
            "country: NO",
            (
                "plan.yaml:17: creators[0].country: value False is not allowed; "
                "allowed: text (quote it)"
            ),
        ),
        (
            "reporting_timezone: America/New_York",
            "reporting_timezone: New York",
            (
                "plan.yaml:5: reporting_timezone: value 'New York' is not allowed; "
                "allowed: an IANA time zone such as America/New_York"
            ),
        ),
        (
            "planned_date: 2026-03-05",
            "planned_date: 2026-04-05",
            (
                "plan.yaml:22: creators[0].deliverables[0].planned_date: value 2026-04-05 is not "
                "allowed; allowed: 2026-03-01 to 2026-03-31 (the campaign)"
            ),
        ),
        (
            "  - id: lena\n",
            "  - id: maya\n",
            (
                "plan.yaml:25: creators[1].id: value 'maya' is not allowed; "
                "allowed: one not used above"
            ),
        ),
        (
            "handle: lena,",
            "handle: Maya,",
            (
                "plan.yaml:28: creators[1].accounts[0].handle: value 'maya' is not allowed; "
                "allowed: one not used above"
            ),
        ),
        (
            "code: LENA15",
            "code: maya15",
            (
                "plan.yaml:31: creators[1].codes[0].code: value 'maya15' is not allowed; "
                "allowed: a code that is not maya's at the same time (line 24)"
            ),
        ),
    ],
)
def test_a_wrong_value_is_told_with_file_line_and_what_is_allowed(
    old: str, new: str, expected: str
) -> None:
    assert problems_of(PLAN.replace(old, new, 1)) == [expected]


def test_a_code_may_pass_to_another_creator_when_the_first_validity_is_over() -> None:
    text = PLAN.replace(
        "{code: LENA15, valid_from: 2026-03-01}", "{code: maya15, valid_from: 2026-04-01}"
    )
    assert len(parse_plan(text, "plan.yaml").plan.creators) == 2


def test_a_code_of_digits_keeps_its_zeros() -> None:
    plan = parse_plan(PLAN.replace("code: LENA15", "code: 0123"), "plan.yaml").plan
    assert plan.creator("lena").codes[0].code == "0123"


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert problems_of("a: &a [*a]\n") == [
        "plan.yaml:1: an alias (*a) stands inside its own anchor"
    ]


def test_unknown_keys_missing_keys_and_double_keys_are_told() -> None:
    text = PLAN.replace("    contract: {fee: 0}\n", "    contrat: {fee: 0}\n")
    found = problems_of(text)
    assert found[0] == (
        "plan.yaml:25: creators[1].contract: is missing; allowed: a value, it is required"
    )
    assert found[1].startswith("plan.yaml:29: creators[1].contrat: key 'contrat' is not known; ")
    assert "contract, deliverables, codes" in found[1]
    double = PLAN.replace("currency: USD\n", "currency: USD\ncurrency: EUR\n")
    assert problems_of(double) == ["plan.yaml:7: currency: given twice; allowed: once"]
    assert problems_of("brand: [\n")[0].startswith("plan.yaml:2: not valid YAML")


def test_every_problem_is_listed_in_the_order_of_lines() -> None:
    text = PLAN.replace("currency: USD", "currency: usd").replace("fee: 300", "fee: much")
    lines = [int(line.split(":")[1]) for line in problems_of(text)]
    assert lines == [6, 20]


def test_goals_that_contradict_each_other_are_a_warning() -> None:
    warnings = parse_plan(SAMPLE.read_text(encoding="utf-8"), "serum.yaml").warnings
    assert len(warnings) == 1
    assert "3,000 sales from 15,000 clicks is a conversion rate of 20%" in warnings[0]
    assert "at the claimed 2-5 % expect 300-750 orders (micro, all platforms; " in warnings[0]
    assert warnings[0].endswith("(article), recorded 2026-11-21)")


def test_the_usual_conversion_is_the_newest_typical_range(tmp_path: Path) -> None:
    """Its two ends, not an older row's, nor a claim of another kind or without an end."""
    seed = tmp_path / "ref_benchmark.csv"
    head = BENCHMARKS.read_text(encoding="utf-8").splitlines()[0]
    rows = [
        "a,cvr_session,v,all,micro,0.01,0.02,rate,s,Old,typical_range,,2026-01-01,",
        "b,cvr_session,v,tiktok,nano,0.03,0.04,rate,s,New,typical_range,,2026-02-01,",
        "c,cvr_session,v,all,micro,0.05,,rate,s,Open,typical_range,,2026-03-01,",
        "d,cvr_session,v,all,micro,0.06,0.07,rate,s,Survey,survey,,2026-03-01,",
    ]
    seed.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    usual = read_typical_range("cvr_session", seed)
    assert (usual.low, usual.high) == (Decimal("0.03"), Decimal("0.04"))
    assert usual.describe() == "nano, tiktok; New, recorded 2026-02-01"
    with pytest.raises(InvalidFile, match="no typical_range with two ends of 'roas'"):
        read_typical_range("roas", seed)


def test_the_sample_is_the_articles_campaign() -> None:
    plan = load_plan(SAMPLE)
    paths = [creator.accounts[0].access_path for creator in plan.creators]
    assert {path: paths.count(path) for path in set(paths)} == {
        "own_account": 8,
        "partnership_content": 9,
        "business_discovery": 6,
        "none": 2,
    }
    assert plan.campaign.days == 61
    assert plan.campaign.hashtag == "#GlowConsciously"
    pieces = [(piece.platform, piece.format) for c in plan.creators for piece in c.deliverables]
    assert {piece: pieces.count(piece) for piece in set(pieces)} == {
        ("instagram", "feed"): 25,
        ("instagram", "reel"): 25,
        ("instagram", "story"): 75,
        ("tiktok", "reel"): 4,
        ("youtube", "feed"): 2,
        ("youtube", "reel"): 1,
    }
    cost = sum(
        c.contract.fee + c.contract.product_cost + c.contract.shipping_cost for c in plan.creators
    )
    assert 11_000 <= cost <= 13_000
    assert any(c.contract.fee == 0 for c in plan.creators)
    assert any(not c.links for c in plan.creators)
    assert read_schedule_facts(SAMPLE.parent) == (
        (
            "campaign_plan",
            "exchange_rates",
            "files",
            "ga4",
            "ga4_export",
            "instagram",
            "shopify",
            "tiktok",
            "woocommerce",
            "youtube",
        ),
        "America/New_York",
        ("serum_launch",),
        (("serum_launch", "Organic Facial Serum Launch"),),
    )


def test_schedule_facts_import_neither_pydantic_nor_pandas() -> None:
    code = (
        "import sys; from include.campaigns import read_schedule_facts; "
        f"read_schedule_facts({str(SAMPLE.parent)!r}); "
        "assert not {'pydantic', 'pandas', 'numpy'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPO_ROOT, check=True)


def test_files_of_a_folder_must_agree_on_the_time_zone(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PLAN, encoding="utf-8")
    other = PLAN.replace("America/New_York", "Europe/Paris").replace(
        "sources: [shopify,", "sources: [ga4,"
    )
    (tmp_path / "b.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(InvalidPlan, match=r"b\.yaml: reporting_timezone: value 'Europe/Paris'"):
        read_schedule_facts(tmp_path)
    (tmp_path / "b.yaml").write_text(
        other.replace("Europe/Paris", "America/New_York"), encoding="utf-8"
    )
    assert read_schedule_facts(tmp_path).sources == ("campaign_plan", "ga4", "shopify")
    with pytest.raises(InvalidPlan, match=r"allowed: an id no other file uses"):
        load_plans(tmp_path)
    with pytest.raises(InvalidPlan, match="no campaign file"):
        read_schedule_facts(tmp_path / "empty")


def dates_of(plan: CampaignPlan) -> list[dt.date]:
    found = [plan.campaign.start_date, plan.campaign.end_date]
    for creator in plan.creators:
        found += [creator.contract.product_sent_date, creator.contract.signed_date]
        found += [piece.planned_date for piece in creator.deliverables]
        found += [piece.due_date for piece in creator.deliverables]
        found += [item.valid_from for item in (*creator.codes, *creator.links)]
        found += [code.valid_to for code in creator.codes]
    return found


def test_a_shifted_plan_is_the_same_plan_with_all_dates_moved(tmp_path: Path) -> None:
    plan = load_plan(SAMPLE)
    (copy,) = shift_folder(SAMPLE.parent, tmp_path, 37)
    moved = load_plan(copy)
    assert dates_of(moved) == [date + dt.timedelta(days=37) for date in dates_of(plan)]
    text = SAMPLE.read_text(encoding="utf-8")
    assert shift_text(copy.read_text(encoding="utf-8"), -37) == text
    assert shift_text('a: "2026-01-01" # 2026-01-01\nb: 2026-01-31\n', 1) == (
        'a: "2026-01-01" # 2026-01-01\nb: 2026-02-01\n'
    )


def test_the_command_line_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(PLAN, encoding="utf-8")
    bad.write_text(PLAN.replace("currency: USD", "currency: dollars"), encoding="utf-8")
    assert main(["check", str(good)]) == 0
    assert "ok, campaign launch, 2026-03-01 to 2026-03-31, 2 creators" in capsys.readouterr().out
    assert main(["check", str(bad)]) == 1
    assert f"{bad}:6: currency: value 'dollars'" in capsys.readouterr().err
    assert main(["shift", str(tmp_path), str(tmp_path / "out"), "--days", "1"]) == 0
    assert "2026-04-01" in (tmp_path / "out" / "good.yaml").read_text(encoding="utf-8")
