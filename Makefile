VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for one in python3.11 python3.13 python3.12 python3.10 python3; do \
	$$one -c "" 2>/dev/null && command -v $$one && exit; done)
# More words for what is started: make test ARGS="-k receipt -x", make dev ARGS="--port 3100"
ARGS ?=

# Dagster and dlt report usage unless they are told not to.
export DAGSTER_DISABLE_TELEMETRY := 1
export RUNTIME__DLTHUB_TELEMETRY := false
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# uv brings certificates along; pip believes those of the machine, which a company's proxy may need.
export UV_NATIVE_TLS ?= 1
# Compiled files halve the start of every step that imports Dagster and dlt.
unexport PYTHONDONTWRITEBYTECODE
# The environment is the checkout's own: modules that other software puts before those of every Python are none of it, and
# warnings of Dagster and dlt are no errors.
unexport PYTHONPATH PYTHONHOME PYTHONWARNINGS

.DEFAULT_GOAL := help
.PHONY: help setup hashes demo dev test test-pythons test-newest test-project cluster check docs test-ui soak model bench dialects clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do \
		printf '  make %-12s  %s\n' "$$target" "$$text"; done

setup: $(VENV)/ready ## the virtual environment in .venv, from pinned versions

# An environment that was copied or moved with its checkout names the files of the old one, and would run its code.
is_here = $(shell test -x $(1)/bin/python && grep -qsF "$(if $(filter /%,$(1)),,$$(pwd -P)/)$(1)/" $(1)/bin/$(2) && echo yes)
elsewhere = $(if $(call is_here,$(1),$(or $(2),messaging-assets)),,elsewhere)
.PHONY: elsewhere
elsewhere: ;
# The beginning of a recipe: what was made elsewhere goes, and what was begun here stays.
define begin
	@$(if $(filter elsewhere,$^),test ! -e $@ || rm -rf $(@D))
endef

# Made again only when what it is made from changes.
$(VENV)/ready: pyproject.toml constraints.txt constraints-hashes.txt $(call elsewhere,$(VENV))
	$(begin)
	@echo "Setting up $(VENV) from constraints-hashes.txt (about a minute the first time)"
	@test -x $(BIN)/python || "$(PYTHON)" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' 2>/dev/null || \
		{ echo "Python 3.10 to 3.13 is needed; name one: make $(or $(firstword $(MAKECMDGOALS)),setup) PYTHON=python3.13"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
# The file is complete, so nothing is resolved; `pip check` says so if it is not. What awk prints is how far pip has come.
	@if command -v uv >/dev/null; then \
		uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes --no-deps -r constraints-hashes.txt; \
	else \
		{ $(BIN)/python -m pip install --no-input --require-hashes --no-deps -r constraints-hashes.txt || echo FAILED; } \
			| awk '/^Collecting/ {if (++n % 20 == 0) print "  " n " packages found"} /^Installing/ {print "  installing them"} \
				/^FAILED/ {failed = 1} {fflush()} END {exit failed}'; \
	fi
# A folder has no hash, so the package itself comes second, with what is there and without asking an index.
	@$(BIN)/python -m pip install -qq --no-input --no-index --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check --quiet
	@touch $@

UV := .venv-uv
hashes: ## write constraints-hashes.txt anew, after a change in constraints.txt
	@test -x $(UV)/bin/uv || { "$(PYTHON)" -m venv $(UV) && $(UV)/bin/python -m pip install -qq --no-input uv; }
	@$(UV)/bin/uv pip compile -q pyproject.toml --extra dev --extra postgres --extra redis --extra otel --extra aws \
		--extra compression --extra embedded-elt \
		-c constraints.txt --universal --python-version 3.10 \
		--generate-hashes --no-header --no-annotate -o $(UV)/hashes.txt
	@{ echo "# The releases of constraints.txt with the hashes of all their files; make setup installs nothing else."; \
		cat $(UV)/hashes.txt; } > constraints-hashes.txt

demo: setup ## run all five APIs against the built-in sandbox and print what was loaded
	@$(BIN)/messaging-assets demo

dev: setup ## open the Dagster UI against the built-in sandbox
	@exec $(BIN)/messaging-assets dev $(ARGS)

# Many tests wait for processes and servers of theirs, so one worker more than there are processors.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
test: setup ## run the tests, in parallel
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

# Where Pythons differ, and the libraries that an older one still gets.
ON_PYTHONS := $(patsubst %,messaging_assets_tests/%,answers seams reading/test_calendar_digits.py reading/test_list_cursor.py \
	rows/test_column_values.py tables/test_altered_tables.py destination/test_sql_dialects.py loading/test_set_aside_share.py \
	loading/test_destination_probe.py loading/test_partitions.py cli/test_demo.py)
test-pythons: ## the tests in which Pythons differ, on each Python of pyproject.toml that is installed
	@for python in python3.10 python3.12 python3.13; do $$python -c '' 2>/dev/null || continue; \
		$(MAKE) --no-print-directory test VENV=.venv-$$python PYTHON=$$python ARGS="$(ON_PYTHONS) $(ARGS)" || exit 1; done

