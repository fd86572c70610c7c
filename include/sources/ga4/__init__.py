"""# Google Analytics 4

Reads reports of the GA4 Data API (v1beta) for one property: sessions by their source (with the
day's total) and by landing page, purchases by transaction id, key events by source, people by the
source that first brought them, sessions by place.

## Inputs

A connection `ga4` (or `ga4__<name>`), type HTTP:

- host: `analyticsdata.googleapis.com`
- extra.property_id: number of the property, such as `412345678`
- extra.keyfile_dict: the service-account key Google issued, unchanged (its `token_uri` says where
  tokens come from)
- extra.time_zone: optional, the property's time zone; asked for when it is missing, checked when
  it is set
- extra.page_rows: optional, rows per request, by default 10,000

The service account must be a Viewer of the property, and the Google Analytics Data API must be
enabled in its project. The scope asked for is `analytics.readonly`.

## Outputs

| table | one row per |
|---|---|
| `raw.ga4__sessions` | day, session source, medium, campaign, content, landing page |
| `raw.ga4__session_totals` | day |
| `raw.ga4__source_sessions` | day, session source, medium, campaign, content |
| `raw.ga4__transactions` | day, transaction id, session source and first-user source |
| `raw.ga4__key_events` | day, event name, session source |
| `raw.ga4__first_user_acquisition` | day, first-user source, medium, campaign, content |
| `raw.ga4__geography` | day, country, region, session campaign, content |

Dates are days of the *property's* time zone. The window of a run is cut in the reporting time
zone, so a property day belongs to the business day that holds its noon: every day is read by
exactly one window and again by the four that follow, because GA4 changes its numbers for 24 to 72
hours, and by the windows of four or five Mondays, because credit for key events moves for about 12
days. The rows of a day replace the rows it had. `(not set)`, `(direct)` and `(other)` are kept as
GA4 writes them; nothing is joined or corrected here. Each row says whether its report was
thresholded, sampled or folded rows into `(other)`.

For creators' sessions use `source_sessions`: it is asked for without pages, places and user
counts, so rows are not folded into `(other)` and rarely withheld; `session_totals` says how many
sessions the day had beyond the listed ones. `sessions` is for landing pages.

## Schedule and limits

Daily, when the business day is over, with a look-back of 4 days, on Mondays of 30 days. The first
window of a property reads the session totals of twelve weeks before it as well. Backfills
of past ranges work: GA4 keeps aggregated days. A standard property has 200,000 tokens a day,
40,000 an hour and 14,000 an hour per project; a report costs about 10. The run stops before the
tokens are used up and is tried again.

## When it fails

- `BadCredentials` … `refused the service-account key`: create a new key and put it into
  extra.keyfile_dict of the connection it names
- `BadCredentials` … `not a usable service-account key`: paste the key file again, whole
- `MissingScope` … `Viewer of the property`: add the service account's e-mail under Admin >
  Property access management
- `MissingScope` … `enable the Google Analytics Data API`: enable it in the key's project
- `MissingScope` … `may not see`: the service account's role hides revenue; the API then writes 0
  for it, so nothing is loaded. Lift the restriction under Admin > Property access management
- `RateLimited`: do nothing, quota returns at the full hour, daily quota at midnight Pacific
- `BadRequest` … `is not a valid dimension`: the API dropped a field; change the report in
  `reports.py`
- `BadRequest` … `the property reports in`: remove extra.time_zone
- `CountMismatch` or `Truncated`: clear the task; the report changed while it was read
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Child, Source, Stream, StreamKind
from include.sources.ga4 import access, client, days, reports, schema

# Numbers of a day change for up to 72 hours; one more day covers the time zones. Attribution is
# restated for longer, so every Monday reaches further back.
LOOKBACK, WEEKLY_LOOKBACK = dt.timedelta(days=4), dt.timedelta(days=30)
# What a campaign added is judged against the weeks before it: twelve, of which eight must be there.
FIRST_LOOKBACK = dt.timedelta(days=84)

SOURCE = Source(
    name="ga4",
    title="Google Analytics 4",
    doc=__doc__ or "",
    classify=access.classify,
    streams=(
        Stream(
            name="sessions",
            kind=StreamKind.EVENTS,
            record=schema.Session,
            key=(
                "property_id",
                "date",
                "session_source",
                "session_medium",
                "session_campaign_name",
                "session_manual_ad_content",
                "landing_page_plus_query_string",
            ),
            fetch=client.fetch_report(reports.SESSIONS),
            parse=client.parse_report,
            replaces=("property_id", "date"),
            lookback=LOOKBACK,
            weekly_lookback=WEEKLY_LOOKBACK,
            description="Sessions of a day by session source and landing page.",
        ),
        Stream(
            name="session_totals",
            kind=StreamKind.EVENTS,
            record=schema.SessionTotal,
            key=("property_id", "date"),
            fetch=days.fetch_days,
            parse=days.parse_days,
            replaces=("property_id", "date"),
            lookback=LOOKBACK,
            weekly_lookback=WEEKLY_LOOKBACK,
            first_lookback=FIRST_LOOKBACK,
            known=("sources",),
            children=(
                Child(
                    "source_sessions",
                    schema.SourceSession,
                    days.list_sources,
                    (
                        "session_source",
                        "session_medium",
                        "session_campaign_name",
                        "session_manual_ad_content",
                    ),
                ),
            ),
            description="Sessions of a day in total, with those by session source as children.",
        ),
        Stream(
            name="transactions",
            kind=StreamKind.EVENTS,
            record=schema.Transaction,
            key=(
                "property_id",
                "date",
                "transaction_id",
                "session_source",
                "session_medium",
                "session_campaign_name",
                "session_manual_ad_content",
                "first_user_source",
                "first_user_medium",
                "first_user_campaign_name",
            ),
            fetch=client.fetch_report(reports.TRANSACTIONS),
            parse=client.parse_report,
            replaces=("property_id", "date"),
            lookback=LOOKBACK,
            weekly_lookback=WEEKLY_LOOKBACK,
            description="Purchases of a day by transaction id with the session's source.",
        ),
        Stream(
            name="key_events",
            kind=StreamKind.EVENTS,
            record=schema.KeyEvent,
            key=(
                "property_id",
                "date",
                "event_name",
                "session_source",
                "session_medium",
                "session_campaign_name",
                "session_manual_ad_content",
            ),
            fetch=client.fetch_report(reports.KEY_EVENTS),
            parse=client.parse_report,
            replaces=("property_id", "date"),
            lookback=LOOKBACK,
            weekly_lookback=WEEKLY_LOOKBACK,
            description="Key events of a day by session source.",
        ),
        Stream(
            name="first_user_acquisition",
            kind=StreamKind.EVENTS,
            record=schema.Acquisition,
            key=(
                "property_id",
                "date",
                "first_user_source",
                "first_user_medium",
                "first_user_campaign_name",
                "first_user_manual_ad_content",
            ),
            fetch=client.fetch_report(reports.ACQUISITION),
            parse=client.parse_report,
            replaces=("property_id", "date"),
            lookback=LOOKBACK,
            weekly_lookback=WEEKLY_LOOKBACK,
            is_required=False,
            description="People of a day by the source that first brought them.",
        ),
        Stream(
            name="geography",
            kind=StreamKind.EVENTS,
            record=schema.Place,
            key=(
                "property_id",
                "date",
                "country",
                "region",
                "session_campaign_name",
                "session_manual_ad_content",
            ),
            fetch=client.fetch_report(reports.GEOGRAPHY),
            parse=client.parse_report,
            replaces=("property_id", "date"),
            lookback=LOOKBACK,
            weekly_lookback=WEEKLY_LOOKBACK,
            is_required=False,
            description="Sessions of a day by country, region and campaign.",
        ),
    ),
)
