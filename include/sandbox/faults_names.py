"""The names of faults that mean the same for every source, and what they mean."""

from __future__ import annotations

# On the way; every sandbox has them.
TRANSPORT_MEANINGS = {
    "server_error": "the server fails: 500, 502, 503 or 504 with an HTML page",
    "truncated_body": "the answer ends early: inside its gzip, its length or its JSON",
    "slow_body": "the answer comes in small pieces",
    "connection_reset": "the connection is reset, before or after the request was carried out",
    "html_page": "HTTP 200 with an HTML page instead of the answer",
    "clock_skew": "the Date header is up to ten minutes wrong",
    "throttle": "the platform limits the rate, in its own way; else 429 with Retry-After",
}
# Of the protocol; after them the same rows must stand there.
PROTOCOL_MEANINGS = {
    "token_expiry": "the access token ends between two requests: only another one is taken",
    "empty_last_page": "a further page is announced and holds nothing",
    "fewer_items": "a page holds fewer items than were asked for, though more follow",
    "missing_keys": "the key of a list (rows, items, data) is absent",
    "duplicate_across_pages": "an item of an earlier page comes again",
    "lost_page": "items of a page are missing and nothing says so",
}
# Of the protocol, too, but the right rows are other rows than without them.
CHANGING_MEANINGS = {
    "empty_for_missing_permission": "HTTP 200 with empty data because a permission is missing",
    "refused_metric": "one metric is refused",
    "new_field": "rows have a field nobody has seen before",
    "field_gone": "a field of the rows is gone",
    "type_changed": "a field of the rows has another type",
}
# Of the truth; see `faults_market.py`.
MARKET_MEANINGS = {
    "counter_falls": "the counters of a post are lower for a day",
    "late_ga4_rows": "rows of a GA4 day appear 60 hours after its end",
    "journey_not_ready": "the visits before an order are known 47 hours after it",
    "refund_after_20_days": "an order is refunded 20 days after it was made",
    "deleted_order": "an order is deleted a few days after it was made",
    "merged_customer": "a customer is merged into another one",
}
# Of a watched folder; see `faults_files.py`. After them the same rows must stand there.
FILE_MEANINGS = {
    "truncated_file": "a file ends early",
    "half_written_file": "a file is still being copied, under the name of an unfinished one",
    "late_file": "a file comes a day late",
    "bad_rows": "some rows of a file are none",
    **{name: CHANGING_MEANINGS[name] for name in ("new_field", "field_gone", "type_changed")},
}
MEANINGS = {**TRANSPORT_MEANINGS, **PROTOCOL_MEANINGS, **CHANGING_MEANINGS, **MARKET_MEANINGS}
