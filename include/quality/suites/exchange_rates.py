"""What must hold for the exchange rates: recent enough, and no currency leaps or falls out."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

TABLE = "raw.exchange_rates__rates"
# The longest run of days without rates, with two days to spare.
LONGEST_GAP_DAYS = 7


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    key = window.partition_key
    return [
        *day_rules(source, window),
        no_rows(
            "there are rates of the week before the day",
            TABLE,
            f"""
            select loads.* from ({window.loads_of_day()}) as loads
            where loads.status = 'loaded'
                and not exists (
                    select from {TABLE} as rates
                    where rates.connection_id = loads.connection_id
                        and rates.rate_date between date '{key}' - {LONGEST_GAP_DAYS}
                        and date '{key}'
                )
            """,
        ),
        no_rows(
            "rates are positive",
            TABLE,
            f"select * from ({window.rows('rates')}) as rates where rate <= 0",
        ),
        no_rows(
            "no rate is of a day to come",
            TABLE,
            f"""
            select rates.* from ({window.rows("rates")}) as rates
            inner join quality.load_windows as loads on rates._load_id = loads.load_id
            where rates.rate_date > loads.captured_to
            """,
        ),
        no_rows(
            "rates are set on weekdays",
            TABLE,
            f"""
            select * from ({window.rows("rates")}) as rates
            where extract(isodow from rate_date) > 5
            """,
            "warning",
        ),
        no_rows(
            "no rate moved by more than a fifth from one day to the next",
            TABLE,
            f"""
            select * from (
                select rates.*, lag(rate) over (
                    partition by connection_id, currency order by rate_date
                ) as rate_before
                from {TABLE} as rates
                where rate_date > date '{key}' - 30
            ) as moved
            where rate_date <= date '{key}' and abs(rate / rate_before - 1) > 0.2
            """,
            "warning",
        ),
        no_rows(
            "no currency has dropped out",
            TABLE,
            f"""
            select distinct earlier.connection_id, earlier.currency from {TABLE} as earlier
            where earlier.rate_date between date '{key}' - 30 and date '{key}'
                and not exists (
                    select from {TABLE} as rates
                    where rates.connection_id = earlier.connection_id
                        and rates.currency = earlier.currency
                        and rates.rate_date > date '{key}' - {LONGEST_GAP_DAYS}
                )
            """,
            "warning",
        ),
    ]
