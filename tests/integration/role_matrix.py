"""Who may do what in the warehouse: the matrix that the tests of the roles hold it to."""

from __future__ import annotations

from include.warehouse.ddl import ROLES

SCHEMAS = (
    "raw",
    "quarantine",
    "quality",
    "secrets",
    "staging",
    "intermediate",
    "core",
    "analysis",
    "marts_next",
    "marts",
    "marts_v7",
    "public",
)
OWNED = {
    "loader": {"raw", "quarantine", "secrets"},
    "transformer": {
        "staging",
        "intermediate",
        "core",
        "analysis",
        "marts_next",
        "marts",
        "marts_v7",
    },
}
USED = {
    "loader": {"quality"},
    "transformer": {"raw", "quality"},
    "bi_reader": {"marts"},
    "ui_reader": {"marts", "quality", "quarantine"},
    "airflow": set(),
}
DATABASES = {
    "warehouse": {
        "loader": {"CONNECT", "TEMPORARY"},
        "transformer": {"CONNECT", "TEMPORARY", "CREATE"},
        "bi_reader": {"CONNECT"},
        "ui_reader": {"CONNECT"},
        "airflow": set(),
    },
    "airflow": {
        "loader": set(),
        "transformer": set(),
        "bi_reader": set(),
        "ui_reader": set(),
        "airflow": {"CONNECT", "TEMPORARY", "CREATE"},
    },
    "postgres": {role: set() for role in ROLES},
    "template1": {role: set() for role in ROLES},
}
ALL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"})
READ = frozenset({"SELECT"})
WRITE = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
# The rights of loader, transformer, bi_reader, ui_reader, airflow: the order of ROLES.
NONE: frozenset[str] = frozenset()
TABLES = {
    "quality.load_windows": (WRITE, READ, NONE, READ, NONE),
    "quality.source_arrivals": (WRITE, READ, NONE, READ, NONE),
    "quality.measure_runs": (READ, WRITE, NONE, READ, NONE),
    "quality.measure_run_loads": (READ, WRITE, NONE, READ, NONE),
    "quality.publications": (READ, WRITE, NONE, READ, NONE),
    "quality.expectation_results": (WRITE, WRITE, NONE, READ, NONE),
    "quality.campaign_reviews": (READ, WRITE, NONE, READ, NONE),
    "quality.review_findings": (READ, WRITE, NONE, READ, NONE),
    "quality.budget_decisions": (READ, WRITE, NONE, READ, NONE),
    "quality.alerts": (WRITE, WRITE, NONE, READ, NONE),
    "quality.schema_versions": (READ, READ, NONE, READ, NONE),
    "quality.current_measure_run": (READ, READ, NONE, READ, NONE),
    "quality.pending_loads": (READ, READ, NONE, READ, NONE),
    "quality.newest_expectation_results": (READ, READ, NONE, READ, NONE),
    "quality.privacy_requests": (READ, READ, NONE, READ, NONE),
    "quarantine.rejects": (ALL, NONE, NONE, NONE, NONE),
    "secrets.privacy_requests": (ALL, NONE, NONE, NONE, NONE),
    "secrets.erased_subjects": (ALL, NONE, NONE, NONE, NONE),
    "secrets.oauth_token": (ALL, NONE, NONE, NONE, NONE),
    "raw.probe__rows": (ALL, READ, NONE, NONE, NONE),
    "staging.probe": (NONE, ALL, NONE, NONE, NONE),
    "intermediate.probe": (NONE, ALL, NONE, NONE, NONE),
    "core.probe": (NONE, ALL, NONE, NONE, NONE),
    "analysis.budget_recommendations": (NONE, ALL, NONE, NONE, NONE),
    "analysis.audience_scores": (NONE, ALL, NONE, NONE, NONE),
    "analysis.code_leakage": (NONE, ALL, NONE, NONE, NONE),
    "analysis.page_answers": (NONE, ALL, NONE, NONE, NONE),
    "analysis.lift_estimates": (NONE, ALL, NONE, NONE, NONE),
    "analysis.comment_scores": (NONE, ALL, NONE, NONE, NONE),
    "analysis.creator_estimates": (NONE, ALL, NONE, NONE, NONE),
    "analysis.rate_estimates": (NONE, ALL, NONE, NONE, NONE),
    "analysis.goal_projections": (NONE, ALL, NONE, NONE, NONE),
    "analysis.concentration_estimates": (NONE, ALL, NONE, NONE, NONE),
    "analysis.markov_solves": (NONE, ALL, NONE, NONE, NONE),
    "analysis.markov_removal_effects": (NONE, ALL, NONE, NONE, NONE),
    "analysis.markov_refits": (NONE, ALL, NONE, NONE, NONE),
    "analysis.day_readers": (NONE, ALL, NONE, NONE, NONE),
    "analysis.rebuilt_days": (NONE, ALL, NONE, NONE, NONE),
    "analysis.rebuilt_orders": (NONE, ALL, NONE, NONE, NONE),
    "analysis.restitched": (NONE, ALL, NONE, NONE, NONE),
    "analysis.restated_runs": (NONE, ALL, NONE, NONE, NONE),
    "analysis.order_states": (NONE, ALL, NONE, NONE, NONE),
    "analysis.restated_orders": (NONE, ALL, NONE, NONE, NONE),
    "analysis.credited_days": (NONE, ALL, NONE, NONE, NONE),
    "analysis.restatements": (NONE, ALL, NONE, NONE, NONE),
    "analysis.probe": (NONE, ALL, NONE, NONE, NONE),
    "marts_next.probe": (NONE, ALL, NONE, NONE, NONE),
    "marts_v7.mart_probe": (NONE, ALL, NONE, NONE, NONE),
    "marts.mart_probe": (NONE, ALL, READ, READ, NONE),
}


# Functions run with somebody else's rights where they say so; everybody may call what is not here.
FUNCTIONS = {
    "quarantine.payload_shape(bigint)": (True, False, False, True, False),
}
