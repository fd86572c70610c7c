"""The step between the two dbt groups that asks whether a campaign added anything at all.

Reads the days of the shop and the site, predicts them from channels the campaign does not pay for
(`include/stats/lift.py`), and replaces `analysis.lift_estimates` in one transaction. What can be
told comes before what was found: with little time before the campaign nothing is estimated, and
only the smallest lift that those days could show is written.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from include.errors import PublishRefused
from include.lift_series import MEASURES, CampaignDays, read_days, read_splits
from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

WEEKS_NEEDED = 8


@dataclass(frozen=True, slots=True)
class LiftRow:
    """One row of `analysis.lift_estimates`; None where nothing can be told."""

    campaign_id: str
    measure: str
    lift_method: str
    verdict: str
    smallest_detectable_rate: float | None
    before_day_count: int
    campaign_day_count: int
    event_day_count: int = 0
    experiment_id: str = ""
    lift_rate: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    expected_value: float | None = None
    actual_value: float | None = None
    placebo_p: float | None = None
    controls: str | None = None
    unavailable_reason: str | None = field(default=None)


COLUMNS = tuple(LiftRow.__dataclass_fields__)


def estimate_lifts(dsn: str, measure_run_id: int) -> int:
    """Estimate the lift of every campaign and measure; return the number of rows written.

    `dsn` is the transformer's. Raise `PublishRefused` for an unknown run, `Unavailable` when the
    warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        last_day = _run_day(connection, measure_run_id)
        rows = [row for days in read_days(connection, last_day) for row in judge_campaign(days)]
        rows += [judge_split(*split) for split in read_splits(connection, last_day)]
        connection.execute("delete from analysis.lift_estimates")
        _write(connection, measure_run_id, rows)
    log.info("estimated %s lifts for measure run %s", len(rows), measure_run_id)
    return len(rows)


def judge_campaign(campaign: CampaignDays) -> list[LiftRow]:
    """Return one row per measure, in the order of `MEASURES`."""
    return [_judge(campaign, measure) for measure in MEASURES]


def _judge(campaign: CampaignDays, measure: str) -> LiftRow:
    import numpy as np

    from include.stats.lift import detect_before_after, estimate_lift

    series = np.array(campaign.measures[measure], dtype=np.float64)
    event = np.array(campaign.is_event, dtype=np.bool_)
    names = [name for name, column in campaign.controls.items() if sum(column) > 0]
    # Without a control the shop is compared with its own mean.
    columns = [campaign.controls[name] for name in names] or [[1.0] * series.size]
    counted = np.isfinite(series) & ~event
    before = int(counted[: campaign.first_day].sum())
    during = int(counted[campaign.first_day :].sum())
    key = (campaign.campaign_id, measure, "before_campaign")
    table = np.array(columns, dtype=np.float64).T
    found = estimate_lift(series, table, campaign.first_day, is_event=event)
    if found is None:
        floor = detect_before_after(series, campaign.first_day, is_event=event)
        reason = _why_not(before, floor)
        events = int(event[campaign.first_day :].sum())
        return LiftRow(
            *key, "cannot be told", floor, before, during, events, unavailable_reason=reason
        )
    return LiftRow(
        *key,
        found.verdict,
        found.smallest_detectable,
        before,
        found.days,
        found.events,
        lift_rate=found.lift,
        lift_low=found.low,
        lift_high=found.high,
        expected_value=found.expected,
        actual_value=found.expected * (1.0 + found.lift),
        placebo_p=found.placebo_p,
        controls=", ".join(names) or "none",
    )


def _why_not(before: int, floor: float | None) -> str:
    short = f"{before} days before the campaign were read and {WEEKS_NEEDED} weeks are needed"
    if floor is None:
        return short
    return f"{short}; in so few a lift under {100 * floor:.0f} % could not be seen"


def judge_split(
    campaign_id: str,
    experiment_id: str,
    day_counts: tuple[int, int],
    regions: Sequence[tuple[float, float, bool]],
) -> LiftRow:
    """Return the lift of net sales between regions, each (before, during, is treated)."""
    from include.stats.lift import estimate_geo_lift

    key = (campaign_id, "net_sales", "geo_split")
    sold = [region for region in regions if min(region[:2]) > 0]
    before, during, treated = zip(*sold, strict=True) if sold else ((), (), ())
    found = estimate_geo_lift(before, during, treated)
    if found is None:
        arms = sum(treated), len(treated) - sum(treated)
        reason = f"{arms[0]} treated and {arms[1]} control regions sold in both periods, 3 needed"
        return LiftRow(
            *key, "cannot be told", None, *day_counts, 0, experiment_id, unavailable_reason=reason
        )
    detectable, lift, low, high = found
    actual = math.fsum(region[1] for region in sold if region[2])
    return LiftRow(
        *key,
        "measured" if abs(lift) > detectable else "not measurable",
        detectable,
        *day_counts,
        0,
        experiment_id,
        lift_rate=lift,
        lift_low=low,
        lift_high=high,
        expected_value=actual / (1.0 + lift),
        actual_value=actual,
        controls="regions of the control arm",
    )


def _run_day(connection: psycopg.Connection, measure_run_id: int) -> dt.date:
    row = connection.execute(
        "select greatest(day, as_of_date) from quality.measure_runs where measure_run_id = %s",
        [measure_run_id],
    ).fetchone()
    if row is None:
        raise PublishRefused(f"there is no measure run {measure_run_id}")
    day: dt.date = row[0]
    return day


def _write(connection: psycopg.Connection, measure_run_id: int, rows: Sequence[LiftRow]) -> None:
    places = ", ".join(["%s"] * len(COLUMNS))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into analysis.lift_estimates ({', '.join(COLUMNS)}, solve_id, solved_at) "
            f"values ({places}, %s, transaction_timestamp())".encode(),
            [
                [*(getattr(row, column) for column in COLUMNS), f"run-{measure_run_id}"]
                for row in rows
            ],
        )
