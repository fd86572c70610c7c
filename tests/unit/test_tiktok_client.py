"""TikTok: tokens and their renewal, parameters, refusals."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from include.errors import BadCredentials, BadRequest, MissingScope, Truncated
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, RefreshToken, TokenGrant, Window
from include.sources.tiktok import SOURCE
from include.sources.tiktok.client import Api, connected_accounts
from include.sources.tiktok.token import RunKeeper
from tests.fakes.answers import Answers
from tests.fakes.answers import answer as http

NOW = dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)
WINDOW = Window(start=NOW - dt.timedelta(days=1), end=NOW, key="2026-11-04")
MAYA, LENA = "_000maya", "_000lena"
OLD, NEW, NEWEST = "act.old.token", "act.new.token", "act.newest.token"
LOGIN, LOGIN_2 = "rft.login.token", "rft.login.second"
FULL = {
    "client_id": "7001",
    "client_secret": "app-secret-text",
    "accounts": {
        MAYA: {"access_token": OLD, "refresh_token": LOGIN},
        LENA: {"access_token": "act.lena.token", "refresh_token": "rft.lena.token"},
    },
    "tto_tcm_account_id": "7491",
}


def envelope(code: Any = 0, message: str = "OK", **data: Any) -> Any:
    document = {"code": code, "message": message, "request_id": "2026", "data": data}
    return http(json.dumps(document).encode())


REFUSED = (40105, "Access token is incorrect or has been revoked.")


def renewal(token: str = NEW, refresh: str = LOGIN, **more: Any) -> Any:
    values = {"access_token": token, "refresh_token": refresh, "expires_in": 86400, **more}
    return envelope(open_id=values.pop("open_id", MAYA), **values)


class Talk:
    """A session over prepared answers, with what was asked."""

    def __init__(self, *answers: Any, token: Any = None, **extra: Any) -> None:
        self.transport = Answers(*answers)
        connection = Connection(
            conn_id="tiktok__brand",
            host="business-api.tiktok.com",
            password="brand-token-text",
            extra={**FULL, **extra},
        )
        self.waits: list[float] = []
        session = ApiSession(
            connection,
            classify=SOURCE.classify,
            adapter=self.transport,
            sleep=self.waits.append,
        )
        self.ctx = FetchContext(connection, session, WINDOW, {}, token)
        self.api = Api(self.ctx)

    def tokens(self) -> list[str | None]:
        """Access tokens of the requests; None for a renewal."""
        return [request.headers.get("Access-Token") for request in self.transport.requests]

    def bodies(self) -> list[Any]:
        return [json.loads(r.body) for r in self.transport.requests if r.body]


def test_a_request_carries_token_version_and_json_parameters() -> None:
    talk = Talk(envelope(videos=[]))
    fields = {"fields": ["item_id", "likes"], "filters": {"video_ids": ["7"]}, "max_count": 20}
    talk.api.ask_account(MAYA, "business/video/list", fields)
    (request,) = talk.transport.requests
    assert request.url == (
        "https://business-api.tiktok.com/open_api/v1.3/business/video/list/?business_id=_000maya"
        "&fields=%5B%22item_id%22%2C%22likes%22%5D"
        "&filters=%7B%22video_ids%22%3A%5B%227%22%5D%7D&max_count=20"
    )
    assert request.headers["Access-Token"] == OLD
    assert "Authorization" not in request.headers


def test_the_marketplace_is_asked_with_the_brands_token_and_the_country() -> None:
    talk = Talk(envelope(videos=[]))
    talk.api.ask_brand("tto/tcm/report", {"campaign_id": "7619"}, country="US")
    (request,) = talk.transport.requests
    assert request.headers["Access-Token"] == "brand-token-text"
    assert request.headers["Country-Code"] == "US"
    assert "tto_tcm_account_id=7491&campaign_id=7619" in str(request.url)


@pytest.mark.parametrize("code", [40102, "40105"])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(code: Any) -> None:
    talk = Talk(envelope(code, "expired"), renewal(), envelope(videos=[]), envelope(videos=[]))
    talk.api.ask_account(MAYA, "business/video/list", {})
    talk.api.ask_account(MAYA, "business/video/list", {})
    assert talk.tokens() == [OLD, None, NEW, NEW]
    assert talk.bodies() == [
        {
            "client_id": "7001",
            "client_secret": "app-secret-text",
            "refresh_token": LOGIN,
            "grant_type": "refresh_token",
        }
    ]
    assert talk.waits == []


def test_an_account_with_a_refresh_token_alone_starts_with_a_renewal() -> None:
    talk = Talk(renewal(), envelope(), accounts={MAYA: {"refresh_token": LOGIN}})
    talk.api.ask_account(MAYA, "business/get", {})
    assert talk.tokens() == [None, NEW]


def test_a_rotated_refresh_token_is_used_for_the_next_renewal() -> None:
    talk = Talk(
        envelope(*REFUSED),
        renewal(NEW, LOGIN_2),
        envelope(),
        envelope(*REFUSED),
        renewal(NEWEST, LOGIN_2),
        envelope(),
    )
    talk.api.ask_account(MAYA, "business/get", {})
    talk.api.ask_account(MAYA, "business/get", {})
    assert talk.tokens() == [OLD, None, NEW, NEW, None, NEWEST]
    assert [body["refresh_token"] for body in talk.bodies()] == [LOGIN, LOGIN_2]


def test_an_unrotated_refresh_token_stays_although_the_session_cuts_it_out() -> None:
    talk = Talk(
        envelope(*REFUSED), renewal(), envelope(), envelope(*REFUSED), renewal(NEWEST), envelope()
    )
    talk.api.ask_account(MAYA, "business/get", {})
    talk.api.ask_account(MAYA, "business/get", {})
    assert [body["refresh_token"] for body in talk.bodies()] == [LOGIN, LOGIN]


def test_accounts_have_tokens_of_their_own() -> None:
    talk = Talk(envelope(*REFUSED), renewal(), envelope(), envelope())
    talk.api.ask_account(MAYA, "business/get", {})
    talk.api.ask_account(LENA, "business/get", {})
    assert talk.tokens() == [OLD, None, NEW, "act.lena.token"]


class Keeper:
    """A keeper whose stored token outlives the run, as the warehouse's does."""

    def __init__(self, stored: str | None = None) -> None:
        self.stored = stored

    def __call__(self, refresh: RefreshToken, rejected: str | None = None) -> str:
        if self.stored is None or self.stored == rejected:
            before = None if self.stored is None else TokenGrant(self.stored)
            try:
                self.stored = refresh(before).access_token
            except BadCredentials:
                self.stored = refresh(None).access_token
        return self.stored


