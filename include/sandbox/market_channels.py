"""Where visits come from: how the shop's journey and GA4 each name a channel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from include.campaigns.model import Link
from include.sandbox.market_profiles import Profile

SITE = "https://www.glowandgrove.example"
SECOND_SITE = "https://studio.glowandgrove.example"
LAUNCH_PAGE = "/products/organic-glow-serum"
NOT_SET = "(not set)"


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to the shop. `utm` None: only the referrer tells the channel, not the address."""

    name: str
    path: str
    referrer: str | None
    shop_source: str
    shop_type: str | None
    utm: Mapping[str, str | None] | None
    ga4_source: str
    ga4_medium: str
    ga4_campaign: str
    ga4_content: str

    @property
    def landing_page(self) -> str:
        """Path with query, as GA4 reports it."""
        if self.utm is None:
            return self.path
        query = {f"utm_{key}": value for key, value in self.utm.items() if value is not None}
        return f"{self.path}?{urlencode(query)}"


def _plain(
    name: str,
    path: str,
    referrer: str | None,
    shop: tuple[str, str | None],
    ga4: tuple[str, str, str],
) -> Channel:
    return Channel(name, path, referrer, *shop, None, *ga4, NOT_SET)


def _tagged(
    name: str,
    path: str,
    referrer: str | None,
    shop: tuple[str, str | None],
    utm: tuple[str, str, str],
) -> Channel:
    tags = {"source": utm[0], "medium": utm[1], "campaign": utm[2], "content": None, "term": None}
    return Channel(name, path, referrer, *shop, tags, *utm, NOT_SET)


DIRECT = _plain("direct", "/", None, ("direct", None), ("(direct)", "(none)", "(direct)"))
SEARCH = _plain(
    "search", "/", "https://www.google.com/", ("Google", "SEO"), ("google", "organic", "(organic)")
)
SOCIAL = _plain(
    "social",
    "/",
    "https://l.instagram.com/",
    ("Instagram", None),
    ("l.instagram.com", "referral", "(referral)"),
)
EMAIL = _tagged(
    "email",
    "/collections/new",
    None,
    ("unknown", "NEWSLETTER"),
    ("klaviyo", "email", "weekly_letter"),
)
PAID_SEARCH = _tagged(
    "paid_search",
    "/collections/serums",
    "https://www.google.com/",
    ("Google", "AD"),
    ("google", "cpc", "brand_terms"),
)
PAID_SOCIAL = _tagged(
    "paid_social",
    "/collections/all",
    "https://l.facebook.com/",
    ("Facebook", "AD"),
    ("facebook", "paid_social", "retargeting"),
)
AFFILIATE = _tagged(
    "affiliate",
    "/collections/all",
    "https://www.greenshelf.example/",
    ("unknown", "AFFILIATE"),
    ("greenshelf", "affiliate", "partners"),
)
# Sessions per day without any creator, at scale 1: about 1,900, of which 3 % buy.
BASE_CHANNELS: tuple[tuple[Channel, int], ...] = (
    (DIRECT, 520),
    (SEARCH, 560),
    (EMAIL, 290),
    (PAID_SEARCH, 210),
    (PAID_SOCIAL, 190),
    (AFFILIATE, 60),
    (SOCIAL, 90),
)


def creator_channel(profile: Profile, spelling: int = 0, is_stripped: bool = False) -> Channel:
    """Return the channel of a creator's link.

    spelling: 0 as in the plan, 1 capitals, 2 a trailing space: what hands and apps make of a link.
    is_stripped: the app cut the query off; only a landing page of the creator's own still tells.
    """
    link = profile.creator.links[0]
    pages = profile.creator.landing_pages
    path = pages[0].path if pages else LAUNCH_PAGE
    utm = None if is_stripped else _utm(link, spelling)
    ga4 = ("l.instagram.com", "referral", "(referral)", NOT_SET)
    if utm is not None:
        ga4 = (utm["source"], utm["medium"], utm["campaign"], utm["content"])
    return Channel(
        f"creator:{profile.creator.id}",
        path,
        "https://l.instagram.com/",
        "Instagram",
        "POST",
        None if utm is None else {**utm, "term": None},
        *ga4,
    )


def _utm(link: Link, spelling: int) -> dict[str, str]:
    source, content = link.utm_source, link.utm_content
    if spelling == 1:
        source, content = source.capitalize(), content.upper()
    elif spelling == 2:
        content = content + " "
    return {
        "source": source,
        "medium": link.utm_medium,
        "campaign": link.utm_campaign,
        "content": content,
    }
