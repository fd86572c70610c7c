-- A market drawn whole before any of it is loaded: schema `market` knows every order, visit, refund
-- and post of all days, raw gets them day by day (market_load.sql). Day 364 is {last_date} in every
-- market, so that a month and a year end with the same campaigns. Each draw depends on a row's
-- number and a purpose alone: no order of rows, no plan, no size of batch changes it.
drop schema if exists market cascade;
create schema market;
create function market.chance(number bigint, purpose bigint) returns double precision
language sql immutable parallel safe
return (hashint8extended(number, purpose + {seed}) & 2147483647) / 2147483648.0::float8;
create function market.on_day(day bigint) returns timestamptz
language sql immutable parallel safe
return timestamptz '{last_date} 00:00+00' + (day - 364) * interval '1 day';
create table market.campaigns as
select
    number as campaign_no,
    'campaign_' || number as campaign_id,
    {newest_start} - number * {newest_start} / {campaigns} as start_day,
    {newest_start} - number * {newest_start} / {campaigns} + 59 as end_day
from generate_series(0, {campaigns} - 1) as number;
-- Each fifth creator works in two campaigns.
create table market.members as
select
    row_number() over (order by campaigns.campaign_no, creators.number) - 1 as member_no,
    campaigns.*,
    creators.number as creator_no,
    'creator_' || creators.number as creator_id,
    'creator.' || creators.number as handle,
    'C' || campaigns.campaign_no || 'N' || creators.number as code,
    creators.number % 3 = 0 as is_own_account,
    5000 + floor(45000 * market.chance(creators.number, 1) ^ 2)::bigint as followers
from generate_series(0, {creators} - 1) as creators (number)
inner join market.campaigns
    on
        creators.number % {campaigns} = campaigns.campaign_no
        or (creators.number % 5 = 0 and (creators.number + 1) % {campaigns} = campaigns.campaign_no);
-- Whose links and codes bring somebody on a day; bio links do for a while after the end.
create table market.active as
select
    days.day,
    members.member_no,
    row_number() over (
        partition by days.day order by market.chance(members.member_no, 2)
    ) - 1 as place,
    count(*) over (partition by days.day) as places
from generate_series({first_day}, {drawn_day}) as days (day)
inner join market.members
    on days.day between members.start_day + 5 and members.end_day + 20;
alter table market.active add primary key (day, place);
create table market.skus as
select
    number as sku_no,
    'SKU-' || number as sku,
    round((12 + 60 * market.chance(number, 3))::numeric, 2) as price
from generate_series(0, 199) as number;
-- What the shop's journey and GA4 call a channel; a creator's campaign and name come from its link.
create table market.channels (
    channel, source, referrer_url, utm_source, utm_medium, utm_campaign, ga4_source, ga4_medium,
    ga4_campaign
) as
values
('creator', 'Instagram', 'https://l.instagram.com/', 'instagram', 'influencer', null, 'instagram',
    'influencer', null),
('search', 'Google', 'https://www.google.com/', null, null, null, 'google', 'organic', '(organic)'),
('direct', 'direct', null, null, null, null, '(direct)', '(none)', '(direct)'),
('email', 'unknown', null, 'klaviyo', 'email', 'weekly_letter', 'klaviyo', 'email',
    'weekly_letter'),
('paid_search', 'Google', 'https://www.google.com/', 'google', 'cpc', 'brand_terms', 'google',
    'cpc', 'brand_terms'),
('paid_social', 'Facebook', 'https://l.facebook.com/', 'facebook', 'paid_social', 'retargeting',
    'facebook', 'paid_social', 'retargeting');
-- orders
create table market.drawn as
select
    number,
    number / {orders_per_day} as day,
    market.on_day(number / {orders_per_day})
    + number % {orders_per_day} * interval '1 day' / {orders_per_day} as created_at,
    case
        when market.chance(number, 10) < 0.40
            then
                number - 1
                - floor(
                    market.chance(number, 11)
                    * least(number - {first_day} * {orders_per_day}::bigint, 60 * {orders_per_day})
                )::bigint
        else number
    end as customer_no,
    market.chance(number, 12) < 0.13 as is_guest,
    market.chance(number, 13) < 0.965 as is_web,
    case
        when market.chance(number, 14) < 0.46 then 1
        when market.chance(number, 14) < 0.72 then 2
        when market.chance(number, 14) < 0.95 then 3
        else 4
    end as visit_count,
    case
        when market.chance(number, 15) < 0.08
            then number / {orders_per_day} + 1 + floor(25 * market.chance(number, 16))::bigint
    end as refund_day,
    market.chance(number, 17) < 0.45 as is_refunded_whole,
    1 + (market.chance(number, 18) < 0.4)::int + (market.chance(number, 18) < 0.1)::int as line_count
from generate_series(
    {first_day} * {orders_per_day}::bigint, ({drawn_day} + 1) * {orders_per_day}::bigint - 1
) as number;
create table market.visits as
with

visits as (
    select
        drawn.number,
        visit,
        drawn.created_at
        - (visit - 1 + market.chance(drawn.number * 4 + visit, 20))
        * case when visit = 1 then interval '40 minutes' else interval '4 days' end
            as occurred_at,
        market.chance(drawn.number * 4 + visit, 21) as drawn_channel,
        drawn.day,
        market.chance(drawn.number * 4 + visit, 22) as drawn_place
    from market.drawn
    cross join lateral generate_series(1, drawn.visit_count) as visit
    where drawn.is_web
)

