"""Several campaign files in one installation, the command line over them, the editors' schema."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from test_plan_validity import PLAN

from include.campaigns.__main__ import main
from include.campaigns.editor_schema import SCHEMA_FILE, schema_text
from include.campaigns.model import CampaignPlan
from include.campaigns.ownership import claims_of
from include.campaigns.plan_set import load_plans, read_plan_set
from include.campaigns.schedule import campaign_files, read_schedule_facts
from include.errors import InvalidPlan
from include.settings import REPO_ROOT

SAMPLE = REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml"
# Another brand's campaign with its own shop; ana works for both.
OTHER = (
    PLAN.replace(
        "name: Glow, category: skincare, handles: {instagram: glow}",
        "name: Dew, category: skincare, handles: {instagram: dew}",
    )
    .replace("shopify}", "shopify__second}")
    .replace("[shopify,", "[shopify__second,")
    .replace("id: launch", "id: dew")
    .replace("utm_campaign: launch", "utm_campaign: dew")
    .replace("utm_campaign: Launch", "utm_campaign: dew")
    .replace("id: bo\n", "id: cy\n")
    .replace("handle: bo,", "handle: cy,")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(OTHER, encoding="utf-8")
    return tmp_path


def contradictions(folder: Path, old: str, new: str) -> list[str]:
    assert old in OTHER
    (folder / "b.yaml").write_text(OTHER.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidPlan) as caught:
        load_plans(folder)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def doubts(folder: Path) -> list[str]:
    found = read_plan_set(campaign_files(folder)).warnings
    return [warning.replace(f"{folder}/", "") for warning in found]


def test_two_brands_with_two_shops_share_an_installation(folder: Path) -> None:
    assert [plan.brand.name for plan in load_plans(folder)] == ["Glow", "Dew"]
    assert read_schedule_facts(folder).sources == ("campaign_plan", "shopify", "shopify__second")
    assert doubts(folder) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "id: dew\n",
            "id: launch\n",
            (
                "b.yaml:7: campaign.id: value 'launch' is not allowed; allowed: an id no other "
                "file uses; see a.yaml:7"
            ),
        ),
        (
            "America/New_York",
            "Europe/Paris",
            (
                "b.yaml:3: reporting_timezone: value 'Europe/Paris' is not allowed; allowed: "
                "America/New_York (a business day is one per installation); see a.yaml:3"
            ),
        ),
        (
            "handle: cy",
            "handle: BO",
            (
                "b.yaml:26: creators[1].accounts[0].handle: value 'BO' is not allowed; allowed: a "
                "handle that is not bo's, or the same creator id; see a.yaml:26"
            ),
        ),
        (
            "utm_campaign: dew, utm_content: bio",
            "utm_campaign: launch, utm_content: bio",
            (
                "b.yaml:23: creators[0].links[0].utm_content: value 'bio' is not allowed; allowed: "
                "a link that is not ana's at the same time; see a.yaml:23"
            ),
        ),
    ],
)
def test_files_that_contradict_each_other_are_refused_with_both_lines(
    folder: Path, old: str, new: str, expected: str
) -> None:
    assert expected in contradictions(folder, old, new)


def test_codes_belong_to_a_shop_and_a_shop_has_one_currency(folder: Path) -> None:
    """Both shops have a code GLOW; in one shop it would have two owners at once."""
    euros = OTHER.replace("currency: USD", "currency: EUR")
    (folder / "b.yaml").write_text(euros, encoding="utf-8")
    assert [plan.currency for plan in load_plans(folder)] == ["USD", "EUR"]
    one_shop = euros.replace("shopify__second}", "shopify}")
    (folder / "b.yaml").write_text(one_shop, encoding="utf-8")
    with pytest.raises(InvalidPlan) as caught:
        load_plans(folder)
    found = str(caught.value).replace(f"{folder}/", "").splitlines()
    assert found == [
        (
            "b.yaml:4: currency: value 'EUR' is not allowed; allowed: USD (one shop sells in one "
            "currency); see a.yaml:4"
        ),
        (
            "b.yaml:21: creators[0].codes[0].code: value 'GLOW' is not allowed; allowed: a code "
            "that is not ana's at the same time; see a.yaml:21"
        ),
        (
            "b.yaml:29: creators[1].codes[0].code: value 'glow' is not allowed; allowed: a code "
            "that is not bo's at the same time; see a.yaml:29"
        ),
    ]


def test_a_pause_between_campaigns_and_an_unread_shop_are_doubts(folder: Path) -> None:
    later = OTHER.replace("shopify__second}", "shopify}").replace("2026-04-30", "2026-06-30")
    later = later.replace(
        "GLOW, valid_from: 2026-03-01, valid_to: 2026-03-15",
        "GLOW, valid_from: 2026-05-02, valid_to: 2026-05-15",
    )
    later = later.replace(
        "code: glow, valid_from: 2026-03-16", "code: glow, valid_from: 2026-05-16"
    )
    (folder / "b.yaml").write_text(later, encoding="utf-8")
    assert (
        "b.yaml:21: creators[0].codes[0].code: nobody owns code 'GLOW' between 2026-04-30 and "
        "2026-05-02; before it is bo's, see a.yaml:29"
    ) in doubts(folder)
    (folder / "b.yaml").write_text(OTHER.replace("[shopify__second,", "[ga4,"), encoding="utf-8")
    assert doubts(folder) == [
        (
            "b.yaml:2: shop.connection_id: 'shopify__second' is in no file's sources "
            "(campaign_plan, ga4, shopify): its orders are not read"
        )
    ]


@pytest.mark.parametrize(
    ("promise", "is_broken"),
    [
        ("{category: skincare, valid_from: 2026-03-31}", True),
        ("{category: skincare, valid_from: 2026-04-01}", False),
        ("{category: skincare, valid_from: 2026-01-01, valid_to: 2026-02-28}", False),
        ("{category: hair, valid_from: 2026-03-01}", False),
        ("{competitor_brands: [DEW, Rain], valid_from: 2026-03-01}", True),
    ],
)
def test_exclusivity_is_held_against_other_campaigns_of_the_creator(
    folder: Path, promise: str, is_broken: bool
) -> None:
    text = PLAN.replace("{fee: 300}\n", f"{{fee: 300}}\n    exclusivity:\n      - {promise}\n")
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    assert (
        doubts(folder)
        == [
            (
                "a.yaml:18: creators[0].exclusivity[0]: ana is exclusive to Glow and also works "
                "for Dew from 2026-03-01 to 2026-03-31; see b.yaml:13"
            )
        ]
        * is_broken
    )


def test_the_command_line_checks_files_together_and_names_owners(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(folder / name) for name in ("a.yaml", "b.yaml")]
    assert main(["check", *files]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        f"{files[1]}: ok, campaign dew, 2026-03-01 to 2026-03-31, 2 creators"
    )
    assert main(["owner", "Glow", "2026-03-16", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"shopify: bo, campaign launch, from 2026-03-16 to 2026-04-30 ({files[0]}:29)",
        f"shopify__second: cy, campaign dew, from 2026-03-16 to 2026-04-30 ({files[1]}:29)",
    ]
    assert main(["owner", "GLOW", "2026-05-01", files[0]]) == 1
    assert "nobody owns GLOW on 2026-05-01" in capsys.readouterr().err
    (folder / "b.yaml").write_text(OTHER.replace("id: dew", "id: launch"), encoding="utf-8")
    assert main(["check", str(folder / "b.yaml")]) == 0
    assert main(["check", str(folder)]) == 1
    assert "an id no other file uses" in capsys.readouterr().err


def test_the_committed_schema_is_the_models_and_the_sample_names_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = SCHEMA_FILE.read_text(encoding="utf-8")
    assert text == schema_text()
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == text
    first = SAMPLE.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema={SCHEMA_FILE.name}"


def test_the_schema_accepts_the_sample_and_refuses_what_the_models_refuse() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(json.loads(schema_text()))
    plan = _as_json(CampaignPlan.model_validate(_yaml(SAMPLE)).model_dump())
    assert list(validator.iter_errors(plan)) == []
    wrong = json.loads(json.dumps(plan))
    wrong["creators"][3]["contrat"] = {}
    wrong["creators"][4]["deliverables"][0]["format"] = "clip"
    del wrong["campaign"]["start_date"]
    paths = sorted(error.json_path for error in validator.iter_errors(wrong))
    assert paths == ["$.campaign", "$.creators[3]", "$.creators[4].deliverables[0].format"]


def _yaml(path: Path) -> object:
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _as_json(value: object) -> object:
    def plain(item: object) -> object:
        if isinstance(item, Decimal):
            return float(item)
        assert isinstance(item, dt.date)
        return item.isoformat()

    return json.loads(json.dumps(value, default=plain))


# The first campaign also sells where the other brand's shop is.
SHARED = PLAN.replace("shopify}", "shopify}\nfurther_shops: [{connection_id: shopify__second}]")


def test_a_campaigns_codes_hold_in_each_of_its_shops(folder: Path) -> None:
    """GLOW is bo's in both shops then, so cy's in the second one is told once, not per shop."""
    (folder / "a.yaml").write_text(SHARED, encoding="utf-8")
    with pytest.raises(InvalidPlan) as caught:
        load_plans(folder)
    problems = [line.split(": value")[0] for line in str(caught.value).splitlines()]
    assert len(problems) == len(set(problems))
    assert any(p.endswith("codes[0].code") for p in problems)
    alone = folder / "a.yaml"
    (folder / "b.yaml").unlink()
    (plan,) = load_plans(folder)
    assert plan.shop_ids == ("shopify", "shopify__second")
    codes = [claim for claim in claims_of(plan) if claim.part == "code"]
    assert [c.scope for c in codes] == ["shopify", "shopify__second"] * (len(codes) // 2)
    assert (
        read_plan_set([alone])
        .warnings[0]
        .endswith(
            "further_shops[0].connection_id: 'shopify__second' is in no file's sources "
            "(campaign_plan, shopify): its orders are not read"
        )
    )


def test_a_shop_is_named_once(folder: Path) -> None:
    twice = SHARED.replace("shopify__second}", "shopify}")
    (folder / "a.yaml").write_text(twice, encoding="utf-8")
    with pytest.raises(InvalidPlan, match=r"further_shops\[0\]\.connection_id: value 'shopify'"):
        load_plans(folder)


def test_a_shop_of_two_campaigns_has_one_currency(folder: Path) -> None:
    (folder / "a.yaml").write_text(SHARED, encoding="utf-8")
    euros = OTHER.replace("currency: USD", "currency: EUR")
    (folder / "b.yaml").write_text(euros, encoding="utf-8")
    with pytest.raises(InvalidPlan, match="one shop sells in one currency"):
        load_plans(folder)
