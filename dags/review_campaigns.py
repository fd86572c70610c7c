"""Review every campaign's week and ask a person about the budget.

**What** The week before is reviewed: what changed, who is best and with which probability, what is
at risk (late and missing pieces, missing disclosure, leaked codes, odd counters, goals far off).
Where the advice is to move money, `approve_budget` waits under *Required Actions* for four days
for somebody who may edit the DAG; no answer is *No decision*. Approving changes no file: the answer
is kept with name and time, the log of `record_decision` prints what to change in the campaign file,
and the same lies as a patch in `<data folder>/reviews/<campaign>/`.

**Input** the published marts, `quality.source_arrivals` · **Output** `quality.campaign_reviews`,
`quality.review_findings`, `quality.budget_decisions`; a message when the connection `notify_mail`
or `notify_slack` exists

**Schedule** every Monday at 10:00 of the reporting time zone, an hour after `close_day`.

**Limits** Six of the week's seven days must be published with every source; the review names the
one that is missing. A review looks at the marts as they are published when it runs.

**Parameters** `day`: any day of the week to review, for a run by hand; `campaign`: one or all;
`dry_run`: the log shows the review, nothing is kept, nobody is asked. A rerun replaces a review and
keeps decisions; a range of weeks is *Backfill*.

**When it fails**

| message | what to do |
|---|---|
| `WeekIncomplete: … of 7 days are published` | backfill the late source; retried hourly |
| `PermanentError: … has no partition key` | fill in `day` |
| `InvalidPlan: …` | mend the campaign file: `python -m include.campaigns check` |
| `approve_budget` waits | nothing is wrong: somebody has to answer, or four days pass |
| `OperationalError` | the warehouse does not answer; clear the task once it does |
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param

from include.dag_forms import review_form
from include.dag_tasks import step
from include.daily import schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE, date_timetable
from include.review.proposal import NO_DECISION, OPTIONS, WAITING_TIME
from include.task_links import ReviewLink

NOTE = Param("", type="string", maxLength=500, title="Note", description="kept with the decision")


@step(retries=12)
def check_week() -> list[str]:
    """Wait until six of the week's seven days are published; the day that is missing."""
    from include import orchestration as run
    from include.review import steps

    return steps.check_week(run.partition_day(), read=run.airflow_connection)


@step(link=ReviewLink())
def write_reviews(missing: list[str]) -> list[dict[str, Any]]:
    """Write the reviews; the questions about the budget."""
    from include import orchestration as run
    from include.review import steps

    return steps.write_reviews(
        run.partition_day(),
        missing,
        run_id=run.run_id(),
        campaign_id=run.form("campaign"),
        is_dry_run=run.form("dry_run"),
        read=run.airflow_connection,
    )


@step(link=ReviewLink())
def send_reviews() -> list[str]:
    """Send the reviews by mail and Slack where a connection exists."""
    from include import orchestration as run
    from include.review import steps

    if run.form("dry_run"):
        return []
    find, read = run.find_connection, run.airflow_connection
    return steps.send_reviews(run.partition_day(), find=find, read=read)


@step(link=ReviewLink())
def record_decision(asked: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """Keep who decided what and when; write the patch of what was approved."""
    from include import orchestration as run
    from include.review import steps

    question, answer = asked
    day, read = run.partition_day(), run.airflow_connection
    return steps.record_answer(day, question["proposal"], answer, read=read)


with DAG(
    dag_id="review_campaigns",
    dag_display_name="Review campaigns",
    doc_md=__doc__,
    schedule=date_timetable("0 10 * * 1", schedule_facts().reporting_timezone),
    start_date=START_DATE,
    catchup=False,
    default_args=DEFAULT_ARGS,
    params=review_form(dict(schedule_facts().campaign_names)),
    tags=["review"],
):
    questions = write_reviews(check_week())
    answers = HITLOperator.partial(
        task_id="approve_budget",
        options=list(OPTIONS),
        defaults=[NO_DECISION],
        response_timeout=WAITING_TIME,
        params={"note": NOTE},
    ).expand_kwargs(questions.map(lambda asked: {k: asked[k] for k in ("subject", "body")}))
    questions >> send_reviews()
    record_decision.expand(asked=questions.zip(answers.output))
