"""The larger charts as data: what Plotly is told to draw, by its own schema and by hand."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

import plotly.graph_objects as go
import pytest

from include.pages.campaign.days import Series, over_days
from include.pages.campaign.funnel import _described, _plot
from include.pages.campaign.pacing import Goal, pacing
from include.pages.campaign.roas_plot import INTERVALS_SHOWN, NAMED, PLACES, PlotPoint, scatter
from include.pages.plots import Plot, shown
from include.pages.rendering import (
    PLOTLY,
    PLOTLY_STYLES,
    SECURITY_HEADERS,
    STATIC,
    STATIC_FILES,
    environment,
)

TWO = [
    PlotPoint("Zoë", 200.0, 3.0, 1.5, 6.0),
    PlotPoint("Ann & <b>Bo</b>", 100.0, 0.5, None, None),
]


def stages(*counts: tuple[str, int]) -> list[dict[str, Any]]:
    before = [None, *(count for _, count in counts)]
    return [
        {"funnel_stage": name, "stage_count": n, "step_count": n, "previous_count": previous}
        for (name, n), previous in zip(counts, before, strict=False)
    ]


def goal(name: str, **more: Any) -> Goal:
    values: dict[str, Any] = dict.fromkeys(("reached", "due", "low", "end", "high"))
    written = {"reached": "1,200 of 3,000", "high": "2,100 to 2,900", "end": "2,500"}
    return Goal(name, written=written, **{**values, **more})


def funnel_plot() -> Plot:
    rows = stages(("views", 900_000), ("sessions", 8000), ("add_to_cart", 900))
    plot = _plot(_described(rows))
    assert plot is not None
    return plot


DAYS = [dt.date(2026, 3, 1), dt.date(2026, 3, 2), dt.date(2026, 3, 3)]
OVER_DAYS = over_days(
    DAYS,
    [
        Series("Net revenue", "solid", "var(--accent)", [0, -5.5, 1234.5]),
        Series("Cost", "dash", "var(--muted)", [10, 20, 30]),
    ],
    {DAYS[1]: "sale: $5 & $6 off"},
    "USD",
    "Sums",
)
PLOTS = {
    "cost": scatter(TWO, 6.0, "EUR", "Two"),
    "days": OVER_DAYS,
    "goals": pacing([goal("Units sold", reached=0.4, due=0.5, low=0.7, end=0.8, high=0.9)], "One"),
    "funnel": funnel_plot(),
}


@pytest.mark.parametrize("name", PLOTS)
def test_a_figure_is_one_by_plotlys_own_schema(name: str) -> None:
    figure = PLOTS[name].figure
    # An unknown setting or a value that is not allowed raises; what is written comes back.
    checked = go.Figure({"data": figure["data"], "layout": figure["layout"]}).to_plotly_json()
    assert [trace["type"] for trace in checked["data"]] == [t["type"] for t in figure["data"]]
    assert PLOTS[name].height == checked["layout"]["height"]


@pytest.mark.parametrize("name", PLOTS)
def test_every_colour_is_one_of_the_style_sheet_in_light_and_on_paper(name: str) -> None:
    sheet = (STATIC / "pages.css").read_text(encoding="utf-8")
    paper = sheet[sheet.index(".on-paper {") :].partition("}")[0]
    colours = set(colours_of(PLOTS[name].figure)) - {"rgba(0,0,0,0)"}
    assert colours
    for colour in colours:
        found = re.fullmatch(r"var\((--[a-z-]+)\)", colour)
        assert found, f"{colour} would not change with the scheme"
        assert f"{found[1]}: #" in sheet.partition("}")[0]
        assert f"{found[1]}: #" in paper, f"{found[1]} is not set on paper"


def colours_of(value: Any, key: str = "") -> Iterable[str]:
    """Yield every value of a setting whose name ends in color."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from colours_of(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from colours_of(inner)
    elif key.endswith("color"):
        yield value


def test_creators_stand_at_their_cost_and_roas_with_their_figures() -> None:
    intervals, dots, names = PLOTS["cost"].figure["data"]
    # By cost, so that arrow keys go from left to right.
    assert (dots["x"], dots["y"]) == ([100.0, 200.0], [0.5, 3.0])
    assert dots["customdata"] == ["Ann &amp; &lt;b&gt;Bo&lt;/b&gt;", "Zoë"]
    assert dots["hovertext"] == ["0.50× for €100", "3.00× for €200<br>90 % between 1.50× and 6.00×"]
    assert (intervals["x"], intervals["y"]) == ([200.0, 200.0, None], [1.5, 6.0, None])
    # Zoë brought 600 for 200, Ann cost 100: the name that matters more is placed first.
    assert names["text"][:: len(PLACES)] == ["Zoë", "Ann &amp; &lt;b&gt;Bo&lt;/b&gt;"]
    assert names["x"][:: len(PLACES)] == [200.0, 100.0]
    layout = PLOTS["cost"].figure["layout"]
    assert (layout["yaxis"]["range"], layout["xaxis"]["range"]) == ([0, 6.0], [0, 200])
    assert (layout["shapes"][0]["y0"], layout["shapes"][0]["y1"]) == (1, 1), "revenue = cost"


def test_creators_on_one_place_share_a_name_and_long_ones_are_cut() -> None:
    twins = [PlotPoint(f"Twin {n}", 5.0, 1.0, None, None) for n in range(3)]
    long = PlotPoint("W" * 30, 4.0, 1.0, None, None)
    names = scatter([*twins, long], 2.0, "EUR", "").figure["data"][2]["text"]
    assert names[:: len(PLACES)] == ["Twin 0 and 2 more", "W" * 27 + "…"]


