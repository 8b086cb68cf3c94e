# Every habit by name; `make` alone lists them. Works with GNU make 3.81 and newer.

VENV ?= .venv
# The Python that makes the environment; without one given, the first on the machine that is new enough.
PYTHON ?=
# Tests share nothing, so they run side by side. Four, on two cores too: some wait for timeouts.
PYTEST_ARGS ?= -n 4 --dist worksteal
BENCH_ARGS ?=
MUTANTS_ARGS ?=

# Tests start hundreds of interpreters. Where Python is told to keep no byte code, as in images of containers, each of them
# compiles all that it imports.
export PYTHONDONTWRITEBYTECODE :=

BIN := $(VENV)/bin
RUN := $(BIN)/python
# What packages are installed with. pip comes with each Python; uv takes a tenth of its time.
INSTALL ?= $(RUN) -m pip install --disable-pip-version-check -qq
# What is checked and formatted by hand-written-code rules, and what mypy reads on top.
HAND := $(wildcard overlay mock scripts tests benchmarks)
TYPED := $(wildcard generated) $(HAND)
REFERENCE := ../shared/check_spec.py

NODE := $(shell command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 && echo yes)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo test httpx2 browser redis-server screenshots contract contract-deep faults mutants check lint types spec drift versions \
	node-checks generate mock bench bench-long format lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

# Made anew when the lock changes, so that nothing stays from the one before.
$(VENV)/.locked: requirements/dev.txt
	@python='$(PYTHON)'; [ -n "$$python" ] || python=$$(bash scripts/find_python.sh) || exit 1; \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "$$python is not Python 3.11 or newer" >&2; exit 1; }; \
	echo "setting up $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV)
	@$(INSTALL) --no-deps -r requirements/dev.txt
	@touch $@

# The metadata has the version too.
$(VENV)/.ready: $(VENV)/.locked pyproject.toml overlay/kit_client/version.py
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

node_modules/.ready: package.json package-lock.json .npmrc
	@npm ci --loglevel=error
	@touch $@

# Without the warning that Prism asks for a newer node: it runs on those that the other tools run on.
benchmarks/node_modules/.ready: benchmarks/package.json benchmarks/package-lock.json benchmarks/.npmrc
	@npm ci --prefix benchmarks --loglevel=error
	@touch $@

venv: $(VENV)/.ready  ## set up the environment in .venv (every other target does so when needed)

demo: venv  ## see the client at work on a mock of the service
	@$(RUN) scripts/demo.py

# Those marked `deep` take a minute and more, and find little that the others don't: `make contract` and `make faults` have them.
test: venv browser redis-server  ## run the tests
	@$(RUN) -m pytest $(PYTEST_ARGS) -m 'not deep'

httpx2: venv  ## run the unit and integration tests with httpx2, the fork of httpx, in its place
	@$(RUN) scripts/check_httpx2.py $(PYTEST_ARGS)

browser:  ## see to a headless browser for the tests
	@bash scripts/program.sh browser

redis-server:  ## see to a redis-server for the tests
	@bash scripts/program.sh redis-server

screenshots: venv browser  ## take docs/images anew
	@$(RUN) scripts/screenshots.py

# Other servers are talked to with one connection after the other. Credentials come by environment: KIT_API_KEY, KIT_ACCESS_TOKEN.
contract: venv  ## hold the mock against the contract, or with BASE_URL=… another server (READ_ONLY=1, OPERATIONS=…, GRADES=…)
	@$(RUN) -m pytest $(if $(BASE_URL),--base-url '$(BASE_URL)' -p no:kit_mock -r s,$(PYTEST_ARGS)) $(if $(READ_ONLY),--read-only) \
	    $(if $(OPERATIONS),--operations '$(OPERATIONS)') $(if $(GRADES),--grades '$(GRADES)') $(if $(BEHAVIOUR),--behaviour '$(BEHAVIOUR)') tests/contract

