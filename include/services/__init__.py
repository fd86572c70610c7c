"""The processes behind the demo on one machine: Postgres, the sandbox, Airflow.

`python -m include.services up|down|clean|status|dsn|ui`. Production runs them in containers instead
(docker-compose.yml); nothing here is imported by a DAG.
"""