def test_many_intervals_wait_for_the_legend_and_few_names_are_tried() -> None:
    few = [PlotPoint("A", n, 1.0, 0.5, 2.0) for n in range(1, INTERVALS_SHOWN + 1)]
    assert scatter(few, 2.0, "EUR", "").figure["data"][0]["visible"] is True
    many = scatter([*few, PlotPoint("B", 99, 1.0, 0.5, 2.0)], 2.0, "EUR", "").figure["data"]
    assert many[0]["visible"] == "legendonly"
    assert len(many[2]["x"]) == NAMED * len(PLACES)


def test_days_hold_the_sums_and_what_the_plan_says_of_them() -> None:
    revenue, cost, plan = OVER_DAYS.figure["data"]
    assert revenue["x"] == ["2026-03-01", "2026-03-02", "2026-03-03"]
    assert (revenue["y"], cost["y"]) == ([0, -5.5, 1234.5], [10, 20, 30])
    assert revenue["hovertext"][1] == "Net revenue −&#36;6", "two dollars would be a formula"
    assert revenue["customdata"][2] == "3 Mar 2026"
    # 1,234.5 ends an axis of steps of 500 at 1,500.
    assert plan["y"] == [None, 1500, None]
    assert plan["hovertext"][1] == "sale: &#36;5 &amp; &#36;6 off"
    config = OVER_DAYS.figure["config"]
    assert config["locales"]["page"]["format"]["currency"] == ["$", ""]
    alone = over_days(DAYS, [Series("Cost", "dash", "var(--muted)", [1, 2, 3])], {}, "CHF", "")
    assert [trace["name"] for trace in alone.figure["data"]] == ["Cost"]
    assert alone.figure["config"]["locales"]["page"]["format"]["currency"] == ["CHF\u202f", ""]


def test_goals_are_percents_of_their_targets_and_the_unknown_is_left_out() -> None:
    known = goal("Visits by the creators' links", reached=1.3, low=0.7, end=0.8, high=0.95)
    figure = pacing([known, goal("Units sold", reached=0.4, due=0.5)], "").figure
    reached, band, end, due = figure["data"]
    assert reached["x"] == [130.0, 40.0]
    assert (band["base"], band["x"]) == ([70.0, None], [25.0, None]), "0.95 less 0.7"
    assert (end["x"], due["x"]) == ([80.0, None], [None, 50.0])
    assert due["hovertext"] == ["Asked by now –", "Asked by now –"]
    assert figure["layout"]["xaxis"]["range"] == [0, pytest.approx(130 * 1.06)]
    assert figure["layout"]["yaxis"]["ticktext"][0] == "Visits by the<br>creators&#39; links"
    far = pacing([goal("Units sold", reached=9.0)], "").figure
    assert far["layout"]["xaxis"]["range"][1] == 250, "one far goal does not flatten the others"


def test_the_funnel_begins_with_the_sessions() -> None:
    """8,000 sessions, 900 of them to the cart: 11.25 %, Wilson's interval by scipy in its test."""
    plot = funnel_plot()
    [trace] = plot.figure["data"]
    assert trace["x"] == [8000, 900]
    assert trace["hovertext"][0] == "8,000<br>100.0\u202f% of sessions"
    assert trace["hovertext"][1].startswith("900<br>11.2\u202f% of sessions<br>11.2\u202f% (")
    assert plot.label == "From session to purchase: Sessions on the shop 8,000, Added to cart 900"
    assert _plot(_described(stages(("views", 900), ("sessions", 8)))) is None, "one is no funnel"


def test_a_text_cannot_leave_its_data_block() -> None:
    hostile = "</script><script>alert(1)</script><!-- &amp; ' \u2028"
    plot = scatter([PlotPoint(hostile, 1.0, 1.0, None, None)], 2.0, "EUR", hostile)
    macro = environment().get_template("parts.html").module.plot  # type: ignore[attr-defined]
    html = str(macro(plot))
    seen: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: seen.append(tag)  # type: ignore[method-assign]
    parser.feed(html)
    assert seen == ["figure", "div", "p", "svg", "p", "script"]
    block = html.split('<script type="application/json">')[1].split("</script>")[0]
    assert json.loads(block) == plot.figure
    assert json.loads(block)["data"][1]["customdata"] == [shown(hostile)]


def test_no_figure_offers_to_send_itself_anywhere() -> None:
    for plot in PLOTS.values():
        config = plot.figure["config"]
        assert config["showSendToCloud"] is False
        assert config["plotlyServerURL"] == ""
        assert config["displaylogo"] is False


def test_a_sign_up_is_in_the_table_and_no_step_of_the_plot() -> None:
    rows = stages(("sessions", 8000), ("purchases", 90))
    rows.append(rows[-1] | {"funnel_stage": "key_event", "event_name": "sign_up"})
    described = _described(rows)
    assert [row["title"] for row in described][2] == "Sign up"
    plot = _plot(described)
    assert plot is not None
    assert plot.label.endswith("Sessions on the shop 8,000, Purchases GA4 saw 90")


def test_the_policy_allows_no_inline_style_but_plotlys_two() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == f"'self' {PLOTLY_STYLES}"
    assert "unsafe" not in policy
    script = STATIC_FILES[PLOTLY].read_text(encoding="utf-8")
    assert "cdn" not in policy
    [sheet] = re.findall(r"e\.textContent='(\.maplibregl-map{.*?)',document", script)
    contents = ["", sheet.encode().decode("unicode_escape") if "\\" in sheet else sheet]
    assert " ".join(f"'sha256-{digest(content)}'" for content in contents) == PLOTLY_STYLES


def digest(content: str) -> str:
    return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
