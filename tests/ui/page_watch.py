"""What the tests of the pages share: what a page did, names that try to be markup, a result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page

if TYPE_CHECKING:
    from tests.e2e.finished_demo import FinishedDemo

HOSTILE_NAME = "<script>document.title='owned'</script>"
HOSTILE_CAPTION = "<img src=x onerror=\"document.title='owned'\"> & <b>bold</b> #ad"


@dataclass
class Watch:
    """What a page did: hosts it asked, errors and warnings it wrote to the console."""

    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        where = str(message.location.get("url"))
        # Plotly traces what it warns of. Of others only errors count: a browser warns of the frame
        # that Airflow puts pages into.
        heard = {"error", "warning", "trace"} if "/groundswell/static/" in where else {"error"}
        if message.type in heard:
            self.errors.append(f"{message.text} ({where})")


def best_creator(stack: FinishedDemo) -> tuple[Any, ...]:
    """Return name, net revenue and ROAS of the creator who brought most, by SQL of our own."""
    return stack.query(
        "bi_reader",
        """
        select creator_name, net_revenue_amount, net_revenue_amount / cost_amount
        from marts.mart_creator_scorecard order by net_revenue_amount desc, creator_id limit 1
        """,
    )[0]
