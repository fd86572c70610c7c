"""Instagram: stories, account days, tags, comments, metric lists by date, renewal of tokens."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from include.errors import BadCredentials, BadRequest, MissingScope, RateLimited
from include.http.redact import REDACTED
from include.ingest import day_window, stream_window
from include.sources._base import (
    Connection,
    FetchContext,
    Page,
    RefreshToken,
    TokenGrant,
    Window,
)
from include.sources.instagram import SOURCE, account_days, client, graph, metrics, token

UTC = dt.UTC
BRAND, MAYA = "17841400000000001", "17841460000000123"
DAY = day_window("2026-11-04", "America/New_York")
SIX_HOURS = stream_window(SOURCE.stream("stories"), "2026-11-04T06", "America/New_York")
Answers = Callable[[str, dict[str, Any]], dict[str, Any]]


class FakeGraph:
    """Answers by path and parameters; a document with `error` comes with status 400."""

    def __init__(self, answers: Answers) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here asks for a pause")

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
        path = path.removeprefix("/v26.0/")
        self.asked.append((path, params))
        document = self._answers(path, params)
        status = 400 if "error" in document else 200
        return Page(json.dumps(document).encode(), status, DAY.end, "api", {}, document=document)


def run(
    name: str, answers: Answers, window: Window, **fields: Any
) -> tuple[list[dict[str, Any]], FakeGraph]:
    """Run a stream against the answers; rows are parsed from landed pages, as in a replay."""
    session, stream = FakeGraph(answers), SOURCE.stream(name)
    connection = Connection(conn_id="instagram__brand", password="t", **fields)
    lookback = stream.lookback_of(window.key)
    read = Window(start=window.start - lookback, end=window.end, key=window.key)
    ctx = FetchContext(connection=connection, session=session, window=read)  # type: ignore[arg-type]
    rows: list[dict[str, Any]] = []
    for page in stream.fetch(ctx):
        landed = json.loads(json.dumps(dict(page.context)))
        again = Page(page.body, page.status, page.captured_at, "api", {}, context=landed)
        rows += map(dict, stream.parse(json.loads(page.body), again))
    return rows, session


def accounts(*ids: str) -> dict[str, Any]:
    return {"data": [{"id": f"1{i}", "instagram_business_account": {"id": i}} for i in ids]}


# Stories

STORY = {
    "id": "18040112233445566",
    "media_type": "VIDEO",
    "media_product_type": "STORY",
    "permalink": "https://www.instagram.com/stories/maya.moves/18040112233445566",
    "timestamp": "2026-11-04T09:31:07+0000",
    "username": "maya.moves",
}
NAVIGATION = {
    "name": "navigation",
    "values": [{"value": 25}],
    "total_value": {
        "value": 25,
        "breakdowns": [
            {
                "dimension_keys": ["story_navigation_action_type"],
                "results": [
                    {"dimension_values": ["tap_forward"], "value": 19},
                    {"dimension_values": ["tap_exit"], "value": 6},
                ],
            }
        ],
    },
}


def story_answers(insights: Answers, *stories: dict[str, Any]) -> Answers:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path.endswith("/stories"):
            return {"data": list(stories)}
        return insights(path, params)

    return answers


def all_insights(path: str, params: dict[str, Any]) -> dict[str, Any]:
    if params["metric"] == "navigation":
        assert params["breakdown"] == "story_navigation_action_type"
        return {"data": [NAVIGATION]}
    names = params["metric"].split(",")
    return {"data": [{"name": n, "values": [{"value": i}]} for i, n in enumerate(names)]}


def test_a_story_is_one_row_of_listing_insights_and_navigation() -> None:
    ((row,), session) = run("stories", story_answers(all_insights, STORY), SIX_HOURS)
    assert row == {
        "media_id": STORY["id"],
        "account_id": MAYA,
        "media_product_type": "STORY",
        "username": "maya.moves",
        "media_type": "VIDEO",
        "permalink": STORY["permalink"],
        "timestamp": "2026-11-04T09:31:07+00:00",
        "reach": 0,
        "views": 1,
        "shares": 2,
        "reposts": 3,
        "total_interactions": 4,
        "profile_visits": 5,
        "follows": 6,
        "replies": 7,
        "link_clicks": 8,
        "navigation": 25,
        "tap_forward": 19,
        "tap_exit": 6,
        "metric_definition": "instagram_views_2025",
        "refused_metrics": None,
        "unavailable_reason": None,
    }
    assert [path for path, _ in session.asked][:2] == ["me/accounts", f"{MAYA}/stories"]


def test_a_story_published_after_the_window_belongs_to_the_next() -> None:
    late = {**STORY, "timestamp": "2026-11-04T12:00:00+0000"}
    edge = {**STORY, "id": "2", "timestamp": "2026-11-04T11:59:59+0000"}
    rows, _ = run("stories", story_answers(all_insights, late, edge), SIX_HOURS)
    assert [row["media_id"] for row in rows] == ["2"]


def test_too_few_viewers_are_a_reason_and_navigation_is_not_asked_for() -> None:
    def refuse(path: str, params: dict[str, Any]) -> dict[str, Any]:
        assert params["metric"] != "navigation"
        return {"error": {"code": 10, "message": "(#10) Not enough viewers for the media"}}

    ((row,), _) = run("stories", story_answers(refuse, STORY), SIX_HOURS)
    assert row["unavailable_reason"] == "not_enough_viewers"
    assert "reach" not in row
    assert row["permalink"] == STORY["permalink"]


def test_refused_navigation_is_named_and_the_rest_is_kept() -> None:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["metric"] == "navigation":
            return {"error": {"code": 100, "message": "(#100) not supported"}}
        return all_insights(path, params)

    ((row,), _) = run("stories", story_answers(answer, STORY), SIX_HOURS)
    assert (row["refused_metrics"], row["reach"]) == ("navigation", 0)
    assert "navigation" not in row


def test_windows_of_six_hours_are_cut_in_utc() -> None:
    stories = SOURCE.stream("stories")
    window = stream_window(stories, "2026-11-01T06", "America/New_York")
    start = dt.datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert window == Window(start, start + dt.timedelta(hours=6), "2026-11-01T06")
    for key in ("2026-11-01", "2026-11-01T05", "2026-11-01T06:00"):
        with pytest.raises(ValueError):  # noqa: PT011  # some words are the standard library's
            stream_window(stories, key, "UTC")
    assert stream_window(SOURCE.stream("media"), "2026-11-01", "UTC") == day_window(
        "2026-11-01", "UTC"
    )


def test_a_day_has_every_stream_but_those_with_windows_of_their_own() -> None:
    day = {stream.name for stream in SOURCE.part().streams}
    assert day == {stream.name for stream in SOURCE.streams} - {"stories"}
    assert [stream.name for stream in SOURCE.part("stories").streams] == ["stories"]
    with pytest.raises(KeyError, match="reels"):
        SOURCE.part("reels")


# Metric lists


def test_the_date_decides_which_metrics_a_story_has() -> None:
    before = metrics.metrics_of("STORY", dt.date(2026, 6, 21)).metrics
    since = metrics.metrics_of("STORY", dt.date(2026, 6, 22)).metrics
    assert set(since) - set(before) == {"link_clicks"}
    assert metrics.metrics_of("STORY", dt.date(2020, 1, 1)).metrics == before
    assert metrics.metrics_of("AD", dt.date(2026, 6, 22)).product_type == "FEED"
    assert "profile_visits" not in metrics.metrics_of("REELS", dt.date(2026, 6, 22)).metrics


def test_the_window_and_not_the_clock_chooses_the_list() -> None:
    window = stream_window(SOURCE.stream("stories"), "2026-06-21T12", "UTC")
    old = {**STORY, "timestamp": "2026-06-21T12:31:07+0000"}
    _, session = run("stories", story_answers(all_insights, old), window)
    assert not any("link_clicks" in params.get("metric", "") for _, params in session.asked)


# Account insights


def test_days_end_at_midnight_pacific_also_when_clocks_change() -> None:
    window = day_window("2026-11-03", "America/New_York")
    read = Window(window.start - dt.timedelta(days=3), window.end, window.key)
    days = account_days.ended_days(read)
    # 31 October (UTC-7), 1 November with 25 hours, 2 November (UTC-8); the 3rd is not over.
    assert [
        (d.date.day, d.start.astimezone(UTC).hour, d.end.astimezone(UTC).hour) for d in days
    ] == [
        (31, 7, 7),
        (1, 7, 8),
        (2, 8, 8),
    ]
    assert days[1].end.astimezone(UTC) - days[1].start.astimezone(UTC) == dt.timedelta(hours=25)


def account_answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
    if params["metric"] == "follows_and_unfollows":
        results = [
            {"dimension_values": ["FOLLOWER"], "value": 11},
            {"dimension_values": ["NON_FOLLOWER"], "value": 4},
        ]
        total = {"value": 15, "breakdowns": [{"results": results}]}
        return {"data": [{"name": "follows_and_unfollows", "total_value": total}]}
    names = params["metric"].split(",")
    entries = [{"name": n, "period": "day", "total_value": {"value": 224}} for n in names]
    return {"data": [*entries[1:], {"name": "reach", "period": "day", "total_value": {}}]}


def test_each_metric_of_a_day_is_a_row_and_a_missing_one_is_none() -> None:
    rows, session = run("account_insights", account_answer, DAY, extra={"account_id": BRAND})
    first = [row for row in rows if row["date"] == "2026-11-01"]
    assert {"views", "likes"} < {row["metric"] for row in first}
    assert "reach" not in {row["metric"] for row in first}
    follows = [(r["breakdown"], r["value"]) for r in first if "follows" in r["metric"]]
    assert follows == [("FOLLOWER", 11), ("NON_FOLLOWER", 4)]
    assert {row["end_time"] for row in first} == {"2026-11-02T08:00:00+00:00"}
    assert {row["account_id"] for row in rows} == {BRAND}
    assert len(session.asked) == 6  # three ended days, two answers each
    asked = session.asked[0][1]
    assert (asked["metric_type"], asked["period"]) == ("total_value", "day")
    assert asked["until"] - asked["since"] == 25 * 3600
    assert "breakdown" not in asked
    assert session.asked[1][1]["breakdown"] == "follow_type"


def test_a_metric_refused_for_the_account_is_left_out_on_the_next_days() -> None:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "reposts" in params["metric"]:
            return {"error": {"code": 100, "message": "(#100) metric[0] must be one of"}}
        return account_answer(path, params)

    rows, session = run("account_insights", answer, DAY, extra={"account_id": BRAND})
    assert "reposts" not in {row["metric"] for row in rows}
    assert {row["date"] for row in rows} == {"2026-11-01", "2026-11-02", "2026-11-03"}
    # First day: all, eleven alone, the accepted ten, follows; then all, accepted, follows.
    assert len(session.asked) == 14 + 3 + 3


def test_nothing_yet_is_no_row() -> None:
    rows, _ = run(
        "account_insights", lambda path, params: {"data": []}, DAY, extra={"account_id": BRAND}
    )
    assert rows == []


@pytest.mark.parametrize(
    ("which", "asked"), [(None, {BRAND}), ("brand", {BRAND}), ("connected", {BRAND, MAYA})]
)
def test_which_accounts_are_asked_is_the_connections_choice(
    which: str | None, asked: set[str]
) -> None:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(BRAND, MAYA) if path == "me/accounts" else account_answer(path, params)

    rows, _ = run(
        "account_insights", answer, DAY, extra={"account_id": BRAND, "account_insights": which}
    )
    assert {row["account_id"] for row in rows} == asked


def test_an_unknown_choice_names_the_allowed_ones() -> None:
    with pytest.raises(BadRequest, match=r"'all'; allowed: brand, connected"):
        run("account_insights", account_answer, DAY, extra={"account_insights": "all"})


# Tags and comments


def test_tags_end_where_all_posts_of_a_page_are_too_old() -> None:
    def page(day: str, after: str) -> dict[str, Any]:
        post = {"id": day, "username": "fan", "timestamp": f"{day}T10:00:00+0000"}
        paging = {"cursors": {"after": after}, "next": "https://graph.facebook.com/next"}
        return {"data": [post], "paging": paging}

    pages = {None: page("2026-11-01", "a"), "a": page("2026-07-01", "b")}
    rows, session = run(
        "tags", lambda path, params: pages[params.get("after")], DAY, extra={"account_id": BRAND}
    )
    assert [(row["id"], row["account_id"]) for row in rows] == [("2026-11-01", BRAND)]
    assert [path for path, _ in session.asked] == [f"{BRAND}/tags"] * 2


def comment(comment_id: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": comment_id, "text": "Love it", "username": "anna", "timestamp": at, **more}


def test_comments_and_replies_of_the_window_are_rows() -> None:
    reply = comment("r1", "2026-11-04T13:00:00+0000")
    newest = comment("c2", "2026-11-04T12:00:00+0000", replies={"data": [reply]}, like_count=2)
    older = comment("c1", "2026-11-02T12:00:00+0000")
    media = {"id": "m1", "comments": {"data": [newest, older]}}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        return {"data": [media, {"id": "m2"}]}

    rows, session = run("comments", answers, DAY)
    assert rows == [
        {
            "id": "c2",
            "media_id": "m1",
            "account_id": MAYA,
            "text": "Love it",
            "username": "anna",
            "timestamp": "2026-11-04T12:00:00+00:00",
            "like_count": 2,
        },
        {
            "id": "r1",
            "parent_id": "c2",
            "media_id": "m1",
            "account_id": MAYA,
            "text": "Love it",
            "username": "anna",
            "timestamp": "2026-11-04T13:00:00+00:00",
        },
    ]
    assert SOURCE.stream("comments").personal_keys == {"username"}
    asked = session.asked[1][1]
    assert asked["until"] - asked["since"] == 14 * 86_400
    assert "comments.limit(25){" in asked["fields"]


def test_more_comments_are_asked_for_until_they_are_too_old() -> None:
    def page(ids: list[tuple[str, str]], after: str | None) -> dict[str, Any]:
        paging = {"cursors": {"after": after}, "next": "https://graph.facebook.com/n"}
        edge: dict[str, Any] = {"data": [comment(i, at) for i, at in ids]}
        return {**edge, "paging": paging} if after else edge

    first = page([("c4", "2026-11-04T12:00:00+0000")], "k1")
    more = {
        "k1": page([("c3", "2026-11-04T11:00:00+0000")], "k2"),
        "k2": page([("c2", "2026-11-04T10:00:00+0000"), ("c1", "2026-10-01T10:00:00+0000")], "k3"),
    }

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path == "m1/comments":
            return more[params["after"]]
        return {"data": [{"id": "m1", "comments": first}]}

    rows, _ = run("comments", answers, DAY)
    assert [row["id"] for row in rows] == ["c4", "c3", "c2"]


def test_older_posts_are_looked_at_on_mondays() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": []}

    monday = day_window("2026-11-02", "America/New_York")
    _, session = run("comments", answers, monday)
    asked = session.asked[1][1]
    assert asked["until"] - asked["since"] == 90 * 86_400
    assert SOURCE.stream("comments").lookback_of("2026-11-02") == dt.timedelta(days=7)


# Access


def test_a_token_of_an_instagram_login_reaches_its_own_account() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": MAYA} if path == "me" else {"id": path, "username": "maya.moves"}

    rows, session = run("accounts", answers, DAY, host="graph.instagram.com")
    assert [path for path, _ in session.asked] == ["me", MAYA]
    assert rows[0]["id"] == MAYA


def test_named_minutes_stop_a_run_whatever_share_is_used() -> None:
    class Throttled(FakeGraph):
        def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
            entry = {"type": "instagram", "call_count": 12, "estimated_time_to_regain_access": 9}
            page = super().request(method, path, params=params)
            page.headers = {"X-Business-Use-Case-Usage": json.dumps({"1": [entry]})}
            return page

    ctx = FetchContext(
        connection=Connection(conn_id="instagram", password="t"),
        session=Throttled(lambda path, params: {"id": path}),  # type: ignore[arg-type]
        window=DAY,
    )
    reader = graph.Graph(ctx)
    reader.ask("1", {})
    with pytest.raises(RateLimited) as caught:
        reader.ask("1", {})
    assert caught.value.retry_after == 540


@pytest.mark.parametrize(
    ("code", "subcode", "kind"), [(3, None, MissingScope), (190, 492, BadCredentials)]
)
def test_further_codes_of_the_platform(code: int, subcode: int | None, kind: type) -> None:
    class Answer:
        conn_id, status_code, headers = "instagram", 400, {}
        document = {"error": {"code": code, "message": "no", "error_subcode": subcode}}  # noqa: RUF012

    assert isinstance(graph.classify(Answer()), kind)  # type: ignore[arg-type]


class TokenSession:
    """Answers one request and keeps it."""

    def __init__(self, document: Any, status: int = 200) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._document, self._status = document, status

    def request(self, method: str, path: str, *, params: Mapping[str, Any]) -> Page:
        self.asked.append((path, params))
        return Page(b"", self._status, DAY.end, "api", {}, document=self._document)


def renew(session: TokenSession, **fields: Any) -> TokenGrant:
    connection = Connection(conn_id="instagram__brand", password="old-token", **fields)
    return token.renewal(session, connection)(None)  # type: ignore[arg-type]


def test_each_login_has_its_own_exchange() -> None:
    document = {"access_token": "new-token", "token_type": "bearer", "expires_in": 5_183_944}
    instagram = TokenSession(document)
    fresh = renew(instagram, host="graph.instagram.com")
    assert instagram.asked == [
        (
            "/refresh_access_token",
            {"grant_type": "ig_refresh_token", "access_token": "old-token"},
        )
    ]
    assert fresh.access_token == "new-token"
    # 60 days, renewed 30 days before they are over.
    assert fresh.expires_at == DAY.end + dt.timedelta(seconds=5_183_944) - dt.timedelta(days=30)
    facebook = TokenSession({"access_token": "new-token"})
    app = {"client_id": "77", "client_secret": "hush", "api_version": "v25.0"}
    assert renew(facebook, extra=app).expires_at is None
    assert facebook.asked == [
        (
            "/v25.0/oauth/access_token",
            {
                "grant_type": "fb_exchange_token",
                "client_id": "77",
                "client_secret": "hush",
                "fb_exchange_token": "old-token",
            },
        )
    ]


def test_the_newest_token_is_the_one_that_is_renewed() -> None:
    session = TokenSession({"access_token": "third", "expires_in": 5_183_944})
    connection = Connection("instagram", host="graph.instagram.com", password="first")
    refresh = token.renewal(session, connection)  # type: ignore[arg-type]
    assert refresh(TokenGrant("second")).access_token == "third"
    assert session.asked[0][1]["access_token"] == "second"


def test_a_token_cut_out_of_the_answer_is_the_present_one() -> None:
    session = TokenSession({"access_token": REDACTED, "expires_in": 5_183_944})
    assert renew(session, host="graph.instagram.com").access_token == "old-token"


def test_a_token_too_young_to_be_renewed_is_kept_and_tried_again_the_next_day() -> None:
    refused = TokenSession({"error": {"code": 100, "message": "(#100) too young"}}, 400)
    kept = renew(refused, host="graph.instagram.com")
    assert kept == TokenGrant("old-token", DAY.end + dt.timedelta(days=1))


def test_a_short_life_is_not_renewed_with_every_request() -> None:
    session = TokenSession({"access_token": "new-token", "expires_in": 3_600})
    fresh = renew(session, host="graph.instagram.com")
    assert fresh.expires_at == DAY.end + dt.timedelta(days=1)


def test_what_cannot_be_renewed_says_why() -> None:
    with pytest.raises(BadRequest, match=r"extra\.client_id and extra\.client_secret not set"):
        renew(TokenSession({}))
    with pytest.raises(BadCredentials, match="no token to renew"):
        token.renew_token(TokenSession({}), Connection(conn_id="instagram"), None)  # type: ignore[arg-type]


class Keeper:
    """Gives tokens from a list; keeps what was said to be refused."""

    def __init__(self, *tokens: str) -> None:
        self.refused: list[str | None] = []
        self._tokens = list(tokens)

    def __call__(self, refresh: RefreshToken, rejected: str | None = None) -> str:
        self.refused.append(rejected)
        return self._tokens.pop(0)


class PickySession(FakeGraph):
    """Takes one token only."""

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
        if self.headers["Authorization"] != "Bearer good":
            raise BadCredentials("ended")
        return super().request(method, path, params=params)


def open_kept(keeper: Keeper, **extra: Any) -> graph.Graph:
    connection = Connection(conn_id="instagram", password="own", extra=extra)
    session: Any = PickySession(lambda path, params: {"id": path})
    return graph.Graph(FetchContext(connection, session, DAY, token=keeper))


def test_a_kept_token_that_is_refused_is_exchanged_once() -> None:
    keeper = Keeper("ended", "good")
    assert open_kept(keeper, renew_token=True).ask("1", {}).document == {"id": "1"}
    assert keeper.refused == [None, "ended"]
    with pytest.raises(BadCredentials):
        open_kept(Keeper("ended", "ended"), renew_token=True).ask("1", {})


def test_nobody_is_asked_for_a_token_unless_the_connection_wants_renewal() -> None:
    keeper = Keeper()
    with pytest.raises(BadCredentials):
        open_kept(keeper).ask("1", {})
    assert keeper.refused == []


def test_insights_of_posts_name_what_their_numbers_mean() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path.endswith("/media"):
            return {"data": [{**STORY, "media_product_type": "REELS"}]}
        return {"data": []}

    ((row,), _) = run("media_insights", answers, DAY)
    assert row["metric_definition"] == metrics.DEFINITION
    assert client.KEPT_DAYS == 90
