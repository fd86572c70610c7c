"""Instagram sandbox: field expressions and pages of edges."""

from __future__ import annotations

import pytest

from include.sources.instagram.sandbox_shapes import Field, Refusal, page_of, parse_fields


def test_a_nested_field_expression_is_read() -> None:
    text = (
        "business_discovery.username(maya.glows){id,media.limit(50).after(QV_F-I){id,caption}},id"
    )
    media = Field({"limit": "50", "after": "QV_F-I"}, {"id": Field(), "caption": Field()})
    discovery = Field({"username": "maya.glows"}, {"id": Field(), "media": media})
    assert parse_fields(text) == {"business_discovery": discovery, "id": Field()}


@pytest.mark.parametrize("text", ["id{", "id}", "media.limit(5", ",", "a.b"])
def test_a_broken_field_expression_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="Syntax error"):
        parse_fields(text)


def test_a_full_last_page_announces_an_empty_one() -> None:
    posts = [{"id": str(i)} for i in range(4)]
    first = page_of(posts, {"limit": "2"}, default=25, most=100)
    second = page_of(
        posts, {"limit": "2", "after": first["paging"]["cursors"]["after"]}, default=25, most=100
    )
    third = page_of(
        posts, {"limit": "2", "after": second["paging"]["cursors"]["after"]}, default=25, most=100
    )
    assert [page["data"] for page in (first, second, third)] == [posts[:2], posts[2:], []]
    assert "paging" not in third


@pytest.mark.parametrize("params", [{"limit": "101"}, {"limit": "0"}, {"after": "%%%"}])
def test_limits_and_cursors_are_checked(params: dict[str, str]) -> None:
    with pytest.raises(Refusal):
        page_of([], params, default=25, most=100)
