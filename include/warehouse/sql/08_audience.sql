-- What the audience scores write between the two dbt groups, one row per account of a campaign.
create table if not exists analysis.audience_scores (
    campaign_id text not null,
    creator_id text not null,
    platform text not null,
    handle text not null,
    snapshot_count bigint not null,
    first_snapshot_date date,
    last_snapshot_date date,
    spike_count bigint,
    first_spike_date date,
    spike_follower_count numeric,
    spike_share numeric,
    spike_score numeric,
    peer_count bigint not null,
    measured_post_count bigint not null,
    engagement_ratio_high numeric,
    engagement_score numeric,
    comment_count bigint not null,
    generic_comment_count bigint not null,
    duplicate_comment_count bigint not null,
    generic_score numeric,
    duplicate_score numeric,
    audience_score numeric,
    is_alert boolean not null,
    solve_id text not null,
    solved_at timestamptz not null,
    primary key (campaign_id, creator_id, platform, handle)
);
-- Rows of before judged every comment; the next run replaces them.
alter table analysis.audience_scores add column if not exists judged_comment_count bigint;
alter table analysis.audience_scores owner to transformer;
comment on table analysis.audience_scores is
'Signs of a bought audience per campaign and account: parts, score, and what they were counted from.';
