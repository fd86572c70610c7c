-- The weekly review: what was said about a campaign's week, and what a person decided.
create table if not exists quality.campaign_reviews (
    campaign_id text not null,
    week_start_date date not null,
    week_end_date date not null,
    campaign_name text not null,
    currency_code text,
    attribution_model text not null,
    rule_version text not null,
    as_of_date date,
    publication_version int,
    missing_dates date[] not null default '{}',
    advice_reason text not null,
    run_id text not null,
    written_at timestamptz not null default clock_timestamp(),
    primary key (campaign_id, week_start_date)
);
comment on table quality.campaign_reviews is
'One row per campaign and week (Monday); written again by a rerun.';
comment on column quality.campaign_reviews.missing_dates
is 'Days of the week for which not every enabled source had arrived.';
comment on column quality.campaign_reviews.advice_reason
is 'Why a person was asked for a decision about the budget, or why nobody was.';

create table if not exists quality.review_findings (
    campaign_id text not null,
    week_start_date date not null,
    section text not null check (section in ('change', 'winner', 'risk')),
    position int not null,
    kind text not null,
    subject text not null,
    message text not null,
    value numeric,
    primary key (campaign_id, week_start_date, section, position),
    foreign key (campaign_id, week_start_date)
    references quality.campaign_reviews on delete cascade
);
comment on table quality.review_findings is
'The lines of a review, in the order in which they are read.';
comment on column quality.review_findings.subject
is 'What the line is about: a creator, a piece, a code; empty for the campaign as a whole.';

-- Kept when a review is written again: a decision is a person's.
create table if not exists quality.budget_decisions (
    campaign_id text not null,
    week_start_date date not null,
    proposal_key text not null,
    proposal jsonb not null,
    decision text not null default 'open'
    check (decision in ('open', 'approved', 'declined', 'no_decision')),
    decided_by text,
    decided_at timestamptz,
    note text,
    plan_change text,
    patch_path text,
    run_id text not null,
    asked_at timestamptz not null default clock_timestamp(),
    primary key (campaign_id, week_start_date, proposal_key),
    check ((decision = 'open') = (decided_at is null))
);
comment on table quality.budget_decisions is
'One row per proposal to move money that a person was asked about, and what became of it.';
comment on column quality.budget_decisions.proposal_key
is 'Hash of the moves: the same proposal is asked once.';
comment on column quality.budget_decisions.patch_path
is 'Where the change to the plan file lies as a patch; nothing applies it by itself.';

grant insert, update, delete on
quality.campaign_reviews, quality.review_findings, quality.budget_decisions to transformer;
grant select on
quality.campaign_reviews, quality.review_findings, quality.budget_decisions
to loader, transformer, ui_reader;
