"""Addresses of the pages that plugins serve, so that messages and links can name them.

Paths below Airflow's own address; `page_url` makes them whole for mails.
"""

from __future__ import annotations

import os
from urllib.parse import quote, urlencode


def campaign_page(campaign_id: str) -> str:
    """Return the path of a campaign's page."""
    return f"/plugin/campaign?{urlencode({'campaign': campaign_id}, quote_via=quote)}"


def quality_page() -> str:
    """Return the path of the quality pages."""
    return "/plugin/quality"


def page_url(path: str) -> str:
    """Return the whole address of a path, by Airflow's base URL where it is known."""
    return os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/") + path
