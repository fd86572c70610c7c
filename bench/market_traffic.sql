-- Web traffic of days {from_day} to {to_day}: GA4's reports, and what Instagram tells of each post.
create table market.traffic as
with

bought as (
    select
        visits.day, visits.channel, visits.member_no, count(*) as purchases,
        sum(visits.subtotal) as revenue
    from (
        select orders.day, orders.subtotal, visits.channel, visits.member_no
        from market.orders
        inner join market.visits on orders.number = visits.number and visits.visit = 1
        where orders.day between {from_day} and {to_day}
    ) as visits
    group by visits.day, visits.channel, visits.member_no
),

seen as (
    select day, channel, cast(null as bigint) as member_no
    from generate_series({from_day}, {to_day}) as day
    cross join unnest(array['search', 'direct', 'email', 'paid_search', 'paid_social']) as channel
    union all
    select day, 'creator', member_no from market.active where day between {from_day} and {to_day}
)

select
    seen.day,
    channels.ga4_source,
    channels.ga4_medium,
    coalesce(members.campaign_id, channels.ga4_campaign) as ga4_campaign,
    coalesce(members.creator_id, '(not set)') as ga4_content,
    case when channels.utm_source is null then '/' else '/collections/all' end as landing,
    coalesce(bought.purchases, 0) as purchases,
    coalesce(bought.revenue, 0) as revenue,
    coalesce(bought.purchases, 0) * 35
    + floor(40 * market.chance(seen.day * 2048 + coalesce(seen.member_no, 2047), 60))::bigint
        as sessions
from seen
left join bought
    on
        seen.day = bought.day
        and seen.channel = bought.channel
        and seen.member_no is not distinct from bought.member_no
inner join market.channels on seen.channel = channels.channel
left join market.members on seen.member_no = members.member_no;
insert into raw.ga4__sessions
select
    'ga4', '1', market.on_day(day)::date, ga4_source, ga4_medium, ga4_campaign, ga4_content,
    landing, sum(sessions), sum(sessions) * 6 / 10, sum(sessions) * 50, sum(sessions) / 2,
    sum(purchases) * 3, sum(purchases) * 2, sum(purchases), sum(revenue), sum(purchases), 'USD',
    'UTC', false, false, false, null, ''::bytea, market.on_day(day + 1), (day + 1) * 100 + 8,
    market.on_day(day + 1)
from market.traffic
group by day, ga4_source, ga4_medium, ga4_campaign, ga4_content, landing;
insert into raw.ga4__session_totals
select
    'ga4', '1', market.on_day(day)::date, sum(sessions), sum(sessions) * 6 / 10,
    sum(sessions) * 50, sum(purchases) * 3, sum(purchases) * 2, sum(purchases), sum(revenue),
    sum(purchases), sum(sessions), 'USD', 'UTC', false, false, false, null, ''::bytea,
    market.on_day(day + 1), (day + 1) * 100 + 9, market.on_day(day + 1)
from market.traffic
group by day;
insert into raw.ga4__source_sessions
select
    'ga4', '1', market.on_day(day)::date, ga4_source, ga4_medium, ga4_campaign, ga4_content,
    sum(sessions), sum(sessions) * 6 / 10, sum(sessions) * 50, sum(purchases) * 3,
    sum(purchases) * 2, sum(purchases), sum(revenue), sum(purchases), null, (day + 1) * 100 + 9,
    market.on_day(day + 1)
from market.traffic
group by day, ga4_source, ga4_medium, ga4_campaign, ga4_content;
insert into raw.ga4__first_user_acquisition
select
    'ga4', '1', market.on_day(day)::date, ga4_source, ga4_medium, ga4_campaign, ga4_content,
    sum(sessions) / 2, sum(sessions), sum(sessions), sum(sessions) * 6 / 10, sum(purchases),
    sum(revenue), sum(purchases), 'USD', 'UTC', false, false, false, null, ''::bytea,
    market.on_day(day + 1), (day + 1) * 100 + 11, market.on_day(day + 1)
from market.traffic
group by day, ga4_source, ga4_medium, ga4_campaign, ga4_content;
insert into raw.ga4__geography
select
    'ga4', '1', market.on_day(day)::date, 'United States', region, ga4_campaign, ga4_content,
    sum(sessions) / 3, sum(sessions) / 5, sum(purchases) / 3, sum(revenue) / 3, 'USD', 'UTC', false,
    false, false, null, ''::bytea, market.on_day(day + 1), (day + 1) * 100 + 12,
    market.on_day(day + 1)
from market.traffic
cross join unnest(array['California', 'New York', 'Texas']) as region
group by day, region, ga4_campaign, ga4_content;
insert into raw.ga4__key_events
select
    'ga4', '1', market.on_day(day)::date, 'purchase', ga4_source, ga4_medium, ga4_campaign,
    ga4_content, sum(purchases), sum(purchases), 'USD', 'UTC', false, false, false, null, ''::bytea,
    market.on_day(day + 1), (day + 1) * 100 + 13, market.on_day(day + 1)
