"""Published marts written by hand, with the columns that reviews and alerts read: campaign spring.

The week of Monday 9 March 2026 and the one before. ana sold 4 orders for 200.00 and before that 1
for 50.00; bo sold 1 for 30.00 and 3 for 90.00.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from include.warehouse.connection import connect

if TYPE_CHECKING:
    from tests.conftest import Warehouse

MONDAY = dt.date(2026, 3, 9)
SOURCES = ("ga4", "shopify")

MARTS = """
create table marts.mart_creator_campaign_daily (
    campaign_id text, creator_id text, creator_name text, metric_date date, currency_code text,
    attribution_model text, rule_version text, credited_order_count numeric,
    net_revenue_by_order_date_amount numeric, delivered_cost_amount numeric,
    published_post_count bigint, has_fallen boolean, as_of_date date, session_count bigint,
    session_purchase_count bigint
);
insert into marts.mart_creator_campaign_daily values
('spring', 'ana', 'Ana', '2026-03-03', 'EUR', 'linear', 'all', 1, 50, 20, 1, false, '2026-03-15'),
('spring', 'bo', 'Bo', '2026-03-08', 'EUR', 'linear', 'all', 3, 90, 10, 0, false, '2026-03-15'),
('spring', 'ana', 'Ana', '2026-03-09', 'EUR', 'linear', 'all', 3, 150, 0, 0, false, '2026-03-15'),
('spring', 'ana', 'Ana', '2026-03-15', 'EUR', 'linear', 'all', 1, 50, 5, 1, false, '2026-03-15'),
('spring', 'bo', 'Bo', '2026-03-12', 'EUR', 'linear', 'all', 1, 30, 0, 0, true, '2026-03-15'),
-- beyond the week: never counted
('spring', 'bo', 'Bo', '2026-03-16', 'EUR', 'linear', 'all', 9, 999, 9, 9, true, '2026-03-15');

create table marts.mart_creator_scorecard (
    campaign_id text, campaign_name text, creator_id text, creator_name text,
    attribution_model text, rule_version text, currency_code text, credited_order_count numeric,
    net_revenue_amount numeric, cost_amount numeric, roas numeric, roas_low numeric,
    roas_high numeric
);
insert into marts.mart_creator_scorecard values
('spring', 'Spring', 'ana', 'Ana', 'linear', 'all', 'EUR', 5, 250, 25, 10, 4, 20),
('spring', 'Spring', 'bo', 'Bo', 'linear', 'all', 'EUR', 4, 120, 10, 12, 3, 30),
('spring', 'Spring', 'bo', 'Bo', 'markov', 'all', 'EUR', 4, 120, 10, 99, 3, 99);

create table marts.mart_deliverable_status (
    campaign_id text, deliverable_id text, creator_id text, creator_name text,
    deliverable_status text, due_date date, published_date date, late_day_count int,
    disclosure_status text, permalink text, platform text default 'tiktok',
    content_format text default 'reel'
);
insert into marts.mart_deliverable_status values
('spring', 'ana_1', 'ana', 'Ana', 'live', '2026-03-04', '2026-03-03', 0, 'absent', 'https://x/1'),
('spring', 'ana_2', 'ana', 'Ana', 'late', '2026-03-14', '2026-03-15', 1, 'caption', 'https://x/2'),
-- taken down: nobody can label it any more
('spring', 'ana_3', 'ana', 'Ana', 'removed', '2026-03-05', '2026-03-05', 0, 'absent', 'https://x/3'),
('spring', 'bo_1', 'bo', 'Bo', 'missing', '2026-03-10', null, 5, null, null),
('spring', 'bo_2', 'bo', 'Bo', 'late', '2026-03-01', '2026-03-02', 1, 'caption', 'https://x/4');

create table marts.mart_code_leakage (
    campaign_id text, code text, creator_id text, leak_class text, leak_score numeric,
    reasons text, suggested_compromised_from_date date, first_date date
);
insert into marts.mart_code_leakage values
('spring', 'BO10', 'bo', 'leaked', 9, 'coupon sites', '2026-03-11', '2026-03-01'),
('spring', 'ANA10', 'ana', 'clean', 0.1, null, null, '2026-03-01');

create table marts.mart_restatements (
    campaign_id text, attribution_model text, metric_date date, measured_date date, cause text,
    is_restated boolean, net_revenue_difference_amount numeric
);
insert into marts.mart_restatements values
('spring', 'linear', '2026-03-05', '2026-03-10', 'refund', true, -20),
('spring', 'linear', '2026-03-05', '2026-03-17', 'refund', true, -99);
"""

ADVICE = """
create table marts.mart_budget_recommendation (
    campaign_id text, line_type text, creator_id text, phase text, recommended_action text,
    action_reason text, moved_amount numeric, piece_count bigint, p_best numeric,
    attribution_model text default 'linear', rule_version text default 'all',
    creator_name text generated always as (initcap(creator_id)) stored,
    expected_gain_low numeric, expected_gain_amount numeric, expected_gain_high numeric
);
insert into marts.mart_budget_recommendation (
    campaign_id, line_type, creator_id, phase, recommended_action, action_reason, moved_amount,
    piece_count, p_best, expected_gain_low, expected_gain_amount, expected_gain_high
) values
('spring', 'creator', 'ana', 'shift', 'shift', 'best with P = 0.91', 100, 1, 0.91, -10, 60, 140),
('spring', 'creator', 'bo', 'shift', 'shift', 'returns 0.40', -100, 0, 0.09, null, null, null),
('spring', 'new_creator', null, 'shift', 'keep', 'nobody', 0, 0, null, null, null, null),
('spring', 'unspent', null, 'shift', 'keep', 'kept', 0, 0, null, null, null, null);
-- not the campaign's own model: never asked about
insert into marts.mart_budget_recommendation (
    campaign_id, line_type, creator_id, action_reason, moved_amount, attribution_model
) values ('spring', 'creator', 'bo', 'x', 999, 'markov');
"""


def publish_week(transformer: psycopg.Connection, *, with_advice: bool = True) -> None:
    """Make the marts and the publication of 15 March that holds them."""
    transformer.execute(MARTS.encode())
    if with_advice:
        transformer.execute(ADVICE.encode())
    transformer.execute(
        """
        insert into quality.measure_runs (day, as_of_date, run_id, status, version)
        values ('2026-03-15', '2026-03-15', 'r', 'published', 7);
        insert into quality.publications (version, measure_run_id, marts, as_of_date, is_current)
        select 7, measure_run_id, '{}', as_of_date, true from quality.measure_runs
        """
    )


def arrive(loader: psycopg.Connection, days: range, sources: tuple[str, ...] = SOURCES) -> None:
    """Let sources arrive for days of the week: 0 is Monday."""
    for number in days:
        for source in sources:
            loader.execute(
                "insert into quality.source_arrivals (source, day, run_id) values (%s, %s, 'r')",
                [source, MONDAY + dt.timedelta(days=number)],
            )


def clear(warehouse: Warehouse) -> None:
    """Take away what a test wrote; a whole reset makes two hundred raw tables anew each time."""
    with connect(warehouse.admin_dsn) as admin:
        made = admin.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('marts', 'core')"
        ).fetchall()
        for schema, table in made:
            admin.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, table)))
        admin.execute(
            """
            truncate quality.campaign_reviews, quality.review_findings, quality.budget_decisions,
            quality.alerts, quality.source_arrivals, quality.expectation_results,
            quality.publications, quality.measure_runs, quality.measure_run_loads,
            secrets.oauth_token
            """
        )