def test_what_another_task_renewed_is_used_and_nobody_elses_pair_is_lost() -> None:
    stored = json.dumps({MAYA: [NEW, LOGIN_2], LENA: ["act.lena.kept", "rft.lena.kept"]})
    keeper = Keeper(stored)
    talk = Talk(envelope(*REFUSED), envelope(), token=keeper)
    talk.api.ask_account(MAYA, "business/get", {})
    assert talk.tokens() == [OLD, NEW]
    assert keeper.stored == stored


def test_a_kept_token_that_has_ended_is_renewed_in_its_turn() -> None:
    keeper = Keeper(json.dumps({MAYA: [NEW, LOGIN_2], LENA: ["act.l", "rft.l"]}))
    talk = Talk(
        envelope(*REFUSED), envelope(*REFUSED), renewal(NEWEST, "rft.3"), envelope(), token=keeper
    )
    talk.api.ask_account(MAYA, "business/get", {})
    assert talk.tokens() == [OLD, NEW, None, NEWEST]
    assert talk.bodies()[0]["refresh_token"] == LOGIN_2
    assert json.loads(str(keeper.stored)) == {
        MAYA: [NEWEST, "rft.3", ""],
        LENA: ["act.l", "rft.l", ""],
    }


def test_a_grant_tells_when_the_first_account_must_log_in_again() -> None:
    """A year of 31,536,000 s for maya; lena's is nearer, that of an account that left is not hers.

    TikTok's grants end by a refusal, so the access token's own end stays unknown.
    """
    grants: list[TokenGrant] = []

    def keep(refresh: RefreshToken, rejected: str | None = None) -> str:
        pairs = {LENA: ["act.l", "rft.l", "2026-12-01T00:00:00+00:00"]}
        gone = {"_000gone": ["act.g", "rft.g", "2026-11-06T00:00:00+00:00"]}
        last = grants[-1] if grants else TokenGrant(json.dumps({**pairs, **gone}))
        grants.append(refresh(last))
        return grants[-1].access_token

    year = {"refresh_token_expires_in": 31_536_000}
    talk = Talk(envelope(*REFUSED), renewal(**year), envelope(), token=keep)
    talk.api.ask_account(MAYA, "business/get", {})
    alone = Talk(
        envelope(*REFUSED),
        renewal(NEWEST, **year),
        envelope(),
        token=keep,
        accounts={MAYA: FULL["accounts"][MAYA]},
    )
    alone.api.ask_account(MAYA, "business/get", {})
    first, second = (grant.refresh_expires_at for grant in grants)
    assert first == dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    assert second is not None
    left = second - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=364, hours=23, minutes=59) < left <= dt.timedelta(days=365)
    assert [grant.expires_at for grant in grants] == [None, None]


def test_a_new_login_in_the_connection_replaces_a_dead_kept_one() -> None:
    keeper = Keeper(json.dumps({MAYA: [NEW, "rft.dead"], LENA: ["act.l", "rft.l"]}))
    talk = Talk(
        renewal(),
        envelope(),
        accounts={MAYA: {"refresh_token": LOGIN}},
        token=keeper,
    )
    talk.transport.answers[:0] = [envelope(*REFUSED), envelope(40107, "Invalid refresh token")]
    talk.api.ask_account(MAYA, "business/get", {})
    assert [body["refresh_token"] for body in talk.bodies()] == ["rft.dead", LOGIN]
    assert json.loads(str(keeper.stored))[LENA] == ["act.l", "rft.l", ""]


