-- What landing pages answered when somebody asked (python -m include.campaigns pages): the newest
-- answer of each. Marts read it, empty, from the start.
create table if not exists analysis.page_answers (
    connection_id text not null,
    landing_path text not null,
    asked_at timestamptz not null,
    is_answering bool not null,
    answer text not null,
    primary key (connection_id, landing_path)
);
alter table analysis.page_answers owner to transformer;
comment on table analysis.page_answers is
'Newest answer of each landing page, by the main shop of its campaigns and the path as planned.';
