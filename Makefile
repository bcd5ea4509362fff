# make demo    replay the outage, see the guard stop it
# make test    all that a merge needs: lint, then the tests
# Every target makes the private environment that it needs; PYTHON=... chooses the interpreter.
SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: help demo test pytest lint slow soak docs bench clean
BIN := .venv/bin
JOBS ?= auto
# Before 3.14 the service of the demo really fails: from there on annotations are lazy.
DEMO_PYTHON := $(or $(PYTHON),python3.13 python3.12 python3.11 python3.14 python3 python)

help:
	@echo "make demo    replay the outage on a repository that it builds, and stop it"
	@echo "make test    lint and tests (what CI runs)"
	@echo "make lint    ruff, mypy, import layers, generated docs, the guard on itself"
	@echo "make slow    the long tests; those on real servers want lighttpd and gitolite3"
	@echo "make bench   speed and memory against the usual tools; downloads real code"
	@echo "make docs    write the generated parts of docs/"
	@echo "make clean   remove all that the targets made"

.venv/.ready: pyproject.toml scripts/bootstrap.sh
	@sh scripts/bootstrap.sh .venv dev
	@touch $@

.venv-demo/.ready: pyproject.toml scripts/bootstrap.sh
	@PYTHON="$(DEMO_PYTHON)" sh scripts/bootstrap.sh .venv-demo
	@touch $@

demo: .venv-demo/.ready
	@.venv-demo/bin/python -m demo

# Both run even if the first fails, so that one run shows all; the tests close the output.
test: .venv/.ready
	@status=0; $(MAKE) --no-print-directory lint || status=1; \
	$(MAKE) --no-print-directory pytest || status=1; exit $$status

pytest: .venv/.ready
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow" $(ARGS)

# Not `a && b`: a lint run shows every fault at once.
lint: .venv/.ready
	@status=0; run() { echo "+ $$*"; "$$@" || status=1; }; \
	run $(BIN)/ruff check --quiet .; \
	run $(BIN)/ruff format --check --quiet .; \
	run $(BIN)/mypy; \
	run $(BIN)/lint-imports --no-logo; \
	run $(BIN)/python scripts/generate_docs.py --check; \
	run $(BIN)/guard check; \
	run $(BIN)/guard smoke --no-entry; \
	if [ $$status -ne 0 ]; then echo "lint: failed" >&2; fi; exit $$status

slow soak: .venv/.ready
	$(BIN)/python -m pytest -q -n $(JOBS) -m slow $(ARGS)

docs: .venv/.ready
	$(BIN)/python scripts/generate_docs.py

bench: .venv/.ready
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv .venv-demo build dist benchmarks/.cache
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find guard rules tests demo scripts benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
