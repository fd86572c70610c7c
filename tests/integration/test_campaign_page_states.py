"""The campaign page in every state of the warehouse, read through the reader's own role."""

from __future__ import annotations

import html
import json
import re

import psycopg
import pytest
from fastapi.testclient import TestClient
from hand_made_marts import DAY_1, make_marts, spring_marts
from page_marts import creator, profile, publish

from include.pages.campaign.exports import EXPORTS
from include.pages.reader import Reader
from include.report.reports import build_campaign
from include.report.scope import Wanted
from include.report.warehouse import open_marts
from tests.conftest import Warehouse
from tests.integration.campaign_rows import CHANNEL_AMOUNTS, covered, piece

pytest_plugins = ("tests.integration.campaign_page_client",)


def names(page: str) -> list[str]:
    """Return the creators of the table, top to bottom."""
    table = page[page.index('id="creators"') : page.index('id="cost-section"')]
    return re.findall(r'<th scope="row">([^<]*)<', table)


def test_an_empty_warehouse_says_what_will_fill_it(client: TestClient) -> None:
    answer = client.get("/campaign")
    assert answer.status_code == 200
    assert "Nothing has been published yet" in answer.text
    for table in EXPORTS:
        answer = client.get(f"/campaign/{table}.csv", headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["detail"]) == (
            404, "nothing has been published yet",
        )  # fmt: skip


