"""Superset's configuration for the dashboard; Superset reads it by SUPERSET_CONFIG_PATH."""

from __future__ import annotations

import os

SECRET_KEY = os.environ["GROUNDSWELL_SUPERSET_SECRET"]
SQLALCHEMY_DATABASE_URI = os.environ["GROUNDSWELL_SUPERSET_METADATA"]
# A table shows what a mart has, not a first page of it; downloads likewise.
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
# bi_reader ends a statement after 60 s; the page says so a little later.
SUPERSET_WEBSERVER_TIMEOUT = 70
WTF_CSRF_ENABLED = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The browser asks this server alone: the policy also stops the pixel by which Superset's pages
# count their visitors elsewhere. Plain http is for loopback: others come through a proxy with TLS.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
