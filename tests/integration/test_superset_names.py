"""The queries behind the dashboard's tables: campaigns and creators by name, never two as one."""

from __future__ import annotations

from include.bi.superset.names import dataset_sql
from include.warehouse.connection import connect

MARTS = """
create table marts.mart_campaign_profile (campaign_id text, campaign_name text);
insert into marts.mart_campaign_profile values
    ('spring_eu', 'Spring'), ('spring_us', 'Spring'), ('summer', 'Summer');
create table marts.mart_creator_scorecard (
    campaign_id text, creator_id text, creator_name text, attribution_model text
);
insert into marts.mart_creator_scorecard
select campaign_id, creator_id, creator_name, attribution_model
from unnest(array['linear', 'last_touch']) as attribution_model,
    (values
        ('summer', 'ana', 'Ana'), ('summer', 'bo_1', 'Bo'), ('summer', 'bo_2', 'Bo'),
        ('spring_us', 'bo_1', 'Bo'), ('summer', 'cy', null)
    ) as creators (campaign_id, creator_id, creator_name);
create table marts.mart_attribution_comparison (campaign_id text, creator_id text);
insert into marts.mart_attribution_comparison values
    ('summer', 'ana'), ('summer', 'bo_1'), ('summer', 'bo_2'), ('summer', 'cy'),
    ('spring_us', 'bo_1'), ('spring_eu', 'new'), ('gone', null);
"""


def test_names_stand_for_ids_and_shared_ones_bring_theirs(clean_warehouse) -> None:
    with connect(clean_warehouse.admin_dsn) as admin:
        admin.execute(MARTS)
        query = dataset_sql("mart_attribution_comparison")
        assert query is not None
        rows = admin.execute(f"select campaign, creator from ({query}) as named").fetchall()  # type: ignore[arg-type]
        admin.rollback()
    assert sorted(rows, key=repr) == [
        ("Spring (spring_eu)", "new"),
        ("Spring (spring_us)", "Bo"),
        ("Summer", "Ana"),
        ("Summer", "Bo (bo_1)"),
        ("Summer", "Bo (bo_2)"),
        ("Summer", "cy"),
        ("gone", None),
    ]


def test_a_mart_without_names_is_read_as_it_is() -> None:
    assert dataset_sql("mart_attribution_reconciliation") is None
