"""The campaign page's charts as figures of Plotly: plain data, drawn in the browser by `plots.js`.

Nothing of Plotly is imported: a figure is what its script reads, and the tests hold it to Plotly's
own schema. A colour is `var(--name)` of the style sheet, which the script replaces, so light, dark
and print are the sheet's business. Plotly reads texts as markup: whatever the warehouse named goes
through `shown`. `customdata` says which thing a point is and `hovertext` its figures, as the
tables write them; both are shown to the pointer and said to who steps through by keyboard.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from include.pages import formats

Trace = dict[str, Any]
CLEAR = "rgba(0,0,0,0)"
# "$" is the currency of `config.locales`: an amount as `formats.money` writes it.
MONEY = "$,~f"
# Without <b>: Plotly makes it with a style attribute, which the pages' policy forbids.
OWN_BOX = "%{customdata}<br>%{hovertext}<extra></extra>"
SHARED_BOX = "%{hovertext}<extra></extra>"


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart: `label` says in words what it shows, `figure` is Plotly's data, layout, config."""

    label: str
    figure: Mapping[str, Any]

    @property
    def height(self) -> int:
        """Return the height it will have, in pixels: the page keeps the room."""
        return int(self.figure["layout"]["height"])


def shown(text: str) -> str:
    """Return a text as Plotly shows it letter by letter, whatever markup it may hold.

    What stands between two dollar signs it takes for a formula, and misses the library for it.
    """
    return str(escape(text)).replace("$", "&#36;")


def marker(
    symbol: str, size: int, colour: str, edge: str = "var(--surface)", width: float = 0
) -> Trace:
    line = {"color": edge, "width": width}
    return {"symbol": symbol, "size": size, "color": colour, "opacity": 1, "line": line}


def level(axis: str, at: float, name: str) -> Trace:
    """Return the dotted line through all of the plot that the points are compared with."""
    other = "x" if axis == "y" else "y"
    return {
        "type": "line", f"{axis}0": at, f"{axis}1": at, f"{other}0": 0, f"{other}1": 1,
        f"{other}ref": "paper", "name": name, "showlegend": True, "layer": "above",
        "line": {"color": "var(--bad)", "width": 1.5, "dash": "dot"},
    }  # fmt: skip


def axis(title: str = "", **more: Any) -> Trace:
    """Return an axis in the page's colours that keeps its texts inside the plot."""
    return {
        "gridcolor": "var(--line)",
        "zerolinecolor": "var(--line)",
        "automargin": True,
        "ticklabelstandoff": 5,
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        **more,
    }


def rows_axis(names: Sequence[str]) -> Trace:
    """Return an upright axis of rows with these texts, the first one at the top."""
    count = len(names)
    return axis(
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        range=[count - 0.5, -0.5],
        tickvals=list(range(count)),
        ticktext=list(names),
    )


def layout_of(height: int, currency_code: str, **more: Any) -> Trace:
    """Return layout and config of a figure in the page's colours; `more` are its own settings."""
    layout = {
        "height": height,
        "margin": {"l": 8, "r": 24, "t": 44 if more.get("showlegend", True) else 12, "b": 8},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": "var(--muted)", "size": 12},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "bgcolor": CLEAR},
        "showlegend": True,
        "hoverlabel": {
            "bgcolor": "var(--surface)", "bordercolor": "var(--muted)", "align": "left",
            "font": {"color": "var(--ink)", "size": 13},
        },
        "modebar": {
            "bgcolor": CLEAR, "color": "var(--muted)", "activecolor": "var(--accent)",
        },
        "uirevision": "page",  # what the reader zoomed and switched outlives a change of colours
        **more,
    }  # fmt: skip
    config = {
        "displaylogo": False,
        "responsive": True,
        "showTips": False,
        # By default Plotly offers to send the figure to its maker's cloud: only these buttons.
        "modeBarButtons": [["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
        "showSendToCloud": False,
        "plotlyServerURL": "",
        "locale": "page",
        "locales": {"page": {"format": {"currency": [formats.symbol(currency_code), ""]}}},
    }
    return {"layout": layout, "config": config}
