"""Campaign plan: what was agreed with whom, read from the campaign files (YAML).

**Reads** every `*.yaml` of the folder of campaign files: the connection's extra `path`, else
`GROUNDSWELL_CAMPAIGNS_DIR`, else the folder of this installation. No network, no credentials, and
no connection is needed.

| stream | one row per |
|---|---|
| `plan_versions` | version of a file (hash of its content), the whole file as JSON |
| `plan_days` | day on which the folder was read: which versions and creators it held |
| `campaigns` | campaign: brand, shop, dates, hashtag, look-back, default model and rule version |
| `creators`, `creator_accounts` | creator; account of a creator and how its figures are obtained |
| `contracts`, `contract_terms` | creator: fee, product, commission; span in which it differs |
| `payments` | instalment of a fee: amount, date or milestone |
| `exclusivities`, `usage_rights` | promise not to work for others; right to use the content |
| `deliverables` | promised piece |
| `codes`, `links`, `landing_pages` | what a sale is recognised by, and from when to when |
| `goals` | target |
| `candidates` | account that was considered, what was seen of it, and the criteria |
| `events`, `experiment_arms` | what else moves sales; arm of a planned comparison |

**Writes** `raw.campaign_plan__<stream>`. The rows of a creator are replaced by those of the newest
file. Nothing is forgotten: what a file said before stays whole in `plan_versions`; a creator taken
out of a file, or a file taken out of the folder, keeps its rows, and the warehouse closes them on
the last day `plan_days` names them.

**Schedule** Daily with the other sources, so that a day is measured with the plan as it stood then.
An edited file counts from its next run; run the DAG by hand to have it at once.

**Before you commit a file** `python -m include.campaigns check FILE` lists every mistake with its
line, and warns of goals that contradict each other. `load_plan_days` logs the same warnings every
day; they stop nothing.

**When it fails**

- *file:line: field: value … is not allowed; allowed: …*: correct the value in that line.
- *file:line: field: key … is not known*: a misspelt key; the allowed ones are listed.
- *allowed: a code that is not …'s at the same time*: two creators hold one code on the same day
  (spelling does not matter). End the first validity before the second begins.
- *the day after … stops being …'s*: a code has days without an owner. Close the gap.
- *terms sum to …*, *payments sum to …*: the parts of a fee are not the fee.
- *allowed: an id no other file uses*: a file was copied without a new `campaign.id`.
- *a business day is one per installation*: files name two reporting time zones. A day is a window
  of one zone; a brand that reports in another one needs an installation of its own.
- *no campaign file (\\*.yaml) in this folder*: the path is wrong, or the folder is not mounted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from include.sources._base import Document, FetchContext, Page, Record, Source, Stream, StreamKind
from include.sources.campaign_plan import client, flatten, schema

if TYPE_CHECKING:  # DAG files import this source at parse time, without pydantic
    from include.campaigns.model import CampaignPlan


# What of a table a page replaces. Rows of creators whom the file no longer names stay, so that what
# they were owed and what they brought does not vanish with them.
CAMPAIGN, CREATOR = ("campaign_id",), ("campaign_id", "creator_id")


def _stream(
    name: str,
    record: type[Record],
    key: tuple[str, ...],
    rows: flatten.Rows,
    replaces: tuple[str, ...],
) -> Stream:
    """A stream of the plan, keyed by the campaign and `key`."""
    return Stream(
        name=name,
        kind=StreamKind.PLAN,
        record=record,
        key=("campaign_id", *key),
        replaces=replaces,
        rejects_allowed=0.0,
        fetch=_fetcher(replaces),
        parse=_parser(rows),
        description=(rows.__doc__ or "").strip(),
    )


def _fetcher(replaces: tuple[str, ...]) -> Callable[[FetchContext], Iterator[Page]]:
    def slices_of(plan: CampaignPlan) -> list[list[str]]:
        if replaces == CREATOR:
            return [[plan.campaign.id, creator.id] for creator in plan.creators]
        return [[plan.campaign.id]]

    def fetch(ctx: FetchContext) -> Iterator[Page]:
        return client.fetch_files(ctx, slices_of)

    return fetch


def _parser(rows: flatten.Rows) -> Callable[[object, Page], Iterator[Document]]:
    def parse(document: object, page: Page) -> Iterator[Document]:
        plan, version = client.parse_file(document)
        return rows(plan, version)

    return parse


def _parse_day(document: Document, page: Page) -> Iterator[Document]:
    yield document


SOURCE = Source(
    name="campaign_plan",
    title="Campaign plan",
    needs_connection=False,
    pool_slots=4,  # no API bounds reading a folder
    doc=__doc__ or "",
    streams=(
        _stream("plan_versions", schema.PlanVersion, ("plan_version",), flatten.plan_versions, ()),
        Stream(
            name="plan_days",
            kind=StreamKind.PLAN,
            record=schema.PlanDay,
            key=("read_date",),
            rejects_allowed=0.0,
            fetch=client.fetch_day,
            parse=_parse_day,
            description="One row per day on which the folder was read: versions and creators.",
        ),
        _stream("campaigns", schema.Campaign, (), flatten.campaigns, CAMPAIGN),
        _stream("creators", schema.Creator, ("creator_id",), flatten.creators, CREATOR),
        _stream(
            "creator_accounts",
            schema.CreatorAccount,
            ("creator_id", "platform", "handle"),
            flatten.creator_accounts,
            CREATOR,
        ),
        _stream("contracts", schema.Contract, ("contract_id",), flatten.contracts, CREATOR),
        _stream(
            "contract_terms",
            schema.ContractTerm,
            ("contract_id", "term_number"),
            flatten.contract_terms,
            CREATOR,
        ),
        _stream(
            "payments", schema.Payment, ("creator_id", "payment_number"), flatten.payments, CREATOR
        ),
        _stream(
            "exclusivities",
            schema.Exclusivity,
            ("creator_id", "exclusivity_number"),
            flatten.exclusivities,
            CREATOR,
        ),
        _stream(
            "usage_rights",
            schema.UsageRight,
            ("creator_id", "usage_right_number"),
            flatten.usage_rights,
            CREATOR,
        ),
        _stream(
            "deliverables", schema.Deliverable, ("deliverable_id",), flatten.deliverables, CREATOR
        ),
        _stream("codes", schema.Code, ("creator_id", "code", "valid_from"), flatten.codes, CREATOR),
        _stream("links", schema.Link, ("link_id",), flatten.links, CREATOR),
        _stream(
            "landing_pages",
            schema.LandingPage,
            ("path", "valid_from"),
            flatten.landing_pages,
            CREATOR,
        ),
        _stream("goals", schema.Goal, ("goal_id",), flatten.goals, CAMPAIGN),
        _stream(
            "candidates", schema.Candidate, ("platform", "handle"), flatten.candidates, CAMPAIGN
        ),
        _stream("events", schema.Event, ("event_id",), flatten.events, CAMPAIGN),
        _stream(
            "experiment_arms",
            schema.ExperimentArm,
            ("experiment_id", "arm_id"),
            flatten.experiment_arms,
            CAMPAIGN,
        ),
    ),
)
