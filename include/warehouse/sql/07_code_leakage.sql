-- What the leak scores write between the two dbt groups, one row per campaign, code and owner.
create table if not exists analysis.code_leakage (
    campaign_id text not null,
    code_key text not null,
    creator_id text not null,
    leak_class text not null,
    leak_score numeric not null,
    reasons text,
    compromised_from_date date,
    before_post_use_count bigint not null,
    before_post_score numeric,
    before_post_expected_count numeric,
    coupon_site_score numeric,
    coupon_site_expected_count numeric,
    off_post_use_count bigint not null,
    off_post_judged_count bigint not null,
    off_post_score numeric,
    off_post_expected_count numeric,
    returning_score numeric,
    returning_expected_count numeric,
    abroad_score numeric,
    abroad_expected_count numeric,
    sessionless_score numeric,
    sessionless_expected_count numeric,
    solve_id text not null,
    solved_at timestamptz not null,
    primary key (campaign_id, code_key, creator_id)
);
alter table analysis.code_leakage owner to transformer;
comment on table analysis.code_leakage is
'Leak scores per campaign, code and owner: class, score, parts beside sibling codes, since when.';
