-- What stands before the first day: the plan of all campaigns, one load per stream.
insert into quality.load_windows (
    load_id, source, stream, connection_id, partition_key, window_start, window_end, run_id,
    started_at, status, rows_merged, rows_deleted, loaded_at
) overriding system value
select
    number, 'campaign_plan', stream, 'campaign_plan', 'plan', market.on_day({first_day} - 1),
    market.on_day({first_day}), 'market', market.on_day({first_day}), 'loaded', 1, 0,
    market.on_day({first_day})
from unnest(array[
    'plan_versions', 'plan_days', 'campaigns', 'creators', 'creator_accounts', 'contracts',
    'deliverables', 'codes', 'links', 'goals'
]) with ordinality as streams (stream, number);
insert into raw.campaign_plan__plan_versions
select
    'campaign_plan', campaign_id, 'v1',
    jsonb_build_object('campaign', jsonb_build_object('id', campaign_id, 'required_phrases', '[]'::jsonb)),
    null, '', market.on_day({first_day}), 1, market.on_day({first_day})
from market.campaigns;
insert into raw.campaign_plan__plan_days
select
    'campaign_plan', market.on_day({first_day})::date,
    jsonb_object_agg(
        campaign_id, jsonb_build_object('creators', creators, 'plan_version', 'v1')
    ),
    null, '', market.on_day({first_day}), 2, market.on_day({first_day})
from (
    select campaign_id, jsonb_agg(creator_id order by member_no) as creators
    from market.members
    group by campaign_id
) as plans;
insert into raw.campaign_plan__campaigns (
    connection_id, campaign_id, plan_version, campaign_name, brand_name, brand_handles,
    shop_connection_id, further_shop_connection_ids, start_date, end_date, reporting_timezone,
    currency_code, hashtag, utm_campaign, lookback_days, lookback_days_by_evidence,
    default_attribution_model, default_rule_version, fulfilment_cost_rate, budget_amount,
    _content_hash, _captured_at, _load_id, _loaded_at
)
select
    'campaign_plan', campaign_id, 'v1', 'Campaign ' || campaign_no, 'Brand',
    '{"instagram": "brand"}', 'shopify', '[]', market.on_day(start_day)::date,
    market.on_day(end_day)::date, 'UTC', 'USD', '#brand' || campaign_no, campaign_id, 30, '{}',
    'last_touch', 'all', 0.12, 40000, '', market.on_day({first_day}), 3, market.on_day({first_day})
from market.campaigns;
insert into raw.campaign_plan__creators (
    connection_id, campaign_id, creator_id, creator_name, tier, country_code, _content_hash,
    _captured_at, _load_id, _loaded_at
)
select
    'campaign_plan', campaign_id, creator_id, 'Creator ' || creator_no, 'micro', 'US', '',
    market.on_day({first_day}), 4, market.on_day({first_day})
from market.members;
insert into raw.campaign_plan__creator_accounts
select
    'campaign_plan', campaign_id, creator_id, 'instagram', handle,
    case when is_own_account then 'own_account' else 'business_discovery' end, null, '',
    market.on_day({first_day}), 5, market.on_day({first_day})
from market.members;
insert into raw.campaign_plan__contracts (
    connection_id, campaign_id, creator_id, contract_id, fee_amount, product_cost_amount,
    shipping_cost_amount, product_sent_date, commission_rate, rule_version, signed_date,
    currency_code, commission_hold_days, commission_payouts, _content_hash, _captured_at, _load_id,
    _loaded_at
)
select
    'campaign_plan', campaign_id, creator_id, campaign_id || '.' || creator_id,
    round((100 + followers * 0.02)::numeric, 0), 18, 6, market.on_day(start_day - 3)::date,
    case when member_no % 4 = 0 then 0.1 else 0 end, 'all', market.on_day(start_day - 14)::date,
    'USD', 30, '[]', '', market.on_day({first_day}), 6, market.on_day({first_day})
from market.members;
insert into raw.campaign_plan__deliverables (
    connection_id, campaign_id, creator_id, deliverable_id, platform, content_format, planned_date,
    due_date, _content_hash, _captured_at, _load_id, _loaded_at
)
select
    'campaign_plan', members.campaign_id, members.creator_id,
    members.campaign_id || '.' || members.creator_id || '.' || piece, 'instagram',
    case when piece = 1 then 'reel' else 'feed' end,
    market.on_day(members.start_day + 15 * piece - 5)::date,
    market.on_day(members.start_day + 15 * piece - 1)::date,
    '', market.on_day({first_day}), 7, market.on_day({first_day})
from market.members
cross join generate_series(1, 3) as piece;
insert into raw.campaign_plan__codes
select
    'campaign_plan', campaign_id, creator_id, code, 0.15, null, market.on_day(start_day)::date,
    market.on_day(end_day + 21)::date, null, '', market.on_day({first_day}), 8,
    market.on_day({first_day})
from market.members;
insert into raw.campaign_plan__links
select
    'campaign_plan', campaign_id, creator_id, campaign_id || '.' || creator_id, 'instagram',
    'influencer', campaign_id, creator_id, market.on_day(start_day)::date, null, null, '',
    market.on_day({first_day}), 9, market.on_day({first_day})
from market.members;
insert into raw.campaign_plan__goals
select
    'campaign_plan', campaign_id, 'sales', 'units_sold', 'units', 'credited', 3000, null, null, '',
    market.on_day({first_day}), 10, market.on_day({first_day})
from market.campaigns
