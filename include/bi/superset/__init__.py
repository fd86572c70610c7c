"""A Superset dashboard of the five questions, as code: see docs/superset.md.

`description` says what is on it, `bundle` writes Superset's own export format from that, `server`
runs a Superset in an environment of its own, `session` is what runs inside that environment.
"""
