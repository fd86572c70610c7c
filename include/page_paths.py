"""Addresses of our pages in Airflow's UI, so that messages and links can name them.

Paths below Airflow's own address; `page_url` makes them whole, for mails, and adds the path of a
base URL behind a proxy.
"""

from __future__ import annotations

import os
from urllib.parse import quote, urlencode, urlsplit

PREFIX = "/groundswell"


def campaign_page(campaign_id: str) -> str:
    """Return the path of a campaign's page."""
    return _path("campaign", campaign=campaign_id)


def freshness_page() -> str:
    """Return the path of the page that says which source has brought which day."""
    return _path("quality")


def loads_page(source: str, stream: str = "", day: str = "") -> str:
    """Return the path of what was loaded, with its landing files, of a source and a day."""
    return _path("quality/loads", source=source, stream=stream, day=day)


def checks_page(suite: str, day: str = "") -> str:
    """Return the path of a suite's results: the name of a source, or `marts`."""
    return _path("quality/checks", suite=suite, day=day)


def publications_page() -> str:
    """Return the path of what is published, and what was held back."""
    return _path("quality/publications")


def reviews_page() -> str:
    """Return the path of the weekly reviews and what people decided."""
    return _path("quality/reviews")


def alerts_page() -> str:
    """Return the path of the alerts."""
    return _path("quality/alerts")


def model_page(model: str) -> str:
    """Return the path of a dbt model's documentation."""
    return _path("docs", model=model)


def page_url(path: str) -> str:
    """Return the whole address of a path, by Airflow's base URL where it is known."""
    return os.environ.get("AIRFLOW__API__BASE_URL", "").rstrip("/") + path


def page_link(path: str) -> str:
    """Return the address of a path for Airflow's own pages, without host and port.

    It is kept with a task for good; people come by other names, a tunnel, another port.
    """
    return urlsplit(page_url(path)).path + (f"?{query}" if (query := urlsplit(path).query) else "")


def _path(page: str, **query: str) -> str:
    chosen = {name: value for name, value in query.items() if value}
    return f"{PREFIX}/{page}" + (f"?{urlencode(chosen, quote_via=quote)}" if chosen else "")
