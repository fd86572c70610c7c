"""What the result hangs on: the model chosen, few creators, codes that left their audience."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from fastapi import Request
from psycopg import sql

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.charts import badge, beside, interval_bar, nice_top, share_bar, two_lines
from include.pages.reader import Row, Snapshot
from include.pages.tables import Column, Table, TableView, read_choice, read_page

MODELS = Table(
    "models",
    (
        Column("creator_name", "Creator"),
        Column("net_revenue_lowest_amount", "Lowest", "money"),
        Column("net_revenue_amount", "Chosen model", "money"),
        Column("net_revenue_highest_amount", "Highest", "money"),
        Column("spread_amount", "Spread", shown="drawn"),
        Column("revenue_rank_best", "Best rank", "number"),
        Column("revenue_rank_worst", "Worst rank", "number"),
    ),
    sort="spread_amount",
    key=("creator_name", "creator_id"),
    page_size=10,
)
# The spread is over the models under the campaign's own rules; the chosen figure is the reader's.
MODEL_STATEMENT = sql.SQL(
    """
    select
        chosen.campaign_id, chosen.creator_id, chosen.creator_name, chosen.attribution_model,
        chosen.rule_version, chosen.currency_code, chosen.is_final, chosen.as_of_date,
        chosen.net_revenue_amount, compared.net_revenue_lowest_amount,
        compared.net_revenue_highest_amount, compared.revenue_rank_best,
        compared.revenue_rank_worst,
        compared.net_revenue_highest_amount - compared.net_revenue_lowest_amount as spread_amount
    from marts.mart_attribution_comparison as compared
    inner join marts.mart_creator_attribution as chosen
        on compared.campaign_id = chosen.campaign_id and compared.creator_id = chosen.creator_id
    where compared.campaign_id = %(campaign_id)s and compared.is_default_model
        and chosen.attribution_model = %(model)s and chosen.rule_version = %(rule_version)s
    """
)
MODEL_MARTS = ("marts.mart_attribution_comparison", "marts.mart_creator_attribution")
MODEL_CSV_COLUMNS = (
    "campaign_id", "creator_id", "creator_name", "attribution_model", "rule_version",
    "currency_code", "net_revenue_amount", "net_revenue_lowest_amount",
    "net_revenue_highest_amount", "spread_amount", "revenue_rank_best", "revenue_rank_worst",
    "is_final", "as_of_date",
)  # fmt: skip
CODES = Table(
    "codes",
    (
        Column("code", "Code", shown="what"),
        Column("leak_class", "Judged", "words", shown="judged"),
        Column("leak_score", "Evidence", shown="drawn", hint="Zeros of the chance; 6 is decisive"),
        Column("use_count", "Uses", "number"),
        Column("leaked_order_count", "Leaked orders", "number"),
        Column("leaked_net_revenue_amount", "Leaked revenue", "money"),
        Column("suggested_compromised_from_date", "Suspect since", "day"),
        Column("reasons", "Why"),
    ),
    sort="leak_score",
    key=("code_key", "creator_id"),
    page_size=8,
)
CODE_STATEMENT = sql.SQL(
    """
    select leaks.*, names.creator_name
    from marts.mart_code_leakage as leaks
    left join (
        select campaign_id, creator_id, creator_name from marts.mart_creator_scorecard
    ) as names
        on leaks.campaign_id = names.campaign_id and leaks.creator_id = names.creator_id
    where leaks.campaign_id = %(campaign_id)s
    """
)
CODE_MARTS = ("marts.mart_code_leakage", "marts.mart_creator_scorecard")
CODE_CSV_COLUMNS = (
    "campaign_id", "connection_id", "code", "creator_id", "creator_name", "leak_class",
    "leak_score", "reasons", "suggested_compromised_from_date", "first_date", "last_date",
    "use_count", "currency_code", "kept_order_count", "net_revenue_amount", "leaked_order_count",
    "leaked_net_revenue_amount", "as_of_date",
)  # fmt: skip
_CODE_COUNTS = """
select
    count(*) as code_count,
    count(case when leak_class = 'leaked' then 1 end) as leaked_code_count,
    count(case when leak_class = 'watch' then 1 end) as watched_code_count,
    sum(leaked_net_revenue_amount) as leaked_net_revenue_amount
