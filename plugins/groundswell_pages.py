"""Pages for people inside Airflow: the campaign, and what the pipeline knows of its own quality.

Airflow shows them under Browse; `docs/pages.md` says what is on them and who may open them. The
work is done in `include/pages`.

Every process of Airflow imports its plugins, each task's too, and only the api-server serves them:
so the application is imported by its first request.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

PREFIX = "/groundswell"


class PagesOnDemand:
    """An ASGI application that becomes `include.pages` when somebody asks."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        # The api-server has the folder of plugins on its path and not the one above it.
        root = str(Path(__file__).resolve().parent.parent)
        if root not in sys.path:
            sys.path.append(root)
        from include.pages.wiring import pages

        await pages()(scope, receive, send)


class GroundswellPages(AirflowPlugin):
    """Mounts the pages in Airflow's api-server; a change of Python code needs its restart."""

    name = "groundswell_pages"
    fastapi_apps: ClassVar = [{"app": PagesOnDemand(), "url_prefix": PREFIX, "name": "Groundswell"}]
    external_views: ClassVar = [
        {
            "name": "Campaign",
            "href": "groundswell/campaign",
            "destination": "nav",
            "category": "browse",
            "url_route": "campaign",
        },
        {
            "name": "Data quality",
            "href": "groundswell/quality",
            "destination": "nav",
            "category": "browse",
            "url_route": "data_quality",
        },
        {
            "name": "Models",
            "href": "groundswell/docs",
            "destination": "nav",
            "category": "browse",
            "url_route": "models",
        },
    ]