def test_a_campaign_without_creators_or_orders_has_every_section(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    marts = ["mart_creator_scorecard", "mart_creator_attribution", "mart_attribution_comparison"]
    marts += ["mart_attribution_reconciliation", "mart_tracking_coverage", "mart_code_leakage"]
    marts += ["mart_concentration", "mart_content_performance", "mart_creator_campaign_daily"]
    marts += ["mart_deliverable_status", "mart_funnel"]
    rows: dict[str, list[dict[str, object]]] = {mart: [] for mart in marts}
    rows["mart_campaign_profile"] = [profile("spring", creator_count=0)]
    publish(clean_warehouse.dsn("transformer"), rows)
    page = client.get("/campaign").text
    for phrase in (
        "No creator of this campaign has been measured yet",
        "No posts of the campaign were read yet",
        "plan promises no pieces",
        "had no orders on its days",
        "plan has no codes",
    ):
        assert phrase in page, phrase


# Most urgent first, as the page lists them.
TO_LOOK_AT = (
    ({"deliverable_status": "missing"}, "not seen although its due date is over"),
    ({"deliverable_status": "removed"}, "was live, gone from a later reading"),
    ({"disclosure_status": "absent"}, "no paid-partnership label, no #ad"),
    ({"rights_status": "used_after_expiry"}, "paid ads ran after the usage right ended"),
    ({"is_live_without_approval": True}, "went live before its draft was approved"),
    ({"deliverable_status": "late"}, "went live after its due date"),
    ({"disclosure_status": "caption"}, "disclosed below the fold"),
    ({"has_hashtag": False}, "campaign hashtag missing"),
    ({"has_mention": False}, "brand not mentioned"),
    ({"absent_phrases": "vegan"}, "phrase missing: vegan"),
    (
        {"is_ambiguous": True, "post_id": None},
        "a post near that day could be it, but shows no sign of the campaign",
    ),
    ({"is_ambiguous": True}, "another post could be the piece as well"),
    ({"rights_status": "ends_in_14_days"}, "usage right ends within 14 days"),
)
NOTHING_TO_LOOK_AT = (
    {},
    {"rights_status": "expired"},
    {"rights_status": "ends_in_30_days"},
    {"deliverable_status": "unverifiable", "disclosure_status": None, "post_id": None}
    | {"has_hashtag": None, "has_mention": None, "is_live_without_approval": None},
)


def looked_at(page: str) -> list[tuple[str, str]]:
    """Return ids and reasons of the pieces to look at, top to bottom."""
    table = page[page.index('id="pieces"') : page.index('id="audience-section"')]
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", table, re.DOTALL)
    ids = [re.findall(r"p\d\d", row)[0] for row in rows]
    reasons = [re.findall(r"<td[^>]*>([^<]*)</td>", row)[-1] for row in rows]
    return list(zip(ids, reasons, strict=True))


@pytest.mark.parametrize(("row", "reason"), TO_LOOK_AT, ids=[reason for _, reason in TO_LOOK_AT])
def test_each_departure_alone_brings_a_piece_before_a_persons_eyes(
    client: TestClient, clean_warehouse: Warehouse, row: dict[str, object], reason: str
) -> None:
    pieces = [piece("p00"), piece("p01", **row)]
    marts = {"mart_campaign_profile": [profile("spring")], "mart_deliverable_status": pieces}
    publish(clean_warehouse.dsn("transformer"), marts)
    page = html.unescape(client.get("/campaign").text)
    assert looked_at(page) == [("p01", reason)]
    assert "as agreed" not in page


@pytest.mark.parametrize("row", NOTHING_TO_LOOK_AT, ids=str)
def test_what_is_as_agreed_or_over_needs_no_look(
    client: TestClient, clean_warehouse: Warehouse, row: dict[str, object]
) -> None:
    pieces = [piece("p00", **row)]
    marts = {"mart_campaign_profile": [profile("spring")], "mart_deliverable_status": pieces}
    publish(clean_warehouse.dsn("transformer"), marts)
    page = client.get("/campaign").text
    assert "Every promised piece that can be seen is as agreed" in page
    assert looked_at(page) == []


def test_pieces_stand_by_their_worst_departure_and_name_all(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    """One piece per departure in the reverse order; the late one lacks the hashtag, too."""
    rows = [piece(f"p{n:02}", **row) for n, (row, _) in enumerate(TO_LOOK_AT)]
    rows[5] |= {"has_hashtag": False}
    marts = {"mart_campaign_profile": [profile("spring")], "mart_deliverable_status": rows[::-1]}
    publish(clean_warehouse.dsn("transformer"), marts)
    first, second = (
        looked_at(client.get(f"/campaign?pieces.page={number}").text) for number in (1, 2)
    )
    assert [name for name, _ in first + second] == [f"p{n:02}" for n in range(len(TO_LOOK_AT))]
    assert first[5][1] == "went live after its due date; campaign hashtag missing"


def test_shops_without_ga4_are_told_apart_where_ga4_is_explained(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    """GA4 shows 70 of the first shop's 100; of the second shop's 25 it knows nothing."""
    day = {"order_date": "2026-03-02", "attribution_model": "last_touch", "rule_version": "all"}
    shops = [
        {"connection_id": "shopify", "shop_net_sales_amount": 100, "attributed_amount": 100}
        | {"ga4_purchase_amount": 70, "ga4_difference_amount": 30, "consent_amount": 30},
        {"connection_id": "woocommerce", "shop_net_sales_amount": 25, "attributed_amount": 25},
    ]
    rows = [dict.fromkeys(CHANNEL_AMOUNTS, 0) | day | shop for shop in shops]
    both = profile("spring", shop_connection_ids="shopify,woocommerce")
    marts = {"mart_campaign_profile": [both], "mart_attribution_reconciliation": rows}
    publish(clean_warehouse.dsn("transformer"), marts | {"mart_tracking_coverage": covered(rows)})
    page = " ".join(client.get("/campaign").text.split())
    assert "Why GA4 shows €70" in page
    assert "Of €100: the other €25 were sold in shops or on days of which" in page


def test_orders_that_wait_for_an_exchange_rate_are_counted_in_the_tie_out(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    """Two orders on one day and one on another; the count stands with each model. The same days
    have three and two sales in another currency, priced or not."""
    shared = dict.fromkeys(CHANNEL_AMOUNTS, 0)
    shared |= {"connection_id": "shopify", "rule_version": "all", "attributed_amount": 10}
    rows = [
        shared | {"order_date": day, "attribution_model": model, "shop_net_sales_amount": 15}
        | {"difference_amount": 5, "unpriced_order_count": count}
        | {"converted_entry_count": count + 1}
        for day, count in (("2026-03-02", 2), ("2026-03-03", 1))
        for model in ("last_touch", "linear")
    ]  # fmt: skip
    marts = {"mart_campaign_profile": [profile("spring")], "mart_attribution_reconciliation": rows}
    publish(clean_warehouse.dsn("transformer"), marts | {"mart_tracking_coverage": covered(rows)})
    page = " ".join(client.get("/campaign").text.split())
    assert "3 orders wait for an exchange rate" in page
    assert "5 sales and refunds were in another currency" in page


def test_a_campaign_that_ended_has_the_days_of_its_look_back_on_page_and_command_line(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    """Day 2 is after the end: 2 of the 10 orders, 100 of the 500 that the shop sold. Three orders
    show nothing. A day later the shop sold 7 more, which no look-back reaches."""
    ended = profile("spring", start_date=DAY_1, end_date=DAY_1, currency_code="USD")
    rows = spring_marts() | {"mart_campaign_profile": [ended]}
    rows["mart_creator_attribution"].append(creator(1)[1])
    tie_out = rows["mart_attribution_reconciliation"]
    tie_out += [day | {"order_date": "2026-03-03", "shop_net_sales_amount": 7} for day in tie_out]
    make_marts(clean_warehouse.dsn("transformer"), rows)
    with open_marts(clean_warehouse.dsn("bi_reader")) as marts:
        report = build_campaign(marts, Wanted("spring", model="last_touch"))
    sheets = {sheet.name: sheet.rows for sheet in report.sheets}
    [coverage], [tied] = sheets["coverage"], sheets["reconciliation"]
    assert (coverage["orders"], coverage["untracked"], tied["shop_amount"]) == (10, 3, 500)
    page = " ".join(client.get("/campaign").text.split())
    assert "of 10 have any touch" in page
    assert "<dd>70 %<" in page
    assert "of $500 the shop sold" in page
    assert "own report says <strong>$500.00</strong>" in page


def test_marts_that_are_not_published_yet_are_named_as_such(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    publish(clean_warehouse.dsn("transformer"), {"mart_campaign_profile": [profile("spring")]})
    page = client.get("/campaign").text
    assert page.count("Not measured yet") >= 5


def test_a_run_that_did_not_get_through_is_told_beside_the_version_that_stays(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    transformer = clean_warehouse.dsn("transformer")
    publish(transformer, {"mart_campaign_profile": [profile("spring", sources_missing="ga4")]})
    with psycopg.connect(transformer) as connection:
        connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id, status)"
            " values ('2026-04-01', '2026-04-01', 'r', 'refused')"
        )
    page = " ".join(client.get("/campaign").text.split())
    assert "run for 1 Apr 2026 was not published (refused)" in page
    assert "as of <strong>31 Mar 2026</strong>" in page
    assert "Not arrived by 31 Mar 2026: ga4." in page


def test_ten_thousand_creators_come_in_pages_in_the_order_asked(
    client: TestClient, clean_warehouse: Warehouse
) -> None:
    transformer = clean_warehouse.dsn("transformer")
    first = creator(1)
    publish(
        transformer,
        {
            "mart_campaign_profile": [profile("spring", creator_count=10_000)],
            "mart_creator_scorecard": [first[0]],
            "mart_creator_attribution": [first[1]],
        },
    )
    with psycopg.connect(transformer) as connection:
        for mart in ("mart_creator_scorecard", "mart_creator_attribution"):
            connection.execute(
                f"insert into marts_v1.{mart} select made.* from marts_v1.{mart} as one"  # type: ignore[arg-type]
                " cross join generate_series(2, 10000) as n, lateral jsonb_populate_record("
                f"null::marts_v1.{mart}, to_jsonb(one) || jsonb_build_object('creator_id',"
                " 'c' || lpad(n::text, 5, '0'), 'creator_name', 'Creator ' ||"
                " lpad(n::text, 5, '0'), 'net_revenue_amount', 10 * n)) as made"
            )
    page = client.get("/campaign").text
    assert names(page) == [f"Creator {n:05}" for n in range(10_000, 9_950, -1)]
    assert len(page) < 3_000_000
    second = client.get("/campaign?creators.sort=creator_name&creators.dir=asc&creators.page=2")
    assert names(second.text) == [f"Creator {n:05}" for n in range(51, 101)]
    beyond = client.get("/campaign?creators.sort=creator_name&creators.dir=asc&creators.page=999")
    assert names(beyond.text)[-1] == "Creator 10000"


def test_names_and_captions_are_text(client: TestClient, clean_warehouse: Warehouse) -> None:
    hostile = "<script>alert('x')</script>"
    scorecard, version = creator(1, creator_name=hostile)
    post = {"campaign_id": "spring", "platform": "tiktok", "post_id": "1", "caption": hostile}
    publish(
        clean_warehouse.dsn("transformer"),
        {
            "mart_campaign_profile": [profile("spring", campaign_name=hostile)],
            "mart_creator_scorecard": [scorecard | {"handle": hostile}],
            "mart_creator_attribution": [version],
            "mart_content_performance": [post | {"creator_name": hostile}],
        },
    )
    answer = client.get("/campaign")
    assert "<script>alert" not in answer.text
    # Title, heading, choice; name and handle of the creator; name and caption of the post.
    assert answer.text.count("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") == 7
    # In the plot once for who reads it, and at each of the four places beside its dot.
    assert answer.text.count("\\u0026lt;script\\u0026gt;alert(") == 5
    assert "script-src 'self';" in answer.headers["content-security-policy"]


def test_only_published_choices_are_taken(client: TestClient, clean_warehouse: Warehouse) -> None:
    scorecard, version = creator(1)
    publish(
        clean_warehouse.dsn("transformer"),
        {
            "mart_campaign_profile": [profile("spring"), profile("autumn")],
            "mart_creator_scorecard": [scorecard],
            "mart_creator_attribution": [version],
        },
    )
    assert client.get("/campaign?campaign=summer").status_code == 404
    assert client.get("/campaign?campaign=spring&model=magic").status_code == 422
    assert client.get("/campaign?campaign=spring&rules=';drop").status_code == 422
    assert client.get("/campaign?creators.sort=payload").status_code == 422
    assert client.get("/campaign?creators.page=-1").status_code == 422
    assert client.post("/campaign").status_code == 405
    for address in ("/campaign?model=magic", "/campaign?campaign=<script>alert(1)</script>"):
        assert "<script>alert" not in client.get(address).text


def test_goals_are_drawn_with_their_band(client: TestClient, clean_warehouse: Warehouse) -> None:
    transformer = clean_warehouse.dsn("transformer")
    publish(transformer, {"mart_campaign_profile": [profile("spring")]})
    with psycopg.connect(transformer) as connection:
        connection.execute(
            """
            create view marts.mart_campaign_pacing as
            select
                'spring' as campaign_id, 'sales' as goal_id, 'units_sold' as metric,
                'units' as unit, 'credited' as goal_scope, 'sales_ledger' as value_source,
                date '2026-03-20' as final_date, 2 as unread_day_count, 3000.0 as target_value,
                1200.0 as actual_value, 0.4 as reached_rate, 1500.0 as target_to_date_value,
                2100.0 as projected_end_low, 2500.0 as projected_end_value,
                2900.0 as projected_end_high, 'behind' as pacing_status,
                null as unavailable_reason, null as goal_inconsistency, false as is_final
            """
        )
        connection.execute("grant select on marts.mart_campaign_pacing to ui_reader")
    page = " ".join(client.get("/campaign").text.split())
    assert "<strong>1,200</strong> of 3,000 · ends at 2,500 (90 %: 2,100 to 2,900)" in page
    assert "1,500 asked by now" in page
    assert "GA4 was not read on 2 final days: their clicks are missing in what was reached" in page
    assert "Goals in percent of their targets. Units sold: 1,200 of 3,000.</p>" in page
    figure = json.loads(page.split('<script type="application/json">')[1].split("</script>")[0])
    reached, band, end, due = figure["data"]
    assert (reached["x"], end["x"], due["x"]) == ([40.0], [83.3333], [50.0])
    assert (band["base"], band["x"]) == ([70.0], [26.6667]), "2,100 to 2,900 of 3,000"


def test_a_page_reads_only_and_gives_up_in_time(clean_warehouse: Warehouse) -> None:
    reader = Reader(lambda: clean_warehouse.dsn("transformer"))
    with reader.snapshot() as snapshot:
        settings = snapshot.row(
            "select current_setting('transaction_read_only') as read_only,"
            " current_setting('transaction_isolation') as isolation,"
            " current_setting('statement_timeout') as timeout"
        )
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            snapshot.rows("insert into quality.measure_runs (run_id) values ('x') returning 1")
    assert settings == {"read_only": "on", "isolation": "repeatable read", "timeout": "10s"}
    reader.close()