def test_the_run_keeper_refreshes_only_what_was_rejected() -> None:
    keeper, grants = RunKeeper(), iter([TokenGrant("one"), TokenGrant("two")])
    assert keeper(lambda grant: next(grants)) == "one"
    assert keeper(lambda grant: next(grants), "other") == "one"
    assert keeper(lambda grant: next(grants), "one") == "two"


@pytest.mark.parametrize(
    ("answers", "extra", "said"),
    [
        ([envelope(*REFUSED)], {"accounts": {MAYA: {"access_token": OLD}}}, "wrong or was revoked"),
        ([envelope(*REFUSED)], {"client_id": ""}, "missing in extra: client_id"),
        ([envelope(*REFUSED), envelope(40103, "expired")], {}, "must log in again"),
        (
            # Whatever is renewed, the API refuses it.
            [
                *(envelope(*REFUSED), renewal(), envelope(*REFUSED), renewal(NEWEST)),
                *(envelope(*REFUSED), renewal("act.third.token")),
            ],
            {},
            "Access token is incorrect",
        ),
        ([envelope(*REFUSED), renewal(open_id="_000x")], {}, "belongs to '_000x'"),
        ([], {"accounts": {MAYA: {}}}, "has no token for '_000maya'"),
        ([], {"accounts": {MAYA: "text"}}, "has no token for '_000maya'"),
        ([], {"accounts": [MAYA]}, "must be an object"),
    ],
)
def test_credentials_that_do_not_help_name_connection_and_account(
    answers: list[Any], extra: dict[str, Any], said: str
) -> None:
    talk = Talk(*answers, **extra)
    with pytest.raises(BadCredentials, match=said) as failed:
        talk.api.ask_account(MAYA, "business/get", {})
    message = str(failed.value)
    assert "tiktok__brand" in message
    assert not any(text in message for text in (OLD, NEW, LOGIN, "app-secret-text"))
    assert talk.waits == []


def test_a_renewal_without_a_token_is_asked_again_by_the_task() -> None:
    talk = Talk(envelope(*REFUSED), envelope(open_id=MAYA))
    with pytest.raises(Truncated, match="no access token"):
        talk.api.ask_account(MAYA, "business/get", {})


def test_what_is_kept_of_a_renewal_holds_no_secret() -> None:
    talk = Talk(envelope(*REFUSED), renewal(), envelope(item="1"))
    page = talk.api.ask_account(MAYA, "business/get", {})
    kept = json.dumps(page.request) + page.body.decode()
    assert not any(text in kept for text in (OLD, NEW, LOGIN, "app-secret-text"))


@pytest.mark.parametrize(
    "page", [{"has_more": False, "cursor": 0}, {"page_info": {"total_number": 3}}, {"cursor": 7}]
)
def test_a_page_without_its_list_is_asked_again_and_never_taken_for_an_empty_one(
    page: dict[str, Any],
) -> None:
    whole = {**page, "videos": []}
    talk = Talk(envelope(**page), envelope(**whole))
    assert talk.api.ask_account(MAYA, "business/video/list", {}).document["data"] == whole
    # An empty list may also come as null.
    null = Talk(envelope(**{**page, "videos": None}))
    assert null.api.ask_account(MAYA, "business/video/list", {}).document["data"]["videos"] is None
    lasting = Talk(*(envelope(**page) for _ in range(5)))
    with pytest.raises(Truncated, match="'tiktok__brand': the page holds no list"):
        lasting.api.ask_account(MAYA, "business/video/list", {})


def test_a_throttled_call_waits_and_goes_on() -> None:
    limited = (40100, "App 7001 reaches the QPS limit 10, current QPS is 11")
    talk = Talk(envelope(*limited), envelope("40132", "limited"), envelope(videos=[]))
    talk.api.ask_account(MAYA, "business/video/list", {})
    assert len(talk.waits) == 2
    assert 0.5 <= talk.waits[0] <= 1.0 <= talk.waits[1] <= 2.0


@pytest.mark.parametrize("extra", [{"tto_tcm_account_id": ""}, {"tto_tcm_account_id": None}])
def test_without_a_marketplace_account_the_permission_is_missing(extra: dict[str, Any]) -> None:
    with pytest.raises(MissingScope, match=r"'tiktok__brand'.*tto_tcm_account_id"):
        Talk(**extra).api.ask_brand("tto/tcm/campaign", {})


def test_a_connection_that_names_nothing_says_what_to_set() -> None:
    with pytest.raises(BadCredentials, match=r"'tiktok'.*extra\.accounts"):
        connected_accounts(Connection("tiktok"))


def test_a_creator_that_is_not_there_is_an_answer_but_a_missing_account_is_not() -> None:
    gone = (40007, "Does not exist")
    talk = Talk(envelope(*gone), envelope(*gone))
    assert talk.api.ask_creator("tto/tcm/creator/public", "maya", {}).document["code"] == 40007
    with pytest.raises(BadRequest, match=r"business/get.*40007"):
        talk.api.ask_account(MAYA, "business/get", {})
