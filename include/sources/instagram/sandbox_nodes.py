"""Which fields a kind of node has: one that it has not fails the whole call, as it does at Meta's.

Accounts, media and comments as Meta's own SDK for v26.0 lists them, without what is of live videos
and shops; what business discovery shows, and advertisable content, as their pages list them. Edges
count as fields, because they can be asked for inline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from include.sources.instagram.sandbox_shapes import Field, Refusal, parse_fields


@dataclass(frozen=True, slots=True)
class Node:
    """A kind of node: its name in messages, its fields, and what some of them lead to."""

    name: str
    fields: frozenset[str]
    inner: Mapping[str, Node] = field(default_factory=dict)


_OWNER = frozenset({"id", "ig_id", "username"})
_SEEN_MEDIA = """
id caption children comments_count like_count media_product_type media_type media_url owner
permalink thumbnail_url timestamp username view_count
"""
_SEEN_ACCOUNT = """
id ig_id biography followers_count follows_count media_count name profile_picture_url username
website media
"""
_REPLY = """
id from hidden legacy_instagram_comment_id like_count media parent_id text timestamp user username
"""
_MEDIA = """
id ig_id alt_text boost_ads_list boost_eligibility_info caption children collaborators comments
comments_count copyright_check_information insights is_ai_generated is_comment_enabled
is_shared_to_feed legacy_instagram_media_id like_count media_product_type media_type media_url owner
permalink product_tags reposts_count saved_count shares_count shortcode thumbnail_url timestamp
total_comments_count total_like_count total_views_count username view_count
"""
_ACCOUNT = """
id ig_id biography business_discovery followers_count follows_count has_profile_pic insights
is_published legacy_instagram_user_id media media_count mentioned_comment mentioned_media name
owner_business profile_picture_url stories tags username website
"""
_CONTENT = """
content_id platform media_type post_type caption permalink creation_time author ad_usage
is_recommended partnership_info organic_insights
"""
_PARTNER = "ad_code ad_eligibility content_types permission_status permission_type tagged_partner"
_AUTHOR = "display_name fb_page_id ig_user_id profile_picture_url"
_ORGANIC = "likes comments views reach shares interaction saves"

ACCOUNT_NAME, MEDIA_NAME, COMMENT_NAME = "IGUser", "IGMedia", "IGComment"
REPLY = Node(COMMENT_NAME, frozenset(_REPLY.split()))
COMMENT = Node(COMMENT_NAME, REPLY.fields | {"replies"}, {"replies": REPLY})
MEDIA = Node(
    MEDIA_NAME,
    frozenset(_MEDIA.split()),
    {"comments": COMMENT, "owner": Node(ACCOUNT_NAME, _OWNER)},
)
DISCOVERED = Node(
    ACCOUNT_NAME,
    frozenset(_SEEN_ACCOUNT.split()),
    {"media": Node(MEDIA_NAME, frozenset(_SEEN_MEDIA.split()))},
)
ACCOUNT = Node(ACCOUNT_NAME, frozenset(_ACCOUNT.split()), {"business_discovery": DISCOVERED})
PAGE = Node(
    "Page",
    frozenset({"access_token", "category", "id", "instagram_business_account", "name", "tasks"}),
    {"instagram_business_account": ACCOUNT},
)
CONTENT = Node(
    "PartnershipAdsAdvertisableContent",
    frozenset(_CONTENT.split()),
    {
        "author": Node("PartnershipAdsContentAuthor", frozenset(_AUTHOR.split())),
        "organic_insights": Node("OrganicInsights", frozenset(_ORGANIC.split())),
        "partnership_info": Node("PartnershipInfo", frozenset(_PARTNER.split())),
    },
)


def read_fields(params: Mapping[str, str], node: Node, default: str) -> dict[str, Field]:
    """Return the fields a request asks for of a kind of node; one it has not is refused."""
    fields = parse_fields(params.get("fields", default))
    _check(fields, node)
    return fields


def _check(fields: Mapping[str, Field], node: Node) -> None:
    for name, asked in fields.items():
        if name not in node.fields:
            message = f"(#100) Tried accessing nonexisting field ({name}) on node type "
            raise Refusal(400, 100, f"{message}({node.name})")
        if name in node.inner:
            _check(asked.fields, node.inner[name])
