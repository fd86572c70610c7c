"""Tell people what needs their eye: once per subject, until it ends.

**What** Sources that are late (due at 09:00), stories that were not read for six hours, a
publication that is late (10:00), a measurement that failed or takes more than an hour (its deadline
looks too), failed critical checks, goals far off their target, leaked codes no campaign file knows
of, live pieces without disclosure, tokens that were not renewed or end soon. A subject that lasts
is told once; one that ends and begins again is told again.

**Input** `quality.*`, the published marts, `secrets.oauth_token` (dates alone) · **Output**
`quality.alerts`; one message with all new alerts and their pages when the connection `notify_mail`
(type smtp, `extra.to` and `extra.from_email`) or `notify_slack` (type slackwebhook) exists

**Schedule** at 5 and 35 minutes past every hour.

**Limits** Campaigns are judged by what is published. The end of a token is known from its renewals
(the refresh tokens of TikTok and Shopify), else only if its connection names the last day:
`extra.expires_on`.

**Parameters** `dry_run`: the log lists what is wrong, nothing is kept or sent.

**When it fails**

| message | what to do |
|---|---|
| `InvalidSettings: connection 'notify_mail': extra.to is missing` | add the addresses |
| `notify_… did not take …` in the log | mend the connection; it is sent again in half an hour |
| `ValueError: Invalid isoformat string` | `extra.expires_on` of a source must be a date |
| `OperationalError` | the warehouse does not answer; the next run looks again |
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from include.dag_forms import dry_run_param
from include.dag_tasks import step
from include.daily import schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE
from include.task_links import AlertsLink


@step(link=AlertsLink())
def raise_alerts() -> dict[str, int]:
    """Compare what is wrong with the alerts already open; send what is new."""
    import datetime as dt

    from include import orchestration
    from include.alerts import steps

    return steps.raise_alerts(
        dt.datetime.now(dt.UTC),
        find=orchestration.find_connection,
        is_dry_run=orchestration.form("dry_run"),
        read=orchestration.airflow_connection,
    )


with DAG(
    dag_id="raise_alerts",
    dag_display_name="Raise alerts",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("5,35 * * * *", timezone=schedule_facts().reporting_timezone),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={"dry_run": dry_run_param("The log lists what is wrong; nothing is kept or sent.")},
    tags=["alerts"],
):
    raise_alerts()
