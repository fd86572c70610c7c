"""Days in a campaign file: owners of codes and links, contract terms, payments, experiments."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from include.campaigns.ownership import claims_of, owner_on
from include.campaigns.plan import parse_plan
from include.errors import InvalidPlan
from include.settings import REPO_ROOT
from include.sources.campaign_plan.flatten import contracts

PLAN = """\
brand: {name: Glow, category: skincare, handles: {instagram: glow}}
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
  - id: ana
    name: Ana
    accounts: [{platform: instagram, handle: ana, access_path: own_account}]
    contract: {fee: 300}
    deliverables:
      - {id: one, platform: instagram, format: reel, planned_date: 2026-03-05}
      - {id: two, platform: instagram, format: feed, planned_date: 2026-03-20}
    codes:
      - {code: GLOW, valid_from: 2026-03-01, valid_to: 2026-03-15}
    links:
      - {id: a, UTM, utm_campaign: launch, utm_content: bio, SPAN}
  - id: bo
    name: Bo
    accounts: [{platform: instagram, handle: bo, access_path: none}]
    contract: {fee: 0}
    codes:
      - {code: glow, valid_from: 2026-03-16, valid_to: 2026-04-30}
    links:
      - {id: bo_bio, UTM, utm_campaign: Launch, utm_content: BIO, valid_from: 2026-03-16}
""".replace("UTM,", "utm_source: instagram, utm_medium: influencer,").replace(
    "SPAN", "valid_from: 2026-03-01, valid_to: 2026-03-15"
)


def problems(old: str, new: str) -> list[str]:
    assert old in PLAN
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(PLAN.replace(old, new, 1), "p")
    return str(caught.value).splitlines()


def warnings(old: str = "", new: str = "") -> list[str]:
    assert old in PLAN
    return list(parse_plan(PLAN.replace(old, new, 1), "p").warnings)


def contract(text: str) -> str:
    return f"contract:\n{text}"


def test_an_owner_follows_the_other_to_the_day() -> None:
    claims = list(claims_of(parse_plan(PLAN, "p").plan))

    def owners(day: str) -> list[str]:
        found = owner_on(claims, "code", "GLOW", dt.date.fromisoformat(day))
        return [claim.creator_id for claim in found]

    assert owners("2026-02-28") == []
    assert [owners(day) for day in ("2026-03-01", "2026-03-15", "2026-03-16", "2026-04-30")] == [
        ["ana"],
        ["ana"],
        ["bo"],
        ["bo"],
    ]
    assert owners("2026-05-01") == []


def test_overlaps_and_gaps_are_refused_with_both_lines() -> None:
    assert problems("code: glow, valid_from: 2026-03-16", "code: glow, valid_from: 2026-03-15") == [
        (
            "p:29: creators[1].codes[0].code: value 'glow' is not allowed; allowed: a code that is "
            "not ana's at the same time (line 21)"
        )
    ]
    assert problems("code: glow, valid_from: 2026-03-16", "code: glow, valid_from: 2026-03-17") == [
        (
            "p:29: creators[1].codes[0].valid_from: value 2026-03-17 is not allowed; allowed: "
            "2026-03-16, the day after code 'GLOW' stops being ana's, or let that end later: on "
            "the days between nobody would own it (line 21)"
        )
    ]
    (link,) = problems("BIO, valid_from: 2026-03-16", "BIO, valid_from: 2026-03-10")
    assert link.startswith("p:31: creators[1].links[0].utm_content: value 'BIO' is not allowed; ")
    assert link.endswith("a link that is not ana's at the same time (line 23)")


TERMS = """\
      fee: 300
      terms:
        - {valid_from: 2026-03-01, valid_to: 2026-03-15, fee: 100, commission_rate: 0.1}
        - {valid_from: 2026-03-16, fee: 200, commission_rate: 0.2, rule_version: code_first}"""


def test_an_order_is_judged_under_the_term_of_its_day() -> None:
    text = PLAN.replace("contract: {fee: 300}", contract(TERMS))
    agreed = parse_plan(text, "p").plan.creators[0].contract
    days = [dt.date(2026, 2, 28), dt.date(2026, 3, 15), dt.date(2026, 3, 16), dt.date(2027, 1, 1)]
    assert [agreed.commission_rate_on(day) for day in days] == [
        Decimal(0),
        Decimal("0.1"),
        Decimal("0.2"),
        Decimal("0.2"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "from: 2026-03-16, fee",
            "from: 2026-03-15, fee",
            (
                "p:20: creators[0].contract.terms[1].valid_from: value 2026-03-15 is not allowed; "
                "allowed: a day after the term before has ended (line 19)"
            ),
        ),
        (
            "from: 2026-03-16, fee",
            "from: 2026-03-18, fee",
            (
                "p:20: creators[0].contract.terms[1].valid_from: value 2026-03-18 is not allowed; "
                "allowed: the day after 2026-03-15, or orders between would be judged under no "
                "term (line 19)"
            ),
        ),
        (
            "fee: 200",
            "fee: 150",
            (
                "p:18: creators[0].contract.terms: terms sum to 250; allowed: 300, the contract's "
                "fee (line 17)"
            ),
        ),
        (
            "fee: 200, ",
            "",
            (
                "p:18: creators[0].contract.terms: fee is in some terms; allowed: in every term or "
                "in none"
            ),
        ),
        (
            "fee: 300\n",
            "fee: 300\n      commission_rate: 0.1\n",
            (
                "p:18: creators[0].contract.commission_rate: is not allowed beside terms; allowed: "
                "in each term (line 19)"
            ),
        ),
    ],
)
def test_terms_that_do_not_fit_are_refused(old: str, new: str, expected: str) -> None:
    assert old in TERMS
    assert problems("contract: {fee: 300}", contract(TERMS.replace(old, new))) == [expected]


PAYMENTS = """\
      fee: 300
      signed_date: 2026-02-01
      payments:
        - {amount: 100.50, milestone: signed}
        - {amount: 99.50, deliverable: one}
        - {amount: 100, due_date: 2026-04-15}"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "amount: 99.50",
            "amount: 99.49",
            (
                "p:19: creators[0].contract.payments: payments sum to 299.99; allowed: 300, the "
                "contract's fee (line 17)"
            ),
        ),
        (
            "deliverable: one",
            "deliverable: three",
            (
                "p:21: creators[0].contract.payments[1].deliverable: value 'three' is not allowed; "
                "allowed: one, two"
            ),
        ),
        (
            "deliverable: one",
            "deliverable: one, milestone: campaign_end",
            (
                "p:21: creators[0].contract.payments[1]: names milestone and deliverable; allowed: "
                "one of due_date, milestone, deliverable"
            ),
        ),
        (
            "      signed_date: 2026-02-01\n",
            "",
            (
                "p:19: creators[0].contract.payments[0].milestone: milestone 'signed' has no day; "
                "allowed: with contract.signed_date"
            ),
        ),
    ],
)
def test_payments_that_do_not_fit_are_refused(old: str, new: str, expected: str) -> None:
    assert old in PAYMENTS
    good = PLAN.replace("contract: {fee: 300}", contract(PAYMENTS))
    assert len(parse_plan(good, "p").plan.creators[0].contract.payments) == 3
    assert problems("contract: {fee: 300}", contract(PAYMENTS.replace(old, new))) == [expected]


