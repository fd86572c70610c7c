-- Journeys of three touches in the mean, some of them older than the look-back. One touch in four is of
-- one of three channels that are no creator's. One order in twelve is refunded in part.
select setseed(0.4);
create table journeys as
select
    number,
    1 + cast(floor(ln(greatest(random(), 1e-12)) / ln(2.0 / 3)) as integer) as touch_count
from generate_series(1, {paths}) as number;
insert into core.fct_order
select
    'shopify',
    cast(5000000000 + number as text),
    '#' || number,
    timestamptz '2026-01-01' + number * interval '1 second' * (31536000.0 / {paths}),
    date '2026-01-01' + cast(number * 364::bigint / {paths} as integer),
    'kept',
    null,
    null,
    'USD'
from journeys;
insert into intermediate.int_orders_affected
select connection_id, order_id, false from core.fct_order;
insert into core.fct_order_sale
select connection_id, order_id, order_date, cast(random() * 200 as numeric(18, 2))
from core.fct_order;
insert into core.fct_order_sale
select connection_id, order_id, order_date + 10, -cast(random() * 20 as numeric(18, 2))
from core.fct_order
where random() < 1 / 12.0;
create table drawn as
select
    number,
    touch_count,
    place,
    floor(random() * 33 * 86400) * interval '1 second' as age,
    case
        when random() < 0.25
            then (array['direct', 'email', 'search'])[1 + cast(floor(random() * 3) as integer)]
        else 'creator_' || lpad(cast(floor({creators} * random() ^ 2) as text), 4, '0')
    end as channel
from journeys
cross join lateral generate_series(1, touch_count) as place;
insert into intermediate.int_order_touches
select
    'shopify',
    orders.order_id,
    'gid:moment:' || (number * 64::bigint + place),
    orders.ordered_at - age,
    orders.ordered_at,
    orders.ordered_at - age,
    true,
    10,
    case
        when channel = 'direct' then 'direct_visit'
        when channel in ('email', 'search') then 'referrer'
        else 'utm_link'
    end,
    case when channel like 'creator%' then 'utm_link' else '' end,
    null,
    'exact',
    case
        when channel = 'direct' then 'direct'
        when channel in ('email', 'search') then 'other_channel'
        else 'creator'
    end,
    channel,
    case when channel like 'creator%' then 'spring' end,
    case when channel like 'creator%' then channel end,
    30,
    7,
    'drop_unless_only',
    false,
    false
from drawn
inner join core.fct_order as orders on orders.order_id = cast(5000000000 + number as text);
drop table journeys;
drop table drawn;
analyze
