"""The market's social network and web analytics: bands, counters, consent, lateness."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
from collections import Counter
from decimal import Decimal

import pytest

from include.campaigns.plan import CampaignPlan, load_plan
from include.sandbox.market_facts import Ga4Session
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT

PLAN = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@functools.cache
def market() -> Market:
    return build_market(PLAN, 7)


def after_campaign(days: int = 0) -> dt.datetime:
    day = PLAN.campaign.end_date + DAY * (1 + days)
    return dt.datetime.combine(day, dt.time(3), market().timezone).astimezone(dt.UTC)


def truth_of_creators() -> dict[str, dict[str, object]]:
    return {c["creator_id"]: c for c in market().truth(PLAN.campaign.end_date)["creators"]}


def test_engagement_lies_in_the_articles_bands() -> None:
    """(likes + comments + shares) ÷ reach is 3-8 %, except for bought audiences."""
    hollow = {name for name, c in truth_of_creators().items() if c["is_hollow"]}
    sums: dict[str, list[int]] = {c.id: [0, 0] for c in PLAN.creators}
    for post in market().posts_at(after_campaign()):
        if post.deliverable_id and post.product_type != "STORY" and post.creator_id:
            counters = market().counters_at(post.media_id, after_campaign())
            sums[post.creator_id][0] += counters.likes + counters.comments + counters.shares
            sums[post.creator_id][1] += counters.reach
    rates = {name: engaged / reach for name, (engaged, reach) in sums.items() if reach}
    assert all(0.03 <= rate <= 0.08 for name, rate in rates.items() if name not in hollow)
    assert all(rate < 0.02 for name, rate in rates.items() if name in hollow)
    assert 1 <= len(hollow) <= 3


def test_conversion_lies_in_the_articles_band() -> None:
    rates = [c["conversion_rate"] for c in truth_of_creators().values() if not c["is_hollow"]]
    assert all(0.02 <= float(str(rate)) <= 0.05 for rate in rates)


def test_followers_are_those_of_the_brief_and_the_brand_grows() -> None:
    start = after_campaign() - 61 * DAY
    for name in market().accounts[1:]:
        assert 5_000 <= market().account_at(name, start).followers <= 50_000
    brand = market().accounts[0]
    before = market().account_at(brand, start).followers
    growth = market().account_at(brand, after_campaign()).followers / before - 1
    assert 0.07 <= growth <= 0.12


def test_accounts_carry_kind_and_access_path() -> None:
    accounts = [market().account_at(name, after_campaign()) for name in market().accounts]
    assert Counter(a.kind for a in accounts) == {"brand": 1, "professional": 23, "personal": 2}
    paths = Counter(a.access_path for a in accounts[1:])
    assert paths["own_account"] == 8
    assert paths["partnership_content"] == 9
    assert paths["business_discovery"] == 6
    assert len({a.account_id for a in accounts}) == 26
    assert all(re.fullmatch(r"17841\d{12}", a.account_id) for a in accounts)
    assert market().account_at(accounts[3].username.upper(), after_campaign()) == accounts[3]
    with pytest.raises(KeyError, match="no account 'nobody'"):
        market().account_at("nobody", after_campaign())


def test_promised_pieces_are_late_missing_and_deleted() -> None:
    posts = [p for p in market().posts_at(after_campaign(30)) if p.deliverable_id]
    pieces = [d for c in PLAN.creators for d in c.deliverables]
    promised = {d.id: d for d in pieces if d.platform == "instagram"}
    assert len(posts) == len(promised) - 1  # one never came
    assert sum(p.deleted_at is not None for p in posts) == 1
    zone = market().timezone
    late = [
        (p.published_at.astimezone(zone).date() - promised[p.deliverable_id].planned_date).days
        for p in posts
        if p.deliverable_id
    ]
    assert min(late) == 0
    assert 1 <= max(late) <= 5
    assert 0.15 <= sum(days > 0 for days in late) / len(late) <= 0.40


def test_accounts_on_other_platforms_move_nothing_on_this_one() -> None:
    """The sample with its Instagram accounts and pieces alone has the very same market."""
    creators = [
        {
            **c.model_dump(),
            "accounts": [a.model_dump() for a in c.accounts if a.platform == "instagram"],
            "deliverables": [d.model_dump() for d in c.deliverables if d.platform == "instagram"],
        }
        for c in PLAN.creators
    ]
    alone = build_market(CampaignPlan(**{**PLAN.model_dump(), "creators": creators}), seed=7)
    at = after_campaign()
    assert len(PLAN.creators[0].accounts) == 3
    assert alone.posts_at(at) == market().posts_at(at)
    assert alone.orders_at(at) == market().orders_at(at)
    assert alone.ga4_sessions_at(at) == market().ga4_sessions_at(at)


def test_post_ids_are_unique_text_beyond_what_a_float_holds() -> None:
    posts = market().posts_at(after_campaign(50))
    assert len({p.media_id for p in posts}) == len({p.shortcode for p in posts}) == len(posts)
    assert all(int(p.media_id) > 2**53 and len(p.media_id) == 17 for p in posts)


def test_a_deleted_post_is_shown_as_such_only_afterwards() -> None:
    gone = next(p for p in market().posts_at(after_campaign(30)) if p.deleted_at)
    assert gone.deleted_at is not None
    before = market().posts_at(gone.deleted_at - HOUR)
    assert next(p for p in before if p.media_id == gone.media_id).deleted_at is None


def test_half_of_the_reach_comes_in_about_a_day_and_stories_end() -> None:
    for post in market().posts_at(after_campaign()):
        if post.published_at > after_campaign() - 25 * DAY:
            continue
        day = market().counters_at(post.media_id, post.published_at + DAY)
        end = market().counters_at(post.media_id, post.published_at + 120 * DAY)
        if post.product_type == "STORY":
            assert day == end
        elif post.deleted_at is None:
            assert 0.4 <= day.reach / end.reach <= 0.62


def test_counters_grow_but_likes_may_fall_a_little() -> None:
    falls = 0
    for post in market().posts_at(after_campaign()):
        series = [
            market().counters_at(post.media_id, post.published_at + n * DAY) for n in range(15)
        ]
        for earlier, later in itertools.pairwise(series):
            assert later.reach >= earlier.reach
            assert later.views >= earlier.views
            assert later.link_clicks >= earlier.link_clicks
            assert later.likes >= earlier.likes * 0.97
            falls += later.likes < earlier.likes
    assert falls > 0


def test_clicks_come_near_the_goal() -> None:
    """The brief wants 15,000 clicks; GA4 sees those that arrive and consent."""
    settled = market().ga4_sessions_at(after_campaign(3))
    last = PLAN.campaign.end_date
    seen = sum(r.sessions for r in settled if r.medium == "influencer" and r.date <= last)
    assert 12_000 * 0.9 * 0.6 <= seen <= 17_000 * 0.9 * 0.75


def totals(rows: list[Ga4Session], day: dt.date) -> tuple[int, int, Decimal]:
    found = [row for row in rows if row.date == day]
    revenue = sum((row.revenue for row in found), Decimal(0))
    return sum(r.sessions for r in found), sum(r.purchases for r in found), revenue


def test_web_rows_come_late_and_settle_within_two_days() -> None:
    day = PLAN.campaign.end_date
    at_run = totals(market().ga4_sessions_at(after_campaign()), day)
    next_day = totals(market().ga4_sessions_at(after_campaign(1)), day)
    settled = totals(market().ga4_sessions_at(after_campaign(2)), day)
    assert 0 < at_run[0] < next_day[0] < settled[0]
    assert at_run[1] <= next_day[1] <= settled[1]
    assert settled == totals(market().ga4_sessions_at(after_campaign(40)), day)


def test_sessions_transactions_and_key_events_tell_one_story() -> None:
    now = after_campaign(5)
    for day in (PLAN.campaign.end_date, PLAN.campaign.start_date + 20 * DAY):
        sessions = [r for r in market().ga4_sessions_at(now) if r.date == day]
        purchases = [t for t in market().ga4_transactions_at(now) if t.date == day]
        events = [e for e in market().ga4_key_events_at(now) if e.date == day]
        assert sum(r.purchases for r in sessions) == len(purchases)
        assert sum(r.revenue for r in sessions) == sum(t.revenue for t in purchases)
        assert sum(r.key_events for r in sessions) == sum(e.key_events for e in events)
        for row in sessions:
            assert row.purchases <= row.checkouts <= row.add_to_carts <= row.sessions
            assert row.engaged_sessions <= row.sessions
        keys = {(r.source, r.medium, r.campaign, r.content, r.landing_page) for r in sessions}
        assert len(keys) == len(sessions)


def test_the_share_of_orders_that_ga4_knows_is_the_consent_rate() -> None:
    now = after_campaign(5)
    web = [o for o in market().orders_at(now - 3 * DAY) if o.source_name == "web"]
    names = {t.transaction_id for t in market().ga4_transactions_at(now)}
    assert 0.60 <= sum(o.name in names for o in web) / len(web) <= 0.75
    assert "(not set)" in names