comma := ,
# Into the environment of a target's folder; with uv, where there is one, it takes a tenth of the time. Of 8,000 modules the
# tests import 2,000, so each is compiled when it is first imported.
define install
	@if command -v uv >/dev/null; then uv pip install -q --python $(@D)/bin/python $(1); \
		else $(@D)/bin/python -m pip install -qq --no-input --no-compile $(1); fi
endef

# dagster-embedded-elt stays at the Dagster that it pins; everybody else's moves on.
NEWEST := .venv-newest
ON_NEWEST := $(patsubst %,messaging_assets_tests/%.py,cli/test_demo cli/test_development orchestration/test_rest_api \
	orchestration/test_code_location orchestration/test_jobs_and_schedules orchestration/test_sensors \
	files/test_shipped_apis assets/test_checks assets/test_asset_page assets/test_translator seams/test_seams)
$(NEWEST)/ready: pyproject.toml constraints-newest.txt $(call elsewhere,$(NEWEST))
	$(begin)
	@echo "Setting up $(NEWEST) from constraints-newest.txt"
	@test -x $(NEWEST)/bin/python || "$(PYTHON)" -m venv $(NEWEST)
	$(call install,-c constraints-newest.txt -e '.[dev$(comma)postgres$(comma)redis$(comma)compression]')
	@touch $@

test-newest: $(NEWEST)/ready ## a core of the tests on the newest Dagster, without dagster-embedded-elt
	@$(NEWEST)/bin/python -m pytest -n auto --dist loadgroup -m "not ui and not soak" $(ON_NEWEST) $(ARGS)

CLUSTER := .venv-cluster
$(CLUSTER)/ready: pyproject.toml constraints.txt constraints-cluster.txt $(call elsewhere,$(CLUSTER))
	$(begin)
	@echo "Setting up $(CLUSTER) with Celery"
	@test -x $(CLUSTER)/bin/python || "$(PYTHON)" -m venv $(CLUSTER)
	$(call install,-c constraints.txt -c constraints-cluster.txt -e '.[dev$(comma)celery$(comma)k8s$(comma)redis]')
	@touch $@

cluster: $(CLUSTER)/ready ## two Celery workers without a shared disk, as deploy/ describes them
	@$(CLUSTER)/bin/python -m pytest -m cluster messaging_assets_tests/cluster $(ARGS)

# dbt is large and takes no pathspec of today, so the example project has an environment of its own for each Dagster.
PROJECTS := .venv-project-pinned .venv-project-newest
$(foreach one,$(PROJECTS),$(eval $(one)/ready: $(call elsewhere,$(one))))
$(addsuffix /ready,$(PROJECTS)): pyproject.toml constraints.txt constraints-newest.txt constraints-project.txt
	$(begin)
	@echo "Setting up $(@D) with dbt"
	@test -x $(@D)/bin/python || "$(PYTHON)" -m venv $(@D)
	@grep -v '^pathspec==' constraints$(if $(findstring newest,$@),-newest).txt | cat - constraints-project.txt > $(@D)/constraints.txt
	$(call install,-c $(@D)/constraints.txt -e . dagster-dg-cli dagster-dbt dbt-core dbt-duckdb)
	@touch $@

test-project: setup $(addsuffix /ready,$(PROJECTS)) ## the example project with dbt, on the pinned and on the newest Dagster
	@$(BIN)/python -m pytest -n 2 -m project messaging_assets_tests/checkout/test_example_project.py $(ARGS)

check: setup ## formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

DOCS := .venv-docs
$(DOCS)/ready: constraints-docs.txt $(call elsewhere,$(DOCS),mkdocs)
	$(begin)
	@test -x $(DOCS)/bin/python || "$(PYTHON)" -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip install -qq --no-input -r constraints-docs.txt
	@touch $@

docs: $(DOCS)/ready ## the documentation as a site, in build/site
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build -q && echo "build/site/index.html; with its search: python3 -m http.server -d build/site"

test-ui: setup ## drive the UI in a headless browser
	@$(BIN)/python -m pytest -m ui messaging_assets_tests/ui $(ARGS)

soak: setup ## what make test leaves out: long versions, and every case of grids and of sampled tests
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m soak $(ARGS)
	@$(BIN)/python -m pytest -n auto --dist loadgroup --whole messaging_assets_tests/faults

MODEL_EXAMPLES ?= 2000
model: setup ## random APIs, thousands of them: what came is what they had, or the sync says so
	@MODEL_EXAMPLES=$(MODEL_EXAMPLES) $(BIN)/python -m pytest messaging_assets_tests/faults/test_model_apis.py $(ARGS)

bench: setup ## measure against the peers
	@$(BIN)/python -m benchmarks $(ARGS)

dialects: setup ## compare converted manifests with their own reader: ARGS="NAME ..."
	@$(BIN)/python -m benchmarks.dialects $(ARGS)

clean: ## remove what was made here, loaded tables and run history included
	@rm -rf $(VENV) .venv-python3.* $(NEWEST) $(PROJECTS) $(CLUSTER) $(DOCS) $(UV) .messaging_assets build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
