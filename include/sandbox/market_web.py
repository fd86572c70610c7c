"""What GA4 sees: visitors who consented, late and settling within two days."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import astuple, dataclass
from decimal import Decimal

import numpy as np

from include.sandbox.market_books import money
from include.sandbox.market_calendar import DAY, TRAFFIC, Calendar, draw
from include.sandbox.market_channels import BASE_CHANNELS, DIRECT, NOT_SET, Channel
from include.sandbox.market_demand import WEEKDAY, Demand, Touch
from include.sandbox.market_facts import Ga4KeyEvent, Ga4Session, Ga4Transaction
from include.sandbox.market_orders import Draft

ARRIVAL_RATE = 0.9  # clicks that become a page view
LOST_ID_RATE = 0.005  # purchases GA4 records without their transaction id
# Hours after the end of a day, and the share of its counts that GA4 shows by then.
SETTLING_HOURS = (-18.0, 0.0, 3.0, 12.0, 36.0, 44.0)
SETTLING_SHARES = (0.0, 0.72, 0.86, 0.95, 0.99, 1.0)
Dimensions = tuple[str, str, str, str, str]


@dataclass(slots=True)
class _Counts:
    sessions: int = 0
    engaged: int = 0
    seconds: int = 0
    new_users: int = 0
    carts: int = 0
    checkouts: int = 0
    sign_ups: int = 0
    purchases: int = 0
    revenue: int = 0


class WebLog:
    """Collect a market's web traffic once and answer for any instant."""

    def __init__(self, demand: Demand, drafts: list[Draft], calendar: Calendar, seed: int) -> None:
        self._calendar = calendar
        days: list[dict[Dimensions, _Counts]] = [
            self._visits(day, demand, seed) for day in range(calendar.days)
        ]
        transactions = [self._purchase(draft, days) for draft in drafts if draft.is_consented]
        transactions.sort(key=lambda pair: pair[0])
        self._visible_from = [at for at, _ in transactions]
        self._transactions = [row for _, row in transactions]
        self._days = [sorted(rows.items()) for rows in days]
        self._settled: dict[int, tuple[list[Ga4Session], list[Ga4KeyEvent]]] = {}

    def sessions(self, now: dt.datetime) -> list[Ga4Session]:
        """Return the rows of all days as GA4 shows them at `now`."""
        return [row for sessions, _ in self._shown(now) for row in sessions]

    def key_events(self, now: dt.datetime) -> list[Ga4KeyEvent]:
        """Return purchases and sign-ups per day and source as GA4 shows them at `now`."""
        return [row for _, events in self._shown(now) for row in events]

    def transactions(self, now: dt.datetime) -> list[Ga4Transaction]:
        """Return the purchases GA4 has processed by `now`, first processed first."""
        due = bisect.bisect_right(self._visible_from, self._calendar.position(now))
        return self._transactions[:due]

    def _shown(self, now: dt.datetime) -> list[tuple[list[Ga4Session], list[Ga4KeyEvent]]]:
        position = self._calendar.position(now)
        shown = []
        for day in range(min(int(position // DAY) + 1, self._calendar.days)):
            hours = (position - (day + 1) * DAY) / 3_600
            if hours >= SETTLING_HOURS[-1]:
                if day not in self._settled:
                    self._settled[day] = self._rows(day, 1.0)
                shown.append(self._settled[day])
            else:
                shown.append(self._rows(day, _settled_share(hours)))
        return shown

    def _rows(self, day: int, share: float) -> tuple[list[Ga4Session], list[Ga4KeyEvent]]:
        date = self._calendar.date(day)
        sessions, events = [], dict[tuple[str, Dimensions], int]()
        for key, whole in self._days[day]:
            counts = _part(whole, share)
            if counts.sessions == 0:
                continue
            source = (*key[:4], "")
            sessions.append(_session(date, key, counts))
            for name, count in (("purchase", counts.purchases), ("sign_up", counts.sign_ups)):
                if count:
                    events[name, source] = events.get((name, source), 0) + count
        rows = [
            Ga4KeyEvent(date, name, *source[:4], key_events=n, event_count=n)
            for (name, source), n in sorted(events.items())
        ]
        return sessions, rows

    def _visits(self, day: int, demand: Demand, seed: int) -> dict[Dimensions, _Counts]:
        """Count the sessions of everybody who did not buy on that day."""
        rng = draw(seed, TRAFFIC, day)
        consent, scale = demand.options.consent_rate, demand.options.scale
        rates = [weight * WEEKDAY[day % 7] * scale * consent for _, weight in BASE_CHANNELS]
        idle = demand.clicks[day] - demand.same_day_orders[day]
        arrivals = rng.binomial(idle, ARRIVAL_RATE * consent)
        channels = [channel for channel, _ in BASE_CHANNELS]
        channels += [demand.channel(i) for i in np.flatnonzero(arrivals).tolist()]
        numbers = np.concatenate([rng.poisson(rates), arrivals[arrivals > 0]])
        carts = rng.binomial(numbers, 0.065)
        columns = np.stack(
            [
                numbers,
                rng.binomial(numbers, 0.56),
                numbers * 47 + rng.integers(0, 30, numbers.size),
                rng.binomial(numbers, 0.58),
                carts,
                rng.binomial(carts, 0.4),
                rng.binomial(numbers, 0.016),
            ]
        )
        rows: dict[Dimensions, _Counts] = {}
        for channel, values in zip(channels, columns.T.tolist(), strict=True):
            if values[0]:
                rows[_dimensions(channel)] = _Counts(*values)
        return rows

    def _purchase(
        self, draft: Draft, days: list[dict[Dimensions, _Counts]]
    ) -> tuple[int, Ga4Transaction]:
        """Count a buyer's sessions on the day of the order; earlier ones are in `_visits`.

        GA4 credits a direct session to the last known source.
        """
        touches = draft.intent.touches or [(draft.at, DIRECT)]
        value = sum(line.total for line in draft.lines)
        credited = DIRECT
        for place, (at, channel) in enumerate(sessions_of_order(draft)):
            credited = credited if channel is DIRECT else channel
            if at // DAY == draft.at // DAY:
                counts = days[at // DAY].setdefault(_dimensions(credited), _Counts())
                counts.sessions += 1
                counts.engaged += 1
                counts.seconds += 140
                counts.new_users += 1 if place == 0 else 0
        counts.carts += 1
        counts.checkouts += 1
        counts.purchases += 1
        counts.revenue += value
        row = self._transaction(draft, credited, touches[0][1], value)
        return draft.at + _processing(draft.number), row

    def _transaction(
        self, draft: Draft, credited: Channel, first: Channel, value: int
    ) -> Ga4Transaction:
        return Ga4Transaction(
            date=self._calendar.date(draft.at // DAY),
            transaction_id=NOT_SET if loses_id(draft.number) else f"#{draft.number}",
            source=credited.ga4_source,
            medium=credited.ga4_medium,
            campaign=credited.ga4_campaign,
            content=credited.ga4_content,
            first_user_source=first.ga4_source,
            first_user_medium=first.ga4_medium,
            first_user_campaign=first.ga4_campaign,
            purchases=1,
            revenue=money(value),
            refund_amount=Decimal("0.00"),
        )


def sessions_of_order(draft: Draft) -> list[Touch]:
    """Return a buyer's sessions; the order has its own where the last visit is on another day."""
    touches = draft.intent.touches or [(draft.at, DIRECT)]
    last_at, _ = touches[-1]
    is_same_day = last_at // DAY == draft.at // DAY
    return touches if is_same_day else [*touches, (draft.at, DIRECT)]


def loses_id(number: int) -> bool:
    """Say whether GA4 records an order without its transaction id."""
    return number * 2_654_435_761 % 1_000 < LOST_ID_RATE * 1_000


def _dimensions(channel: Channel) -> Dimensions:
    return (
        channel.ga4_source,
        channel.ga4_medium,
        channel.ga4_campaign,
        channel.ga4_content,
        channel.landing_page,
    )


def _settled_share(hours: float) -> float:
    return float(np.interp(hours, SETTLING_HOURS, SETTLING_SHARES))


def _part(whole: _Counts, share: float) -> _Counts:
    """Return the part of a row that is processed; revenue follows the purchases shown."""
    if share >= 1:
        return whole
    part = _Counts(*(int(value * share) for value in astuple(whole)))
    part.revenue = whole.revenue * part.purchases // whole.purchases if whole.purchases else 0
    return part


def _session(date: dt.date, key: Dimensions, counts: _Counts) -> Ga4Session:
    return Ga4Session(
        date,
        *key,
        sessions=counts.sessions,
        engaged_sessions=counts.engaged,
        engagement_seconds=counts.seconds,
        new_users=counts.new_users,
        add_to_carts=counts.carts,
        checkouts=counts.checkouts,
        purchases=counts.purchases,
        revenue=money(counts.revenue),
        key_events=counts.purchases + counts.sign_ups,
    )


def _processing(number: int) -> int:
    """Seconds until GA4 shows a purchase: 2-6 h for four of five, at most 44 h."""
    u = number * 2_654_435_761 % 100_003 / 100_003
    hours = 2 + 5 * u if u < 0.8 else 6 + 38 * (u - 0.8) / 0.2
    return int(hours * 3_600)
