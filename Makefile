# Every target sets up what it needs in .venv, or in another folder, make VENV=...: a fresh machine needs Python 3.11 or later, git and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check
PIP := $(BIN)/python $(INSTALL) --constraint constraints.txt
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS)
FUZZ_EXAMPLES ?= 2000
# What is compared with files, and fits that end at a tolerance: the parts where rounding could show.
ROUNDED := tests/saved tests/test_display.py tests/models/lifecycle tests/kernels/hmm
# What meets other packages: tables, files, optimisers, plots.
MEETING := tests/engines tests/interop tests/saved tests/test_display.py tests/data/accounts/test_partitions.py \
	tests/data/tables/test_frames.py tests/data/orders/test_days.py tests/models/purchase/test_published.py tests/plotting/test_segments.py
# Workers share the processors, so that threads of the linear algebra would only wait for each other.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: demo test lint types docs notebooks blas lowest dist fuzz bench clean

demo: $(VENV)/demo.done
	$(BIN)/python examples/demo.py

test: $(VENV)/test.done
	$(PYTEST)

lint: $(VENV)/lint.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python -m docs.docstrings
	$(BIN)/python .ci/lines.py

types: $(VENV)/lint.done
	$(BIN)/mypy

docs: $(VENV)/docs.done notebooks
	$(BIN)/python -m sphinx -E -n -W --keep-going -b html docs docs/_build/html

notebooks: $(VENV)/docs.done
	$(BIN)/python -m docs.notebooks

# Again where other processors round otherwise.
blas: $(VENV)/test.done
	$(BIN)/python .ci/blas.py $(PYTEST) $(ROUNDED)

# With the oldest packages that pyproject.toml allows; they use what newer packages beside them have deprecated.
lowest: $(VENV)/lowest.done
	$(PYTEST) -W default::DeprecationWarning $(MEETING)

# What is published, in an environment with nothing else.
dist: $(VENV)/dist.done
	rm -rf dist $(VENV)/wheel
	$(BIN)/python -m build --no-isolation
	$(PYTHON) -m venv $(VENV)/wheel
	$(VENV)/wheel/bin/python $(INSTALL) --constraint constraints.txt dist/*.whl
	$(VENV)/wheel/bin/python -I .ci/wheel.py

# Random tables; make test tries fewer.
fuzz: tests/fuzz $(VENV)/test.done
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) FUZZ_RECORD=benchmarks/recorded/fuzz.json $(PYTEST) --timeout 0 tests/fuzz

tests/fuzz:
	@echo "make fuzz runs the tests in tests/fuzz, and there is no such folder"; exit 1

bench: $(VENV)/test.done
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-timer=time.process_time --benchmark-disable-gc
	$(BIN)/python -m benchmarks

clean:
	rm -rf demo dist docs/_build docs/reference/generated .mypy_cache .ruff_cache .hypothesis .import_linter_cache

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

$(VENV)/lowest.done: $(VENV)/base.done pyproject.toml .ci/lowest.py
	@$(BIN)/python .ci/lowest.py > $(VENV)/lowest.txt
	@$(BIN)/python $(INSTALL) --constraint $(VENV)/lowest.txt --editable '.[all]' --group run
	@touch $@

$(VENV)/dist.done: $(VENV)/base.done pyproject.toml
	@$(PIP) --group dist
	@touch $@
