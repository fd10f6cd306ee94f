# Every target sets up what it needs in .venv: a fresh machine needs Python 3.11 or later, git and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
WORKERS ?= 2
# Workers share the processors, so that threads of the linear algebra would only wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint types docs notebooks bench clean

demo: $(VENV)/demo.done
	$(BIN)/python examples/demo.py

test: $(VENV)/test.done
	$(BIN)/python -m pytest --numprocesses $(WORKERS)

lint: $(VENV)/lint.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m docs.docstrings

types: $(VENV)/lint.done
	$(BIN)/mypy

docs: $(VENV)/docs.done notebooks
	$(BIN)/python -m sphinx -E -n -W --keep-going -b html docs docs/_build/html

notebooks: $(VENV)/docs.done
	$(BIN)/python -m docs.notebooks

bench: $(VENV)/test.done
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-timer=time.process_time --benchmark-disable-gc
	$(BIN)/python -m benchmarks

clean:
	rm -rf demo docs/_build docs/reference/generated .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/base.done: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "crmmodels needs Python 3.11 or later; give one: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) ..."
	@$(PIP) --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/demo.done: $(VENV)/base.done pyproject.toml
	@$(PIP) --editable '.[all]'
	@touch $@

$(VENV)/test.done: $(VENV)/base.done pyproject.toml
	@$(PIP) --editable '.[all]' --group test
	@touch $@

$(VENV)/lint.done: $(VENV)/base.done pyproject.toml
	@$(PIP) --editable '.[all]' --group lint
	@touch $@

$(VENV)/docs.done: $(VENV)/base.done pyproject.toml
	@$(PIP) --editable '.[all]' --group docs
	@touch $@
