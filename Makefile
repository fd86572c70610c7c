# Every command of the project; `make help` lists them. Nothing but make and Python >= 3.11 is needed.
# The newest Python the lock was tried with comes first; `make PYTHON=/path/to/python` overrides.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && exit; \
	done; echo python3)
PY := .venv/bin/python
UV := .venv/bin/uv
# Whole modules go to one of so many processes, each with a Postgres of its own; `make test WORKERS=1`
# runs all in one.
WORKERS ?= 2
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# uv never fetches a Python of its own.
export UV_PYTHON_DOWNLOADS := never
# The solves multiply small matrices: a second thread of BLAS waits for the first and burns a core.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
# A shell's choice not to keep compiled files would make every start slow.
unexport PYTHONDONTWRITEBYTECODE PYTHONPATH
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-ui lint format metrics bench ui dsn status docs superset test-superset \
	down clean backup restore new-source lock

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

demo: preflight .venv/.synced ## the sample campaign, from API pages to a published scorecard
	@$(PY) -m include.demo

test: .venv/.synced ## unit, DAG, integration and end-to-end tests
	$(PYTEST) -m "not long and not ui"

test-long: .venv/.synced ## simulations, kills and fault runs
	$(PYTEST) -m "long and not ui"

# The system's Chromium; CHROMIUM=/path/to/it overrides. Screenshots go to .data/screenshots.
CHROMIUM ?= /usr/bin/chromium
test-ui: .venv/.synced ## the pages in a real browser, on a small stack
	@[ -x "$(CHROMIUM)" ] || { echo "test-ui needs Chromium at $(CHROMIUM):" \
		"apt-get install chromium, or make test-ui CHROMIUM=/path/to/chromium" >&2; exit 1; }
	CHROMIUM="$(CHROMIUM)" $(PY) -m pytest -m ui tests/ui

lint: .venv/.synced ## ruff, mypy, sqlfluff, the lock and the metrics page
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m sqlfluff lint --disable-progress-bar dbt_project/models
	$(PY) -m include.services.lockfile check
	$(PY) -m include.metrics_doc check

format: .venv/.synced ## let ruff and sqlfluff write the files
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(PY) -m sqlfluff fix --disable-progress-bar dbt_project/models

metrics: .venv/.synced ## write docs/metrics.md and the README's table of marts from dbt's YAML
	@$(PY) -m include.metrics_doc write

bench: .venv/.synced ## measure loading, attribution, models against known truth, and marts by size
	$(PY) bench/load.py
	$(PY) bench/streams.py
	$(PY) bench/merge.py
	$(PY) bench/replay.py
	$(PY) bench/attribution.py
	$(PY) bench/truth.py
	$(PY) bench/marts.py

ui: preflight .venv/.synced ## start Airflow on the data that is there; print address and login
	@$(PY) -m include.services ui

dsn: .venv/.synced ## print the read-only address for BI tools
	@$(PY) -m include.services dsn

status: .venv/.synced ## show what runs, on which port, with which log
	@$(PY) -m include.services status

docs: .venv/.synced ## build the documentation of every model as one page, without the internet
	@$(PY) -m include.docs_site

superset: .venv/.synced ## start Superset with the dashboard, in an environment of its own
	@$(PY) -m include.bi.superset.server serve

test-superset: .venv/.synced ## import the dashboard into a fresh Superset; each chart must tell the warehouse's value
	@$(PY) -m include.bi.superset.server test

down: ## stop every process that was started
	@if [ -x $(PY) ]; then $(PY) -m include.services down; fi

clean: ## stop everything and delete the data (.venv stays)
	@if [ -x $(PY) ]; then $(PY) -m include.services clean; fi

backup: .venv/.synced ## save warehouse, landing and secrets: make backup DIR=/backups/today
	@$(PY) -m include.backup save "$(DIR)"

restore: .venv/.synced ## bring a backup back into an empty place: make restore DIR=/backups/today
	@$(PY) -m include.backup restore "$(DIR)"

new-source: .venv/.synced ## start a connector: make new-source NAME=tiktok
	@$(PY) -m include.scaffold "$(NAME)"

lock: .venv/.synced ## resolve pyproject.toml into requirements.txt anew
	$(UV) pip compile -q --universal --no-build --generate-hashes --no-header \
		--python-version 3.11 --group dev pyproject.toml -o requirements.txt
	$(PY) -m include.services.lockfile stamp

.PHONY: preflight
.NOTPARALLEL: # checks come before what they are for
preflight:
	@$(PYTHON) -I include/services/preflight.py --with-services

# A virtual environment that does not run (another machine's, a removed Python) is made anew. uv comes
# first, by pip, under the very hashes of the lock; uv installs the rest.
.venv/.synced: requirements.txt
	@$(PYTHON) -I include/services/preflight.py
	@echo "installing the packages of requirements.txt into .venv"
	@$(PY) -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	@[ -x $(UV) ] || $(PY) -m pip install --quiet --disable-pip-version-check \
		--only-binary :all: --require-hashes -r .venv/uv.txt
	@$(UV) pip sync --quiet --require-hashes --no-build --compile-bytecode \
		--python $(PY) requirements.txt
	@touch $@