-- Of a place's visitors more come to the first ones: creators differ in how well they sell.
select
    visits.number,
    visits.visit,
    visits.occurred_at,
    case when visits.drawn_channel < 0.09 then active.member_no end as member_no,
    case
        when visits.drawn_channel < 0.09 and active.member_no is not null then 'creator'
        when visits.drawn_channel < 0.36 then 'search'
        when visits.drawn_channel < 0.62 then 'direct'
        when visits.drawn_channel < 0.76 then 'email'
        when visits.drawn_channel < 0.87 then 'paid_search'
        else 'paid_social'
    end as channel
from visits
left join (select distinct day, places from market.active) as days
    on visits.day = days.day
left join market.active
    on visits.day = active.day and active.place = floor(days.places * visits.drawn_place ^ 1.5);
create index on market.visits (number);
create view market.named_visits as
select
    visits.number,
    visits.visit,
    visits.occurred_at,
    channels.source,
    channels.referrer_url,
    channels.utm_source,
    channels.utm_medium,
    coalesce(members.campaign_id, channels.utm_campaign) as utm_campaign,
    members.creator_id as utm_content,
    channels.ga4_source,
    channels.ga4_medium,
    coalesce(members.campaign_id, channels.ga4_campaign) as ga4_campaign,
    coalesce(members.creator_id, '(not set)') as ga4_content
from market.visits
inner join market.channels on visits.channel = channels.channel
left join market.members on visits.member_no = members.member_no;
-- The newest creator of an order's visits gives its code to half of those orders; 2 % bring a code
-- without a visit that anybody saw, 4 % the shop's own.
create table market.codes as
with

newest as (
    select distinct on (number) number, member_no
    from market.visits
    where member_no is not null
    order by number, visit
),

given as (
    select
        drawn.number,
        case
            when newest.member_no is not null and market.chance(drawn.number, 31) < 0.5
                then newest.member_no
            when market.chance(drawn.number, 32) < 0.02 then active.member_no
        end as member_no,
        market.chance(drawn.number, 33) < 0.04 as has_own_code
    from market.drawn
    left join newest on drawn.number = newest.number
    left join (select distinct day, places from market.active) as days on drawn.day = days.day
    left join market.active
        on
            drawn.day = active.day
            and active.place = floor(days.places * market.chance(drawn.number, 34))
    where drawn.is_web
)

select
    given.number,
    coalesce(members.code, 'WELCOME10') as code,
    case when members.code is null then 0.10 else 0.15 end as discount_rate
from given
left join market.members
    on
        given.member_no = members.member_no
where members.code is not null or given.has_own_code;
create table market.lines as
select
    drawn.number,
    line,
    skus.sku_no,
    skus.price,
    round(skus.price * (1 - coalesce(codes.discount_rate, 0)), 2) as discounted,
    round(skus.price * (1 - coalesce(codes.discount_rate, 0)) * 0.06, 2) as tax,
    drawn.refund_day is not null and (line = 1 or drawn.is_refunded_whole) as is_returned
from market.drawn
left join market.codes on drawn.number = codes.number
cross join lateral generate_series(1, drawn.line_count) as line
inner join market.skus on skus.sku_no = floor(200 * market.chance(drawn.number * 4 + line, 40) ^ 2);
create table market.orders as
select
    drawn.*,
    money.*,
    case when drawn.is_web and money.subtotal < 50 then 5.95 else 0 end as shipping,
    case
        when not drawn.is_guest
            then row_number() over (
                partition by drawn.customer_no, drawn.is_guest order by drawn.number
            )
    end as customer_order_index,
    '6' || lpad(drawn.number::text, 12, '0') as order_id,
    '#' || drawn.number as name,
    case when not drawn.is_guest then '7' || lpad(drawn.customer_no::text, 12, '0') end
        as customer_id
from market.drawn
inner join (
    select
        number as of_number,
        sum(price) as listed,
        sum(discounted) as subtotal,
        sum(tax) as tax,
        coalesce(sum(discounted + tax) filter (where is_returned), 0) as refunded
    from market.lines
    group by number
) as money on drawn.number = money.of_number;
create index on market.orders (day);
create index on market.orders (refund_day);
drop table market.drawn;
-- posts
-- Three promised pieces (one creator in twenty forgets the last), and one other post a week.
create table market.posts as
with

wanted as (
    select
        members.*,
        piece,
        case
            when piece <= 3 then members.start_day + 15 * piece - 5
            else members.start_day - 20 + 7 * (piece - 4)
        end as planned_day
    from market.members
    cross join generate_series(1, 14) as piece
)

select
    wanted.member_no * 16 + wanted.piece as post_no,
    wanted.*,
    '179' || lpad((wanted.member_no * 16 + wanted.piece)::text, 14, '0') as media_id,
    wanted.piece <= 3 as is_promised,
    case when wanted.piece = 1 then 'REELS' else 'FEED' end as media_product_type,
    wanted.planned_day + floor(3 * market.chance(wanted.member_no * 16 + wanted.piece, 50))::bigint
        as day,
    wanted.followers * (0.2 + 0.8 * market.chance(wanted.member_no * 16 + wanted.piece, 51))
        as final_views
from wanted
where wanted.piece <> 3 or market.chance(wanted.member_no, 52) >= 0.05;
alter table market.posts add primary key (post_no);
analyze
