"""Exchange rates: the European Central Bank's euro reference rates, day by day.

**Reads** two public XML files of the ECB: the rates of the last business day and those of the last
90 days.

| stream | kind | what | read again |
|---|---|---|---|
| `rates` | events | units of each currency for one euro, per business day | 7 days |

**Writes** `raw.exchange_rates__rates`, one row per day and currency; a rate that the ECB corrects
is replaced. The first run fills 90 days.

**Connection** `exchange_rates`, type HTTP: host `www.ecb.europa.eu`, nothing else. In extra
`daily_path` and `history_path` may name other files; with
`/stats/eurofxref/eurofxref-hist.xml` as `history_path` one run brings every day since 1999.

**Scopes** None: no login.

**Limits** None known; two requests a day.

**About the data** Rates are set on TARGET business days at about 14:15 and published at about
16:00, Frankfurt time: none on Saturdays, Sundays, 1 January, Good Friday, Easter Monday, 1 May, 25
and 26 December. `stg_exchange_rates__daily_rates` has a row for those days too: the last rate, with
`is_carried_forward` true and `rate_date` naming the day it is of. Rates are for information; banks
charge others. A currency that joins the euro or is suspended has no more rows, and its last rate is
carried for a week only. A file with a document type declaration is refused unread.

**When it fails**

- *no XML*, *holds no dated rates*, *declares a document type*: something else than the file came,
  mostly a proxy's or a maintenance page. It is asked again; open the address in a browser.
- *begins at …* (a warning): the window is older than the file; see *Connection*.
- *holds … days; it must be one*: `daily_path` names another file.
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Source, Stream, StreamKind
from include.sources.exchange_rates import client, schema
from include.sources.exchange_rates.envelope import decode_envelope

RATES = Stream(
    name="rates",
    kind=StreamKind.EVENTS,
    record=schema.Rate,
    key=("rate_date", "currency"),
    # The longest row of days without rates is five; a run in the morning sees yesterday's.
    lookback=dt.timedelta(days=7),
    fetch=client.fetch_rates,
    parse=client.parse_rates,
    decode=decode_envelope,
    rejects_allowed=0.05,
    description="Units of each currency for one euro, per business day of the ECB.",
)

SOURCE = Source(
    name="exchange_rates",
    title="Exchange rates",
    streams=(RATES,),
    pool_slots=1,
    doc=__doc__ or "",
)
