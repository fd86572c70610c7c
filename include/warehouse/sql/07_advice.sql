-- What the weekly review says, written between the two dbt groups like the estimates.
create table if not exists analysis.budget_recommendations (
    campaign_id text not null,
    line_type text not null check (line_type in ('creator', 'new_creator', 'unspent')),
    creator_id text,
    attribution_model text not null,
    rule_version text not null,
    campaign_day int not null,
    phase text not null check (phase in ('watch', 'shift', 'scale')),
    recommended_action text not null,
    action_reason text not null,
    piece_count int not null,
    from_amount numeric not null,
    to_amount numeric not null,
    expected_gain_amount numeric,
    expected_gain_low numeric,
    expected_gain_high numeric,
    p_best numeric,
    p_top_3 numeric,
    p_above_target numeric,
    estimated_orders_per_piece numeric,
    orders_per_piece_low numeric,
    orders_per_piece_high numeric,
    estimated_next_piece_return numeric,
    next_piece_return_low numeric,
    next_piece_return_high numeric,
    break_even_fee_amount numeric,
    break_even_fee_low numeric,
    break_even_fee_high numeric,
    quoted_price_amount numeric,
    price_unavailable_reason text,
    margin_rate numeric,
    cost_coverage_rate numeric,
    credited_order_count numeric not null,
    post_count int not null,
    matured_post_count numeric not null,
    evidence_gate numeric not null,
    target_return numeric not null,
    exploration_rate numeric not null,
    solve_id text not null,
    solved_at timestamptz not null,
    unique nulls not distinct (campaign_id, line_type, creator_id)
);
-- Later columns come last, in old and new installations alike.
alter table analysis.budget_recommendations add column if not exists goal_order_count numeric;
alter table analysis.budget_recommendations add column if not exists p_above_goal numeric;
alter table analysis.budget_recommendations add column if not exists input_key text;
alter table analysis.budget_recommendations owner to transformer;
comment on table analysis.budget_recommendations is
'One line per campaign and creator, one on a new creator and one on money promised to nobody.';
comment on column analysis.budget_recommendations.input_key
is 'Hash of what the campaign''s review was made from: equal means nothing to review.';

create table if not exists analysis.concentration_estimates (
    campaign_id text not null primary key,
    attribution_model text not null,
    rule_version text not null,
    hhi_low numeric not null,
    hhi_high numeric not null,
    hhi_by_chance numeric not null,
    solve_id text not null,
    solved_at timestamptz not null
);
alter table analysis.concentration_estimates owner to transformer;
comment on table analysis.concentration_estimates is
'Concentration of expected net revenue: 90 % interval, and the index equal creators would show.';

create table if not exists analysis.goal_projections (
    campaign_id text not null,
    goal_id text not null,
    attribution_model text not null,
    rule_version text not null,
    final_date date,
    final_day_count int not null,
    live_piece_count int not null,
    planned_piece_count int not null,
    mean_delay_days numeric,
    actual_value numeric,
    target_to_date_value numeric,
    projected_end_low numeric,
    projected_end_value numeric,
    projected_end_high numeric,
    unavailable_reason text,
    goal_inconsistency text,
    solve_id text not null,
    solved_at timestamptz not null,
    primary key (campaign_id, goal_id)
);
alter table analysis.goal_projections owner to transformer;
comment on table analysis.goal_projections is
'Where each goal stands on final days and will end, in the goal''s unit, with a 90 % interval.';