EXPERIMENT = """experiments:
  - id: split
    kind: geo
    valid_from: 2026-03-01
    valid_to: 2026-03-31
    arms:
      - {id: west, role: treatment, share: 0.6, regions: [US-CA, US-WA]}
      - {id: east, role: control, share: 0.4, regions: [US-NY]}
creators:
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "[US-NY]",
            "[US-CA]",
            (
                "p:19: experiments[0].arms[1].regions[0]: value 'US-CA' is not "
                "allowed; allowed: one not used above"
            ),
        ),
        ("share: 0.4", "share: 0.5", "p:17: experiments[0].arms: shares sum to 1.1; allowed: 1"),
        (
            "control",
            "treatment",
            (
                "p:17: experiments[0].arms: compare nothing; allowed: at least "
                "one treatment and control"
            ),
        ),
        (
            "regions: [US-NY]",
            "creators: [ana]",
            ("p:19: experiments[0].arms[1].creators: not allowed in a geo experiment"),
        ),
        ("kind: geo", "kind: creators", None),
    ],
)
def test_arms_that_do_not_compare_are_refused(old: str, new: str, expected: str | None) -> None:
    assert old in EXPERIMENT
    text = PLAN.replace("creators:\n", EXPERIMENT.replace(old, new), 1)
    if expected is None:  # a share of creators may be named without naming them
        assert parse_plan(text, "p").plan.experiments[0].kind == "creators"
        return
    assert problems("creators:\n", EXPERIMENT.replace(old, new)) == [expected]


def test_a_plan_that_fits_together_has_no_warnings() -> None:
    assert warnings() == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "code: glow, valid_from: 2026-03-16, valid_to: 2026-04-30",
            "code: glow, valid_from: 2026-03-16, valid_to: 2026-03-30",
            (
                "p:29: creators[1].codes[0].valid_to: code 'glow' ends on 2026-03-30, before the "
                "campaign does on 2026-03-31: later sales name nobody"
            ),
        ),
        (
            "code: glow",
            "code: G-L0W",
            (
                "p:29: creators[1].codes[0].code: 'G-L0W' is easily taken for 'GLOW' of ana (case, "
                "O and 0, I, L and 1, S and 5) (line 21)"
            ),
        ),
        (
            "planned_date: 2026-03-20}",
            "planned_date: 2026-03-05}",
            (
                "p:19: creators[0].deliverables[1].planned_date: two clashes with another piece on "
                "instagram that day (line 18)"
            ),
        ),
        (
            "planned_date: 2026-03-20}",
            "planned_date: 2026-03-20, due_date: 2026-04-02}",
            (
                "p:19: creators[0].deliverables[1].due_date: two may come until 2026-04-02, after "
                "the campaign's end on 2026-03-31: posts of later days do not count for it"
            ),
        ),
        (
            "utm_campaign: Launch, utm_content: BIO, valid_from: 2026-03-16",
            "utm_campaign: autumn, utm_content: BIO, valid_from: 2026-03-10",
            (
                "p:31: creators[1].links[0].utm_content: utm_content 'BIO' is also ana's; only "
                "utm_campaign tells the two apart, and a link that loses it names nobody (line 23)"
            ),
        ),
        (
            "creators:\n",
            "goals:\n- {id: g, metric: link_clicks, unit: clicks, target_value: 5000}\ncreators:\n",
            (
                "p:13: goals[0].target_value: 5,000 clicks from 2 planned pieces is 2,500 each; "
                "more than 1,000 is rare"
            ),
        ),
        (
            "  utm_campaign: launch\n",
            "  utm_campaign: launch\n  budget_amount: 299.99\n",
            "p:12: campaign.budget_amount: fees of 300 exceed the budget of 299.99",
        ),
    ],
)
def test_what_does_not_fit_together_is_a_warning(old: str, new: str, expected: str) -> None:
    assert expected in warnings(old, new)


def test_the_budget_is_held_against_commission_at_the_expected_order_value() -> None:
    """100 orders of 50.00 at 10 %, sold evenly by a creator with 20 % and one with none: 500."""
    text = PLAN.replace("contract: {fee: 300}", "contract: {fee: 300, commission_rate: 0.2}")
    text = text.replace(
        "  utm_campaign: launch\n",
        "  utm_campaign: launch\n  budget_amount: 799.99\n  expected_order_value: 50\n",
        1,
    ).replace(
        "creators:\n",
        "goals: [{id: g, metric: units_sold, unit: units, target_value: 100}]\ncreators:\n",
        1,
    )
    (warning,) = parse_plan(text, "p").warnings
    assert warning.endswith(
        "fees of 300, product, shipping and platform fees of 0 and an expected commission of "
        "500.00 exceed the budget of 799.99"
    )
    assert parse_plan(text.replace("799.99", "800"), "p").warnings == ()


def test_the_contract_of_the_documentation_is_accepted() -> None:
    """The fee's parts sum to the fee twice over, as docs/campaign-file.md says they must."""
    page = (REPO_ROOT / "docs" / "campaign-file.md").read_text(encoding="utf-8")
    lines = page.split("```yaml\n", 1)[1].split("```", 1)[0].splitlines()
    example = "\n".join(f"    {line}" for line in lines)
    text = PLAN.replace("    contract: {fee: 300}", example)
    agreed = parse_plan(text, "p").plan.creators[0].contract
    assert [term.fee for term in agreed.terms] == [Decimal(100), Decimal(200)]
    assert [payment.milestone for payment in agreed.payments] == ["signed", "all_pieces_live"]


def test_a_contract_may_be_paid_in_another_currency_where_rates_are_read() -> None:
    assert problems("{fee: 300}", "{fee: 300, currency: EUR}") == [
        (
            "p:16: creators[0].contract.currency: value 'EUR' is not allowed; allowed: USD, or "
            "exchange_rates among the sources, whose rates convert the costs (line 5)"
        )
    ]
    with_rates = PLAN.replace(
        "[shopify, campaign_plan]", "[shopify, campaign_plan, exchange_rates]"
    )
    plan = parse_plan(with_rates.replace("{fee: 300}", "{fee: 300, currency: EUR}"), "p").plan
    paid_in = {row["creator_id"]: row["currency_code"] for row in contracts(plan, "v1")}
    assert paid_in == {"ana": "EUR", "bo": "USD"}
    # The same as the plan's needs no rates.
    assert parse_plan(PLAN.replace("{fee: 300}", "{fee: 300, currency: USD}"), "p").plan
