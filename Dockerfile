# One image for every service. Packages come from the full lock, by hash, as wheels.
FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.txt ./
ENV UV_PYTHON_DOWNLOADS=never
RUN python -m venv /venv \
    && sed -n '/^uv==/,/[^\\]$/p' requirements.txt > uv.txt \
    && /venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r uv.txt \
    && /venv/bin/uv pip sync --no-cache --require-hashes --no-build --compile-bytecode \
        --python /venv/bin/python requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home groundswell \
    && install --directory --owner=groundswell --mode=0700 /data /data/airflow
COPY --from=packages /venv /venv
WORKDIR /app
COPY .airflowignore pyproject.toml ./
COPY include include
COPY plugins plugins
COPY dbt_project dbt_project
COPY dags dags
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    OMP_NUM_THREADS=1 \
    OPENBLAS_NUM_THREADS=1 \
    GROUNDSWELL_DATA_DIR=/data \
    AIRFLOW_HOME=/data/airflow \
    AIRFLOW__CORE__EXECUTOR=LocalExecutor \
    AIRFLOW__CORE__PARALLELISM=8 \
    AIRFLOW__CORE__LOAD_EXAMPLES=False \
    AIRFLOW__CORE__DAGS_FOLDER=/app/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/app/plugins \
    AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST='[{"name": "groundswell", "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle", "kwargs": {"path": "/app"}}]' \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/data/logs/tasks \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=False \
    AIRFLOW__COSMOS__ENABLE_TELEMETRY=False \
    DBT_SEND_ANONYMOUS_USAGE_STATS=False \
    DO_NOT_TRACK=1 \
    GX_ANALYTICS_ENABLED=False \
    SCARF_ANALYTICS=False
# DAG files read dbt's manifest and never run dbt themselves; the rest of /app stays root's.
RUN python -m include.dbt_tasks parse \
    && mkdir -p dbt_project/logs \
    && chown -R groundswell dbt_project/target dbt_project/logs
USER groundswell
VOLUME /data
CMD ["airflow", "version"]