from marts.mart_code_leakage where campaign_id = %(campaign_id)s
"""
DECISIVE_SCORE = 6  # zeros of the chance; the axis of the bar
_CONCENTRATION = """
select concentration.*, names.creator_name as top_creator_name
from marts.mart_concentration as concentration
left join (
    select campaign_id, creator_id, creator_name from marts.mart_creator_scorecard
) as names
    on concentration.campaign_id = names.campaign_id
    and concentration.top_creator_id = names.creator_id
where concentration.campaign_id = %(campaign_id)s
order by measure desc
"""


def read_models(request: Request, snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return how far the models disagree about each creator, widest first."""
    choice = read_choice(request, MODELS)
    if not all(snapshot.columns(name) for name in MODEL_MARTS):
        return {"models_table": None}
    view = read_page(snapshot, choice, MODEL_STATEMENT, selection.parameters)
    highest = [row["net_revenue_highest_amount"] or 0 for row in view.rows]
    top = nice_top(highest)
    return {"models_table": _drawn(view, lambda row: _spread(row, top))}


def read_codes(request: Request, snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return the campaign's codes, the most suspicious first."""
    choice = read_choice(request, CODES)
    if not snapshot.columns("marts.mart_code_leakage"):
        return {"codes": None, "code_counts": None}
    view = read_page(snapshot, choice, CODE_STATEMENT, selection.parameters)
    return {
        "codes": _drawn(view, _evidence),
        "code_counts": snapshot.row(_CODE_COUNTS, selection.parameters),
    }


def read_concentration(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return how much of revenue and cost hangs on one creator and on three."""
    if not snapshot.columns("marts.mart_concentration"):
        return {"concentration": []}
    rows = snapshot.rows(_CONCENTRATION, selection.parameters)
    found = []
    for row in rows:
        title = "Net revenue" if row["measure"] == "net_revenue" else "Delivered cost"
        bars = {
            name: share_bar(row[name], f"{title}: {formats.percent(row[name])}", width=220)
            for name in ("top_1_rate", "top_3_rate")
            if row[name] is not None
        }
        found.append({**row, "title": title, "bars": bars})
    return {"concentration": found}


def _drawn(view: TableView, draw: Callable[[Row], Row]) -> TableView:
    return dataclasses.replace(view, rows=[draw(row) for row in view.rows])


def _spread(row: Row, top: float) -> Row:
    low, high = row["net_revenue_lowest_amount"], row["net_revenue_highest_amount"]
    currency = row["currency_code"]
    label = (
        f"{formats.money(row['net_revenue_amount'], currency)}, between "
        f"{formats.money(low, currency)} and {formats.money(high, currency)}"
    )
    return {**row, "drawn": interval_bar(row["net_revenue_amount"], low, high, top, label)}


def _evidence(row: Row) -> Row:
    score = row["leak_score"]
    label = "not judged yet" if score is None else f"score {formats.number(score, 1)}"
    share = None if score is None else min(1.0, float(score) / DECISIVE_SCORE)
    kind = {"leaked": "bad", "watch": "warn"}.get(row["leak_class"], "fill")
    tone = {"leaked": "bad", "watch": "warn", "clean": "good"}.get(row["leak_class"], "")
    return {
        **row,
        "judged": badge(formats.words(row["leak_class"]), tone),
        "drawn": beside(share_bar(share, label, kind, width=90), formats.number(score, 1)),
        "what": two_lines(row["code"], row["creator_name"] or row["creator_id"]),
    }
