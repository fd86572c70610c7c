"""Style sheets, our scripts and Plotly's, from the installed packages, kept by the browser.

Guarded as everything else. Airflow's api-server compresses what it sends.
"""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from include.pages.guard import READ_SITE
from include.pages.rendering import STATIC_FILES

router = APIRouter()
# The address holds a digest of the content (`rendering.static_version`).
FOR_EVER = "private, max-age=31536000, immutable"


@router.get("/static/{name}", dependencies=[READ_SITE])
def read_static_file(name: str) -> FileResponse:
    """Return a style sheet or a script."""
    if name not in STATIC_FILES:
        allowed = ", ".join(sorted(STATIC_FILES))
        raise HTTPException(404, f"there is no such file; allowed: {allowed}")
    return FileResponse(STATIC_FILES[name], headers={"Cache-Control": FOR_EVER})
