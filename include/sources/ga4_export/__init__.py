"""# GA4 BigQuery export

Reads the events GA4 exports to BigQuery, as files in a folder or bucket: one row per event, which
the Data API (source `ga4`) cannot give.

## Inputs

A connection `ga4_export` (or `ga4_export__<name>`, one per property), type Generic:

- extra.url: the folder, such as `/data/ga4` or `gs://bucket/ga4` (the package of the protocol, here
  gcsfs, must be installed)
- extra.storage_options: optional, an object for fsspec
- extra.settle_seconds: optional, by default 5: how long a young file is watched before it is read

Files are the tables `events_YYYYMMDD` and `events_intraday_YYYYMMDD` as JSON lines (`.json`,
`.jsonl`, `.ndjson`, also `.gz`) or Parquet (`.parquet`, pyarrow must be installed), in one file or
many, at any depth: `events_20261104.json.gz`, `events_20261104-000000000003.json.gz`,
`events_20261104/part-0.parquet`. A daily job writes them:

    bq extract --destination_format NEWLINE_DELIMITED_JSON --compression GZIP \\
        'analytics_412345678.events_20261104' 'gs://bucket/ga4/events_20261104-*.json.gz'

Other files of the folder (`users_…`, `pseudonymous_users_…`) are passed over.

## Outputs

`raw.ga4_export__events`: one row per event, with the parameters that attribution needs as columns.
The session of an event is `user_pseudo_id` with `ga_session_id`; the latter alone is only the
second the session began. The source of a touch is said three times: with the event
(`collected_…`), for the session by last click (`session_…`), and in the event's own parameters.

`user_pseudo_id`, `user_id` and parameters such as `client_id` or `email` are replaced by an HMAC
before anything is written, and so are e-mail addresses in any text, also in `page_location`.
Without consent `user_pseudo_id` is missing; such events belong to no session.

An event that was exported twice is one row: `event_key` is a hash of user, time, name, parameters
and items. A thank-you page that is loaded again is another event with the same `transaction_id`;
`stg_ga4_export__purchases` keeps the first. The counts are not the Data API's, which models
visitors without consent.

## Schedule and limits

Daily. A run reads the files of its day and of the three days before, because GA4 changes a table
for so long, and the rows of a day become exactly those of its files. An intraday table counts
until the daily one is there. Days are days of the property's time zone. A day without a file keeps
what it had; a file that comes later than three days is read by a run of its day. Files are read in
pieces of 4 MB.

## When it fails

- `InvalidFile` … `not a format the export is read in`: export JSON lines or Parquet
- `Truncated` … `ends early or is damaged`, `no complete Parquet file`: the file was still being
  written; it is tried again. If it stays so, export the day again
- `TooManyRejects`: the lines are no events of the file's day; `quarantine.rejects` says why
- `InvalidSettings` … `is no folder that exists`: correct extra.url, or mount the folder
- `InvalidSettings` … `needs a package` or `pyarrow is not installed`: install what it names
- a day has no rows: look whether its file is there, and whether the export is linked in GA4 under
  Admin > BigQuery links; a standard property exports at most a million events a day
"""

from __future__ import annotations

from include.sources._base import Source, Stream, StreamKind
from include.sources.ga4_export import client, schema

SOURCE = Source(
    name="ga4_export",
    title="GA4 BigQuery export",
    pool_slots=1,
    doc=__doc__ or "",
    streams=(
        Stream(
            name="events",
            kind=StreamKind.EVENTS,
            record=schema.Event,
            key=("event_date", "event_key"),
            replaces=("event_date",),
            lookback=client.LOOKBACK,
            fetch=client.fetch_events,
            parse=client.parse_events,
            # A page's body is a piece of a file; its context says of which.
            decode=bytes,
            personal_keys=client.PERSONAL,
            subject_columns=("user_id", "user_pseudo_id"),
            # They tell a person where a row in quarantine was read; rows move between exports.
            known=("file_name", "line_number"),
            description="Events as GA4 exports them to BigQuery.",
        ),
    ),
)
