"""Read the ECB's XML: an envelope with one dated cube per day and one cube per currency in it.

The standard library's parser expands entities that a document declares, which can fill memory or
fetch files. A reference rate needs no declaration, so a document that brings one is refused before
the parser sees it; and so is every encoding in which the bytes of one could hide.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from include.errors import Truncated

CUBE = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_DECLARATION = re.compile(r"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_ENCODING = re.compile(r"""^<\?xml[^>]*?\bencoding\s*=\s*["']([^"']*)["']""")
_ALLOWED_ENCODINGS = ("utf-8", "us-ascii", "ascii")


def decode_envelope(body: bytes) -> dict[str, Any]:
    """Return `{"days": [{"time": …, "rates": [{"currency": …, "rate": …}]}]}`, all values texts.

    Raise `Truncated` for what is no such envelope or holds no rates; then it is asked for again,
    for a proxy's or a maintenance page is the likeliest reason.
    """
    text = _safe_text(body)
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise Truncated(f"the answer is no XML ({error}): it begins {text[:80]!r}") from None
    days = [_day(cube) for cube in root.iter(CUBE) if cube.get("time") is not None]
    if not days or not all(day["rates"] for day in days):
        raise Truncated(f"the answer holds no dated rates: it begins {text[:80]!r}")
    return {"days": days}


def _safe_text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Truncated("the answer is no UTF-8 text, the only encoding of the rates") from None
    if "\x00" in text:
        raise Truncated("the answer holds NUL bytes: it is no UTF-8 text")
    named = _ENCODING.match(text)
    if named is not None and named.group(1).lower() not in _ALLOWED_ENCODINGS:
        raise Truncated(f"the answer says its encoding is {named.group(1)!r}; allowed: UTF-8")
    if found := _DECLARATION.search(text):
        raise Truncated(f"the answer declares a document type ({found.group()}…): it is refused")
    return text


def _day(cube: ET.Element) -> dict[str, Any]:
    return {"time": cube.get("time"), "rates": [dict(rate.attrib) for rate in cube.findall(CUBE)]}
