"""GA4's visits one by one: who came, when, and whether they bought. For the event export alone.

Everything else of GA4 is counts. Buyers come as often as their intent says, each in a browser of
their own; all other sessions of those counts are of people who came once and bought nothing.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from include.sandbox.market_books import money
from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_channels import DIRECT, Channel
from include.sandbox.market_facts import Ga4Session
from include.sandbox.market_orders import Draft
from include.sandbox.market_web import loses_id, sessions_of_order

Dimensions = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class WebVisit:
    """A session of a visitor; of a direct one there is no source, whatever GA4 credits it to.

    transaction: number of the order it ended with, None when there is none or its id was lost.
    """

    visitor: str
    started_at: dt.datetime
    source: str | None
    medium: str | None
    campaign: str | None
    content: str | None
    landing_page: str
    purchased_at: dt.datetime | None = None
    transaction: int | None = None
    revenue: Decimal | None = None


def web_visits(
    drafts: Iterable[Draft], sessions: Iterable[Ga4Session], calendar: Calendar
) -> Iterator[WebVisit]:
    """Yield the visits of consented buyers, then the others that GA4's counts tell of.

    sessions: the counts of every day, settled.
    """
    left: Counter[tuple[dt.date, Dimensions]] = Counter()
    for row in sessions:
        left[row.date, _dimensions_of(row)] += row.sessions
    for draft in drafts:
        if draft.is_consented:
            for at, channel, credited in _credited(draft):
                left[calendar.date(at // DAY), _dimensions(credited)] -= 1
                yield _visit(draft, at, channel, calendar)
    number = 0
    for (date, dimensions), count in sorted(left.items()):
        for place in range(count):
            number += 1
            at = calendar.day(date) * DAY + (2 * place + 1) * DAY // (2 * count)
            yield WebVisit(f"once {number}", calendar.instant(at), *_own_source(dimensions))


def _credited(draft: Draft) -> Iterator[tuple[int, Channel, Channel]]:
    """Yield a buyer's sessions and the channel GA4 credits each to: the last not direct."""
    credited = DIRECT
    for at, channel in sessions_of_order(draft):
        credited = credited if channel is DIRECT else channel
        yield at, channel, credited


def _visit(draft: Draft, at: int, channel: Channel, calendar: Calendar) -> WebVisit:
    buyer = f"order {draft.number}"
    if draft.customer is not None:
        buyer = f"customer {draft.customer.customer_id}"
    last_at, _ = sessions_of_order(draft)[-1]
    source = _own_source(_dimensions(channel))
    if at != last_at:
        return WebVisit(buyer, calendar.instant(at), *source)
    return WebVisit(
        buyer,
        calendar.instant(at),
        *source,
        purchased_at=calendar.instant(max(at, draft.at)),
        transaction=None if loses_id(draft.number) else draft.number,
        revenue=money(sum(line.total for line in draft.lines)),
    )


def _own_source(
    dimensions: Dimensions,
) -> tuple[str | None, str | None, str | None, str | None, str]:
    source, medium, campaign, content, landing_page = dimensions
    if source == DIRECT.ga4_source:
        return None, None, None, None, landing_page
    return source, medium, campaign, content, landing_page


def _dimensions(channel: Channel) -> Dimensions:
    return (
        channel.ga4_source,
        channel.ga4_medium,
        channel.ga4_campaign,
        channel.ga4_content,
        channel.landing_page,
    )


def _dimensions_of(row: Ga4Session) -> Dimensions:
    return row.source, row.medium, row.campaign, row.content, row.landing_page
