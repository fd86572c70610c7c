"""Campaign plan: what was agreed with whom, read from the campaign files (YAML).

**Reads** every `*.yaml` of the folder of campaign files: the connection's extra `path`, else
`GROUNDSWELL_CAMPAIGNS_DIR`, else the folder of this installation. No network, no credentials, and
no connection is needed.

| stream | one row per |
|---|---|
| `plan_versions` | version of a file (hash of its content), the whole file as JSON |
| `campaigns` | campaign: dates, hashtag, look-back, default model and rule version, budget |
| `creators`, `creator_accounts` | creator; account of a creator and how its figures are obtained |
| `contracts` | creator: fee, product, shipping, commission and its rule version |
| `deliverables` | promised piece |
| `codes`, `links`, `landing_pages` | what a sale is recognised by, and from when to when |
| `goals` | target |

**Writes** `raw.campaign_plan__<stream>`. The rows of a campaign are replaced by those of its newest
file; what a file said before stays in `plan_versions`. A campaign whose file is taken out of the
folder keeps its rows.

**Schedule** Daily with the other sources, so that a day is measured with the plan as it stood then.
An edited file counts from its next run; run the DAG by hand to have it at once.

**Before you commit a file** `python -m include.campaigns check FILE` lists every mistake with its
line, and warns of goals that contradict each other.

**When it fails**

- *file:line: field: value … is not allowed; allowed: …*: correct the value in that line.
- *file:line: field: key … is not known*: a misspelt key; the allowed ones are listed.
- *allowed: a code that is not …'s at the same time*: two creators hold one code on the same day
  (spelling does not matter). End the first validity before the second begins.
- *allowed: an id no other file uses*: a file was copied without a new `campaign.id`.
- *no campaign file (\\*.yaml) in this folder*: the path is wrong, or the folder is not mounted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from include.sources._base import Document, FetchContext, Page, Record, Source, Stream, StreamKind
from include.sources.campaign_plan import client, flatten, schema


def _stream(
    name: str,
    record: type[Record],
    key: tuple[str, ...],
    rows: flatten.Rows,
    *,
    keeps: bool = False,
) -> Stream:
    """Build a stream of the files; `keeps` earlier rows instead of replacing a campaign's."""
    return Stream(
        name=name,
        kind=StreamKind.PLAN,
        record=record,
        key=("campaign_id", *key),
        replaces=() if keeps else ("campaign_id",),
        rejects_allowed=0.0,
        fetch=_fetch,
        parse=_parser(rows),
        description=(rows.__doc__ or "").strip(),
    )


def _fetch(ctx: FetchContext) -> Iterator[Page]:
    return client.fetch_files(ctx)


def _parser(rows: flatten.Rows) -> Callable[[object, Page], Iterator[Document]]:
    def parse(document: object, page: Page) -> Iterator[Document]:
        plan, version = client.parse_file(document)
        return rows(plan, version)

    return parse


SOURCE = Source(
    name="campaign_plan",
    title="Campaign plan",
    needs_connection=False,
    pool_slots=1,
    doc=__doc__ or "",
    streams=(
        _stream(
            "plan_versions",
            schema.PlanVersion,
            ("plan_version",),
            flatten.plan_versions,
            keeps=True,
        ),
        _stream("campaigns", schema.Campaign, (), flatten.campaigns),
        _stream("creators", schema.Creator, ("creator_id",), flatten.creators),
        _stream(
            "creator_accounts",
            schema.CreatorAccount,
            ("creator_id", "platform", "handle"),
            flatten.creator_accounts,
        ),
        _stream("contracts", schema.Contract, ("contract_id",), flatten.contracts),
        _stream("deliverables", schema.Deliverable, ("deliverable_id",), flatten.deliverables),
        _stream("codes", schema.Code, ("creator_id", "code", "valid_from"), flatten.codes),
        _stream("links", schema.Link, ("link_id",), flatten.links),
        _stream("landing_pages", schema.LandingPage, ("path", "valid_from"), flatten.landing_pages),
        _stream("goals", schema.Goal, ("goal_id",), flatten.goals),
    ),
)
