"""The documentation of every model, as dbt builds it: lineage, columns, tests, compiled SQL.

`make docs` writes the site, one file, into the folder `docs` of the data directory. The site is a
program of dbt's that runs inline scripts, so it is shown in a frame of its own that may do nothing
but that: no cookie, no request, no reach into the page around it.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse

from include.pages.guard import READ_CAMPAIGNS
from include.pages.rendering import SECURITY_HEADERS, render
from include.settings import read_settings

router = APIRouter()

PROJECT = "groundswell"
FILE = Path("docs") / "index.html"
ModelName = Annotated[str, Query(pattern=r"^[a-z0-9_]{0,100}$")]

_FRAME_HEADERS = {
    "Content-Security-Policy": SECURITY_HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
}
_SITE_HEADERS = {
    "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; "
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    # Some megabytes that change when `make docs` runs: asked for again, sent only if changed.
    "Cache-Control": "private, no-cache",
}


@router.get("/docs", dependencies=[READ_CAMPAIGNS])
def show_docs(request: Request, model: ModelName = "") -> Response:
    """Show the site in its frame, at a model when one is named, or say how it is built."""
    site = find_site()
    built_at = dt.datetime.fromtimestamp(site.stat().st_mtime, dt.UTC) if site else None
    fragment = f"#!/model/model.{PROJECT}.{model}" if model else "#!/overview"
    answer = render(request, "dbt_docs.html", {"built_at": built_at, "fragment": fragment})
    answer.headers.update(_FRAME_HEADERS)
    return answer


@router.get("/docs/site", dependencies=[READ_CAMPAIGNS])
def read_site(request: Request) -> Response:
    """Return the site itself."""
    site = find_site()
    if site is None:
        raise HTTPException(404, "the documentation is not built; make docs builds it")
    state = site.stat()
    headers = {**_SITE_HEADERS, "ETag": f'"{state.st_mtime_ns:x}-{state.st_size:x}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(site, media_type="text/html; charset=utf-8", headers=headers)


def find_site() -> Path | None:
    """Return the file of the built site, None when there is none."""
    site = read_settings().data_dir / FILE
    return site if site.is_file() else None
