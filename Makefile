# Set-up and the few verbs of the project. Everything is installed into .venv and models/ of this folder.

PYTHON ?= python3
# pip's index for the CPU build of torch, where the default index offers only the GPU build, e.g.
#   make run TORCH_INDEX_URL=<the CPU index of pytorch.org>
TORCH_INDEX_URL ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := @$(BIN)/python -m pip install -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run demo test test-full bench setup setup-test lint format clean

help:  ## Lists the verbs
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: setup  ## Serves API, ingest worker and web page on http://127.0.0.1:8000
	$(BIN)/scholiast serve

demo: setup  ## Ingests the sample documents, asks about them, prints cited answers
	$(BIN)/scholiast demo

test: setup-test lint  ## Lint, types and the default test suite
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4

test-full: setup-test lint  ## The same with the long tests
	$(BIN)/python -m pytest -q -m ""

bench: setup-test  ## Benchmarks, into bench/results/
	$(BIN)/python -m bench

lint: setup-test  ## Style, types and import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-test  ## Formats the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## Removes what set-up made, not your data
	rm -rf $(VENV) models build *.egg-info

setup: $(VENV)/installed models/.installed
setup-test: $(VENV)/installed-test models/.installed

$(VENV)/pip:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Scholiast needs Python 3.11 or newer")'
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade "$$(grep '^pip==' requirements.lock)" "$$(grep '^setuptools==' requirements.lock)"
	@touch $@

$(VENV)/installed: $(VENV)/pip requirements.lock pyproject.toml
	@echo "Installing dependencies; the first time this takes a few minutes ..."
	$(PIP) $(if $(TORCH_INDEX_URL),--index-url $(TORCH_INDEX_URL)) "$$(grep '^torch==' requirements.lock)"
	$(PIP) --requirement requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed requirements-test.lock
	@echo "Installing what tests and benchmarks need ..."
	$(PIP) --requirement requirements-test.lock
	@touch $@

models/.installed: $(VENV)/installed app/models/catalogue.py
	$(BIN)/scholiast models pull
	@touch $@
