"""What people are told of new alerts: by kind and page, with what to do and where to look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from include.alerts.situation import Alert
from include.notices import Notice
from include.page_paths import page_url

# Subjects of these kinds are `campaign/what` (of `check_failed` `suite/day`).
CAMPAIGN_KINDS = ("pacing", "code_leaked", "disclosure_missing")


@dataclass(frozen=True, slots=True)
class Words:
    """How a kind of alert is called, and what a person does about it."""

    title: str
    advice: str


WORDS: Mapping[str, Words] = {
    "source_late": Words(
        "Late source",
        "open the source's red run in Airflow, act on the first lines of its log, clear the task; "
        "the day is then measured again by itself. Snapshots are lost after a day: social sources "
        "first.",
    ),
    "window_late": Words(
        "Late window",
        "open the red run of the stream's own DAG in Airflow, act on the first lines of its log, "
        "clear the task. Stories end after a day and cannot be read again: do it today.",
    ),
    "publication_late": Words(
        "Late publication",
        "the page says which run failed and why, or which source a day waits for; mend that, then "
        "clear open_run of the failed run. Readers keep the version before.",
    ),
    "measurement_failed": Words(
        "Failed measurement",
        "the page leads to its run in Airflow: the first lines of the red task's log say what "
        "happened; mend that, then clear open_run.",
    ),
    "measurement_slow": Words(
        "Slow measurement",
        "the page leads to its run in Airflow: a task that only waits may go on, one that hangs is "
        "marked failed there; then clear open_run.",
    ),
    "check_failed": Words(
        "Failed check",
        "the page shows the rows and the query; mend the cause, then clear the check of the source "
        "(of the marts: open_run of the failed run). The runbook lists causes.",
    ),
    "pacing": Words(
        "Goals far off their target",
        "look at the pacing and the budget advice on the campaign's page; then change the plan, or "
        "the target.",
    ),
    "code_leaked": Words(
        "Leaked codes",
        "compromised_from beside the code in the campaign file ends this alert; give the creator a "
        "new code, in the shop and in the file.",
    ),
    "disclosure_missing": Words(
        "Missing disclosure",
        "ask the creator for the platform's label or a word such as #ad in the caption; the alert "
        "ends with the day that shows it.",
    ),
    "token_expiring": Words(
        "Tokens that end",
        "log in at the platform again and put the new token into the connection (Admin, "
        "Connections); a renewed one that is stored serves until it ends, unless it is forgotten "
        "(docs/operations.md).",
    ),
}


def write_notice(alerts: Sequence[Alert], campaign_names: Mapping[str, str]) -> Notice:
    """Return one message for new alerts; campaigns are called by their names."""
    count = len(alerts)
    order = list(WORDS)
    ranked = sorted(alerts, key=lambda alert: (order.index(alert.kind), alert.page_path))
    parts = [
        _write_group(kind, path, list(group), campaign_names)
        for (kind, path), group in groupby(ranked, lambda alert: (alert.kind, alert.page_path))
    ]
    subject = f"Groundswell: {count} new alert{'' if count == 1 else 's'}"
    return Notice(subject, "\n\n".join(parts))


def _write_group(
    kind: str, page_path: str, alerts: Sequence[Alert], campaign_names: Mapping[str, str]
) -> str:
    title = WORDS[kind].title
    if kind in CAMPAIGN_KINDS:
        campaign_id = alerts[0].subject.partition("/")[0]
        title += f": {campaign_names.get(campaign_id, campaign_id)}"
    lines = [title, *(f"- {alert.message}" for alert in alerts)]
    lines += [f"What to do: {WORDS[kind].advice}", page_url(page_path)]
    return "\n".join(lines)
