"""# Files

Reads what has no API from a watched folder or bucket: people and vendors put CSV, JSON or Parquet
files into one sub-folder per stream, and every run reads all of them.

## Inputs

A connection `files` (or `files__<name>`), type Generic:

- extra.url: the folder, such as `/data/incoming`, or any address fsspec knows, such as
  `s3://bucket/incoming` (the package of the protocol, here s3fs, must be installed)
- extra.storage_options: optional, an object for fsspec: `key`, `secret`, `endpoint_url` …
- extra.delimiters: optional, which ones a CSV may have, by default `[",", ";", "\\t"]`; also `"|"`
- extra.encoding: optional, by default `utf-8` (with or without byte order mark); `utf-16`,
  `latin-1`, `cp1252` where the files come so
- extra.settle_seconds: optional, by default 5: how long a young file is watched before it is read

| sub-folder, table | one line per | key |
|---|---|---|
| `post_purchase_survey` | answer to "how did you hear about us?" | response_id |
| `content_ratings` | rater's score of a post on one criterion | post_url, criterion, rater |
| `story_numbers` | story, as its creator reads it off | platform, creator_handle, published_at |
| `paid_ads_costs` | day and paid campaign or ad | cost_date, platform, campaign_name, ad_name |
| `unit_costs` | product and day its cost begins to hold | sku, valid_from |
| `audience_breakdown` | segment of a creator's followers | platform, creator_handle, as_of_date, \
dimension, segment |

The headers of a file are the columns of `raw.files__<stream>` (see `schema.py`), in any order;
optional ones may be left out. Dates are `2026-11-04`, times `2026-11-04T18:30:00Z` or with
`-05:00`, numbers `1234.50` without any comma, shares 0 to 1. A `.csv` has a header line, a `.jsonl`
or `.ndjson` one object per line, a `.json` a list of objects, a `.parquet` these columns (pyarrow
must be installed).

## What a file does

- The same file again changes nothing, and neither does a copy under another name.
- A changed file replaces its own rows. A file that is taken away leaves its rows.
- Where two files hold one key, the file changed last wins.
- A bad line is quarantined with file and line number; the others are loaded. Nothing is loaded when
  more than a tenth of the lines is bad.
- A file of other headers, encoding or number format is refused, and with it the whole stream, so
  that nobody believes half a folder.
- Left alone until they are whole: files whose size still changes, empty ones, links, and names that
  begin with `.`, `_` or `~` or end in `.tmp`, `.part` and the like. When you copy by hand, copy
  under such a name and rename.

Cells of `customer_email` and `customer_phone` are replaced by an HMAC before anything is written,
as the shop's are, so the two can be joined; e-mail addresses in other texts are replaced likewise.

## Schedule and limits

Daily with the other sources; a file counts from the next run. A past day that is run again reads
the folder as it is now. Files are read in pieces of 4 MB; a `.json` list of more than 64 MB is
refused, lines are not.

## When it fails

- `InvalidFile` … `header … is not known`: rename the column in the file; the message lists the
  allowed ones
- `InvalidFile` … `header … is missing`: add the column
- `InvalidFile` … `is no UTF-8` or `is UTF-16`: save as UTF-8, or declare extra.encoding
- `InvalidFile` … `holds a comma`: the program wrote 12,50; export with a decimal point
- `InvalidFile` … `a quote is opened and never closed`: repair the quote in the line it names
- `TooManyRejects`: `quarantine.rejects` holds each line and its reason
- `InvalidSettings` … `is no folder that exists`: correct extra.url, or mount the folder
- `InvalidSettings` … `needs a package`: install the package it names
- `Truncated` or `Unavailable`: a file changed or went while it was read; it is tried again
"""

from __future__ import annotations

from include.sources._base import Record, Source, Stream, StreamKind
from include.sources.files import schema
from include.sources.files.client import fetch_files, parse_rows
from include.sources.files.layout import Layout

PERSONAL = frozenset({"customer_email", "customer_phone"})


def _stream(
    name: str,
    record: type[Record],
    key: tuple[str, ...],
    *,
    personal: frozenset[str] = frozenset(),
    defaults: dict[str, str] | None = None,
) -> Stream:
    """Build the stream of a sub-folder."""
    layout = Layout(name, record, key, personal, defaults or {})
    return Stream(
        name=name,
        kind=StreamKind.EVENTS,
        record=record,
        key=key,
        replaces=("file_name",),
        fetch=fetch_files(layout),
        parse=parse_rows(layout),
        # A page's body is a piece of a file; its context says how to read it.
        decode=bytes,
        rejects_allowed=0.1,
        personal_keys=personal,
        subject_columns=tuple(sorted(personal)),
        description=(record.__doc__ or "").strip(),
    )


SOURCE = Source(
    name="files",
    title="Files",
    pool_slots=1,
    doc=__doc__ or "",
    streams=(
        _stream("post_purchase_survey", schema.SurveyResponse, ("response_id",), personal=PERSONAL),
        _stream("content_ratings", schema.ContentRating, ("post_url", "criterion", "rater")),
        _stream(
            "story_numbers", schema.StoryNumbers, ("platform", "creator_handle", "published_at")
        ),
        _stream(
            "paid_ads_costs",
            schema.PaidAdsCost,
            ("cost_date", "platform", "campaign_name", "ad_name"),
            defaults={"ad_name": ""},
        ),
        _stream("unit_costs", schema.UnitCost, ("sku", "valid_from")),
        _stream(
            "audience_breakdown",
            schema.AudienceShare,
            ("platform", "creator_handle", "as_of_date", "dimension", "segment"),
        ),
    ),
)
