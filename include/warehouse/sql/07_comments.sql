-- What the scoring of comments writes; the text itself stays in staging.
create table if not exists analysis.comment_scores (
    platform text not null,
    comment_id text not null,
    text_hash text not null,
    language_code text,
    sentiment_score numeric(5, 4) check (sentiment_score between -1 and 1),
    model_version text not null,
    scored_at timestamptz not null default transaction_timestamp(),
    primary key (platform, comment_id)
);
alter table analysis.comment_scores owner to transformer;
comment on table analysis.comment_scores is
'Language and sentiment of a comment; NULL where the language is not known or not scored.';
comment on column analysis.comment_scores.text_hash is 'Of the scored text: another text is scored anew.';
