"""The JSON Schema of campaign files, with which editors complete keys and mark mistakes.

`campaign.schema.json` beside this module is its text; a file's first line names it:
`# yaml-language-server: $schema=campaign.schema.json`. A test keeps it equal to the models.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from include.campaigns.model import CampaignPlan

SCHEMA_FILE = Path(__file__).with_name("campaign.schema.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def build_schema() -> dict[str, Any]:
    """Return the schema of a file; the checks across its parts are not expressible in it."""
    schema = CampaignPlan.model_json_schema()
    return {"$schema": DIALECT, **schema, "title": "Groundswell campaign file"}


def schema_text() -> str:
    """Return the text of `campaign.schema.json`."""
    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"
