"""Style sheet and script, from this package: guarded as everything else, kept by the browser."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from include.pages.guard import READ_SITE
from include.pages.rendering import STATIC

router = APIRouter()
# A name the browser sends is looked up here, never joined to a path.
FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in (".css", ".js")}
# The address holds a digest of the content (`rendering.static_version`).
FOR_EVER = "private, max-age=31536000, immutable"


@router.get("/static/{name}", dependencies=[READ_SITE])
def read_static_file(name: str) -> FileResponse:
    """Return a style sheet or script of ours."""
    if name not in FILES:
        raise HTTPException(404, f"there is no such file; allowed: {', '.join(sorted(FILES))}")
    return FileResponse(FILES[name], headers={"Cache-Control": FOR_EVER})
