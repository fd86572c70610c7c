"""TikTok: what the codes in the envelope mean, and which fields are left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from include.errors import (
    BadCredentials,
    BadRequest,
    MissingScope,
    PermanentError,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.answer import ACCEPT
from include.sources._base import Page
from include.sources.tiktok.envelope import (
    ParameterRefused,
    TokenRefused,
    classify,
    refusal_reason,
)
from include.sources.tiktok.fields import FieldChoice


def answer(code: Any, message: str = "said", status: int = 200, **headers: str) -> Any:
    document = {"code": code, "message": message, "request_id": "2026112008", "data": {}}
    return SimpleNamespace(
        conn_id="tiktok__brand", status_code=status, document=document, headers=headers
    )


@pytest.mark.parametrize("code", [0, "0", 20001, "20001"])
def test_a_success_is_accepted_in_either_form_of_the_code(code: Any) -> None:
    assert classify(answer(code)) is ACCEPT


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (40100, RateLimited),
        ("40132", RateLimited),
        (40133, RateLimited),
        (61000, RateLimited),
        (40102, TokenRefused),
        ("40105", TokenRefused),
        (40103, BadCredentials),
        (40104, BadCredentials),
        (40107, BadCredentials),
        (40119, BadCredentials),
        (40001, MissingScope),
        (40118, MissingScope),
        ("40130", MissingScope),
        (40131, MissingScope),
        (40002, ParameterRefused),
        (41002, ParameterRefused),
        (40006, BadRequest),
        (40051, BadRequest),
        (40300, BadRequest),
        (40400, BadRequest),
        (41001, BadRequest),
        (50000, Unavailable),
        (50002, Unavailable),
        (51065, Unavailable),
        (52001, Unavailable),
        (60001, Unavailable),
    ],
)
def test_a_code_inside_http_200_is_an_error_of_the_tree(code: Any, error: type) -> None:
    found = classify(answer(code))
    assert type(found) is error
    assert "connection 'tiktok__brand': said (code" in str(found)
    assert "2026112008" in str(found)


def test_a_refused_token_is_credentials_and_so_never_retried() -> None:
    error = classify(answer(40105))
    assert isinstance(error, BadCredentials)
    assert isinstance(error, PermanentError)
    assert "wrong or was revoked" in str(error)


def test_the_code_counts_whatever_the_status() -> None:
    assert type(classify(answer(40006, status=403))) is BadRequest


def test_a_throttled_call_waits_what_a_header_names_if_any() -> None:
    found = classify(answer(40100, **{"Retry-After": "7"}))
    assert isinstance(found, RateLimited)
    assert found.retry_after == 7
    unnamed = classify(answer(40100))
    assert isinstance(unnamed, RateLimited)
    assert unnamed.retry_after is None


@pytest.mark.parametrize("document", [{"data": {}}, [], "OK", 7])
def test_a_success_without_an_envelope_is_asked_again(document: Any) -> None:
    foreign = SimpleNamespace(conn_id="t", status_code=200, document=document, headers={})
    assert type(classify(foreign)) is Truncated


def test_a_success_without_data_is_asked_again_and_not_taken_for_an_empty_list() -> None:
    cut = answer(0)
    del cut.document["data"]
    assert type(classify(cut)) is Truncated


@pytest.mark.parametrize(("status", "document"), [(502, None), (502, {}), (200, None)])
def test_other_answers_have_the_usual_meaning(status: int, document: Any) -> None:
    foreign = SimpleNamespace(conn_id="t", status_code=status, document=document, headers={})
    assert classify(foreign) is None


@pytest.mark.parametrize(
    ("code", "reason"), [(40121, "not_on_marketplace"), ("40122", "country_not_supported")]
)
def test_a_refusal_of_one_creator_becomes_a_row(code: Any, reason: str) -> None:
    assert classify(answer(code)) is ACCEPT
    assert refusal_reason({"code": code}) == reason


def test_the_fields_a_message_quotes_are_read() -> None:
    said = "Please correct … Invalid metric fields: ['reach', 'new_followers']. "
    error = classify(answer(40002, said))
    assert isinstance(error, ParameterRefused)
    assert error.fields == ("reach", "new_followers")


# Fields

GROUPS = [("item_id",), ("likes", "reach"), ("watched",)]


def asked_fields(*refusals: Exception) -> tuple[FieldChoice, list[list[str]]]:
    """Ask until the refusals are used up; return the choice and the fields of every request."""
    pending, asked = list(refusals), []

    def ask(fields: list[str]) -> Page:
        asked.append(fields)
        if pending:
            raise pending.pop(0)
        return Page(b"", 200, None, "api", {})  # type: ignore[arg-type]

    choice = FieldChoice(GROUPS)
    choice.ask(ask)
    return choice, asked


def test_one_refused_field_is_left_out_and_named() -> None:
    choice, asked = asked_fields(ParameterRefused("no", ("reach",)))
    assert asked == [["item_id", "likes", "reach", "watched"], ["item_id", "likes", "watched"]]
    assert choice.refused == ["reach"]


def test_without_a_name_the_dearest_group_goes_first() -> None:
    choice, asked = asked_fields(MissingScope("no"), ParameterRefused("no"))
    assert asked[1:] == [["item_id", "likes", "reach"], ["item_id"]]
    assert choice.refused == ["likes", "reach", "watched"]


def test_what_is_left_out_once_is_not_asked_for_again() -> None:
    choice, _ = asked_fields(ParameterRefused("no", ("reach",)))
    again: list[list[str]] = []
    choice.ask(lambda fields: again.append(fields))  # type: ignore[arg-type, func-returns-value]
    assert again == [["item_id", "likes", "watched"]]


@pytest.mark.parametrize(
    "refusal", [MissingScope("no"), ParameterRefused("no"), ParameterRefused("no", ("item_id",))]
)
def test_a_refusal_of_the_first_group_is_raised(refusal: Exception) -> None:
    with pytest.raises(type(refusal)):
        asked_fields(*[refusal] * 3)


def test_a_refused_token_is_no_refused_field() -> None:
    with pytest.raises(TokenRefused):
        asked_fields(TokenRefused("no"))
