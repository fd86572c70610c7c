"""Templates to answers: escaping on, headers that let a page load nothing from elsewhere."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from include.pages.formats import FILTERS
from include.pages.navigation import NAVIGATION

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
PLOTLY = "plotly.min.js"  # in the package, built by the same people
# What a browser may ask for: a name it sends is looked up here, never joined to a path.
STATIC_FILES: Mapping[str, Path] = {
    **{path.name: path for path in STATIC.iterdir() if path.suffix in (".css", ".js")},
    PLOTLY: Path(str(distribution("plotly").locate_file(f"plotly/package_data/{PLOTLY}"))),
}
# The two style elements that Plotly makes, by their content: an empty one, which it fills rule by
# rule, and the sheet of its maps, which another version may change (a browser then says the hash).
PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' "
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='"
)
# Styles and scripts are files; an inline one that got past the escaping would not run.
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    f"style-src 'self' {PLOTLY_STYLES}; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Numbers of a business: no proxy keeps them, and a logged-out browser does not show them again.
    "Cache-Control": "no-store",
}


@functools.cache
def environment() -> Environment:
    """Return the templates' environment: everything is escaped, a misspelt name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(FILTERS)
    made.globals["static"] = static_version
    # Figures in data blocks; `tojson` writes <, >, & and ' as escapes, so none leaves its block.
    made.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return made


@functools.cache
def static_version(name: str) -> str:
    """Return `name?v=<digest>`: a changed file has another address, so it may be kept for ever."""
    digest = hashlib.sha256(STATIC_FILES[name].read_bytes()).hexdigest()[:12]
    return f"{name}?v={digest}"


def render(
    request: Request, template: str, context: Mapping[str, object], *, status_code: int = 200
) -> HTMLResponse:
    """Fill a template; `root` is the address the pages are mounted at, whatever stands before."""
    text = (
        environment()
        .get_template(template)
        .render(
            **context,
            root=request.scope.get("root_path", ""),
            path=request.url.path.removeprefix(request.scope.get("root_path", "")),
            navigation=NAVIGATION,
        )
    )
    return HTMLResponse(text, status_code=status_code)
