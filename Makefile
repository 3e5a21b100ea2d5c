# One virtual environment serves every target; it is made and refreshed when the package metadata changes.
# Byte code is compiled as modules are first imported, which spares most of what the big packages hold.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install run test coverage check gpu-test bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED)  ## make the virtual environment

$(INSTALLED): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(INSTALLED)  ## prune the bundled model, build sparsity.db, open the app (or print a summary)
	$(BIN)/sparsity-etl run
	@if [ -t 0 ] && [ -t 1 ]; then $(BIN)/sparsity-tui; else $(BIN)/sparsity-sql --saved perplexity_by_method; fi

test: $(INSTALLED)  ## everything that needs no GPU
	$(BIN)/pytest -m "not gpu" --numprocesses auto --dist loadgroup

coverage: $(INSTALLED)  ## the tests again, with the share of lines and branches that ran
	$(BIN)/pytest -m "not gpu" --numprocesses auto --dist loadgroup --cov --cov-report=term

check: $(INSTALLED)  ## formatting, lint, types, import rules, SQL style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/ty check
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint sql

gpu-test: $(INSTALLED)  ## the tests that need a CUDA device
	$(BIN)/pytest -m gpu

bench: $(INSTALLED)  ## measure every kernel on this machine's GPU
	$(BIN)/sparsity-bench run --shapes llama-7b --formats all --sparsity 0.5 0.7 --out bench.jsonl

clean:  ## remove what was built: environment, database, caches
	rm -rf $(VENV) sparsity.db sparsity.db.* build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