from market.traffic
group by day, ga4_source, ga4_medium, ga4_campaign, ga4_content
having sum(purchases) > 0;
drop table market.traffic;
-- One purchase in seven never reaches GA4 (consent, blockers).
insert into raw.ga4__transactions
select
    'ga4', '1', orders.created_at::date, orders.name, visits.ga4_source, visits.ga4_medium,
    visits.ga4_campaign, visits.ga4_content, visits.ga4_source, visits.ga4_medium,
    visits.ga4_campaign, 1, orders.subtotal, 0, 'USD', 'UTC', false, false, false, null, '',
    market.on_day(orders.day + 1), (orders.day + 1) * 100 + 10, market.on_day(orders.day + 1)
from market.orders
inner join market.named_visits as visits on orders.number = visits.number and visits.visit = 1
where
    orders.day between {from_day} and {to_day}
    and market.chance(orders.number, 61) < 0.86
order by orders.number;
-- The last three days are read again and have a few more sessions by now.
update raw.ga4__sessions
set sessions = sessions + 1, _load_id = ({to_day} + 1) * 100 + 8
where date between market.on_day({to_day} - 3)::date and market.on_day({to_day} - 1)::date;
update raw.ga4__session_totals
set sessions = sessions + 1, _load_id = ({to_day} + 1) * 100 + 9
where date between market.on_day({to_day} - 3)::date and market.on_day({to_day} - 1)::date;
update raw.ga4__source_sessions
set sessions = sessions + 1, _load_id = ({to_day} + 1) * 100 + 9
where date between market.on_day({to_day} - 3)::date and market.on_day({to_day} - 1)::date;
-- posts: read daily while a campaign runs and a month after it, at most 90 days
create table market.read as
select
    posts.*, read_day,
    floor(posts.final_views * (1 - exp(-(read_day - posts.day + 1) / 6.0)))::bigint as views,
    case
        when posts.is_promised
            then 'Two weeks with @brand, use code ' || posts.code || ' #brand' || posts.campaign_no
            || ' #ad'
        else 'A quiet morning'
    end as caption
from market.posts
cross join lateral generate_series(
    greatest(posts.day, {from_day}), least(posts.day + 89, posts.end_day + 30, {to_day})
) as read_day;
insert into raw.instagram__media
select
    'instagram', market.on_day(read_day), market.on_day(read_day + 1), 'api', media_id,
    '178' || creator_no, handle, caption,
    case when media_product_type = 'REELS' then 'VIDEO' else 'IMAGE' end, media_product_type,
    'https://www.instagram.com/p/' || media_id || '/', media_id, market.on_day(day) + interval '17 hours',
    views / 20, views / 200, null, '', (read_day + 1) * 100 + 15, market.on_day(read_day + 1)
from market.read
where is_own_account
order by read_day;
insert into raw.instagram__media_insights (
    connection_id, window_start, captured_at, captured_at_source, media_id, account_id,
    media_product_type, reach, views, likes, comments, shares, saved, total_interactions,
    metric_definition, _content_hash, _load_id, _loaded_at
)
select
    'instagram', market.on_day(read_day), market.on_day(read_day + 1), 'api', media_id,
    '178' || creator_no, media_product_type, views * 7 / 10, views, views / 20, views / 200,
    views / 150, views / 100, views / 20 + views / 200 + views / 150 + views / 100,
    'instagram_views_2025', '', (read_day + 1) * 100 + 16, market.on_day(read_day + 1)
from market.read
where is_own_account and is_promised and (read_day - day <= 30 or (read_day - day) % 7 = 0)
order by read_day;
insert into raw.instagram__discovered_media
select
    'instagram', market.on_day(read_day), market.on_day(read_day + 1), 'api', media_id, handle,
    caption, case when media_product_type = 'REELS' then 'VIDEO' else 'IMAGE' end,
    media_product_type, 'https://www.instagram.com/p/' || media_id || '/',
    market.on_day(day) + interval '17 hours', views / 20, views / 200, views, null, '',
    (read_day + 1) * 100 + 18, market.on_day(read_day + 1)
from market.read
where not is_own_account
order by read_day;
insert into raw.instagram__comments
select
    'instagram', '180' || (post_no * 64 + comment), media_id, '178' || creator_no, null,
    md5((post_no * 64 + comment)::text), 'Does it work for dry skin? ' || comment,
    market.on_day(day) + comment * interval '90 minutes', 1, false, null, '',
    market.on_day(day + 1), (day + 1) * 100 + 19, market.on_day(day + 1)
from market.posts
cross join lateral generate_series(1, case when is_promised then 30 else 6 end) as comment
where is_own_account and day between {from_day} and {to_day};
create table market.followed as
select distinct on (creator_no, day) members.*, day
from market.members
cross join lateral generate_series(
    greatest(start_day - 20, {from_day}), least(end_day + 30, {to_day})
) as day;
insert into raw.instagram__accounts
select
    'instagram', market.on_day(day), market.on_day(day + 1), 'api', '178' || creator_no, handle,
    'Creator ' || creator_no, followers + day, 300, 200, null, '', (day + 1) * 100 + 14,
    market.on_day(day + 1)
from market.followed
where is_own_account;
insert into raw.instagram__discovered_accounts
select
    'instagram', market.on_day(day), market.on_day(day + 1), 'api', handle, '178' || creator_no,
    'Creator ' || creator_no, followers + day, 300, 200, null, null, '', (day + 1) * 100 + 17,
    market.on_day(day + 1)
from market.followed
where not is_own_account;
drop table market.read, market.followed, market.touched, market.loaded
