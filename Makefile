# Everything a fresh machine needs: git, make, and Python >= 3.11 with venv. `make model` and `make test` set up the rest.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/.peers-installed

.PHONY: model test lint check-fmt fmt types docs pages bench clean help

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python >= 3.11 with the venv module was found; set PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=24,<27'
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

model: $(STAMP) ## model check the real guard on the real os.environ
	$(BIN)/python -m pytest --sandboxed-model -n auto tests/model

test: $(STAMP) ## the standard test run (model tests are skipped)
	$(BIN)/python -m pytest -n auto
	$(BIN)/python -m pytest -n auto tests/executors

lint: $(STAMP) ## ruff, and the layers of the design
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

check-fmt: $(STAMP) ## formatting only
	$(BIN)/ruff format --check .

fmt: $(STAMP) ## format and sort imports
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

docs: pages ## the pages, and every example and command of README and docs
	$(BIN)/python -m pytest -n 0 tests/docs

pages: $(STAMP) ## build the pages into docs/_build/html; warnings are errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

$(PEERS): $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $@

bench: $(PEERS) ## measure in two minutes; LONG=--long takes longer; figures go to bench.json
	$(BIN)/python bench $(LONG) --json bench.json

clean: ## remove what was built
	rm -rf $(VENV) .tox build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