contract-deep: venv  ## run what is drawn at random with another seed, and more of it (SEED=… for a certain one)
	@seed=$${SEED:-$$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')}; \
	echo "seed $$seed; the same requests again: make contract-deep SEED=$$seed"; \
	$(RUN) -m pytest $(PYTEST_ARGS) tests/contract/test_schemathesis.py tests/contract/test_model.py \
	    -k 'documented or any_order' --model-seed "$$seed" --schemathesis-seed "$$seed" --schemathesis-examples "$(or $(EXAMPLES),50)"

faults: venv  ## import 100,000 rows while a fifth of all requests fails: 3 minutes
	@$(RUN) -m pytest tests/faults -m deep

# Not part of the tests: every lie takes about a second. MUTANTS_ARGS=--sample=200 tries some.
mutants: venv  ## measure which lies of a server the contract tests catch
	@$(RUN) -m pytest tests/mutants
	@$(RUN) -m tests.mutants $(MUTANTS_ARGS)

# None needs another: with `make -j2 check`, those that wait for a network wait beside others.
check: lint versions types node-checks drift spec  ## check format, lint, types, the document and the generated code
	@echo "all checks passed"

lint: venv  ## check format, lint, and the size of the overlay
	@$(RUN) -m ruff format --check --quiet $(HAND)
	@$(RUN) -m ruff check --quiet $(HAND)
	@$(RUN) scripts/check_size.py

types: venv  ## check types with mypy
	@$(RUN) -m mypy $(TYPED)

spec: venv  ## validate the document, and compare it with the reference where that is present
	@$(RUN) scripts/check_document.py
	@if [ -f $(REFERENCE) ]; then $(RUN) $(REFERENCE) openapi/openapi.yaml; \
	else echo "skipped: comparison with the reference ($(REFERENCE) not found)"; fi
	@$(RUN) scripts/check_samples.py

versions: venv  ## check the lowest and newest allowed versions of dependencies, on the oldest and newest Python
	@$(RUN) scripts/check_versions.py

drift: venv  ## check that generated files are what the document and the rules of the mock give
	@$(RUN) scripts/check_drift.py

# On a machine of a person's these two may be missing; in CI they must not be.
ifeq ($(NODE),yes)
node-checks: venv node_modules/.ready  ## check the document with Spectral, and types with pyright
	@node_modules/.bin/spectral lint --quiet --fail-severity=warn --ruleset openapi/.spectral.yaml openapi/openapi.yaml
	@node_modules/.bin/pyright --pythonpath $(RUN)
else ifeq ($(CI),true)
node-checks:
	@echo "error: OpenAPI linter and pyright did not run (node not found)" >&2; exit 1
else
node-checks:
	@echo "skipped: OpenAPI linter and pyright (node not found)"
endif

generate: venv  ## write what is generated anew: from the document kit_api and docs/operations.md, from the mock its rules
	@$(RUN) scripts/generate.py
	@$(RUN) scripts/list_operations.py
	@$(RUN) scripts/list_rules.py

mock: venv  ## serve the mock of the service on 127.0.0.1
	@$(BIN)/kit-mock serve

# Prism runs on node; without that it is left out. Nine minutes; BENCH_ARGS=--no-million saves three of them.
ifeq ($(NODE),yes)
bench: venv benchmarks/node_modules/.ready  ## measure against peers, in one run
else
bench: venv
endif
	@$(RUN) -m benchmarks $(BENCH_ARGS)

bench-long: venv  ## measure how much of the rate limit is used, at the real window of 60 seconds: 26 minutes
	@$(RUN) -m benchmarks rate_limit_long

format: venv  ## format, and mend what the linter can
	@$(RUN) -m ruff check --quiet --fix-only $(HAND)
	@$(RUN) -m ruff format --quiet $(HAND)

lock: venv  ## compile pyproject.toml into requirements/dev.txt (make lock UPGRADE=--upgrade for newer versions)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate $(UPGRADE) \
	    --extra mock --extra cli --extra parquet --extra redis --extra dev --output-file requirements/dev.txt pyproject.toml

clean:  ## remove environments, caches and builds
	rm -rf .venv .venv-* node_modules benchmarks/node_modules dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis
	find benchmarks generated mock overlay scripts tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
