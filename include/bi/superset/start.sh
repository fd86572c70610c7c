#!/bin/sh
# The container's start: a key of its own on first use, metadata, login, dashboard, then the server.
set -eu
umask 077
if [ ! -s /state/secret ]; then
    python -c 'import secrets; print(secrets.token_hex(32))' > /state/secret
fi
GROUNDSWELL_SUPERSET_SECRET=$(cat /state/secret)
GROUNDSWELL_SUPERSET_METADATA=sqlite:////state/superset.db
export GROUNDSWELL_SUPERSET_SECRET GROUNDSWELL_SUPERSET_METADATA
superset db upgrade
superset init
printf %s "$GROUNDSWELL_ADMIN_PASSWORD" | python session.py admin
python session.py folder
exec gunicorn --bind 0.0.0.0:8088 --workers 1 --threads 8 --timeout 120 "superset.app:create_app()"
