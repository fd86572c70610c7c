"""GA4 and Instagram served by the sandbox: what their two test modules share."""

from __future__ import annotations

import datetime as dt
from typing import Any

import requests
from sandbox_bench import SandboxBench

from include.sources.ga4.token import ServiceAccount

LAST_DAY = dt.date(2026, 11, 14)
# The clocks change on 1 November 2026.
DAYS = [dt.date(2026, 10, 30) + dt.timedelta(days=n) for n in range(5)]
REMOVED_METRIC = "reposts"


class Bench(SandboxBench):
    """Runs either source's streams."""

    run = SandboxBench.load
    run_day = SandboxBench.load_day

    def ask_ga4(self, property_id: str, body: dict[str, Any]) -> requests.Response:
        """Ask GA4's API for a report itself, as no task would."""
        bearer = ServiceAccount(self.connections["ga4"]).bearer()
        return requests.post(
            f"{self.address}/v1beta/properties/{property_id}:runReport",
            json={"dateRanges": [{"startDate": "yesterday", "endDate": "today"}], **body},
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=10,
        )
