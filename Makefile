# Everything a fresh machine needs is Python ≥ 3.11 and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run setup test check fix bench parity sheet

run: .venv/.base  ## serve on 127.0.0.1:7860 (ARGS="--port 7861 --models DIR" for more)
	@$(BIN)/tintype serve $(ARGS)

setup: .venv/.base  ## only install

test: .venv/.dev  ## every test but the opt-in ones (large, gpu)
	$(BIN)/python -m pytest $(ARGS)

check: .venv/.dev  ## format, lint, types, import rules, version equals changelog
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	@grep -q "^## \[$$($(BIN)/python -c 'import tintype; print(tintype.__version__)')\]" CHANGELOG.md \
		|| { echo "CHANGELOG.md has no heading for this version"; exit 1; }

fix: .venv/.dev  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.dev  ## cold start and one image alone; writes bench/results/
	$(BIN)/python -m bench $(ARGS)

parity: .venv/.dev  ## ask again what A1111 was asked; writes docs/reference/parity-a1111.md
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.parity.table $(ARGS)

sheet: .venv/.base  ## the demo model's contact sheet
	$(BIN)/python -m tintype.demo.sheet docs/images/contact-sheet.png

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tintype needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

.venv/.base: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing Tintype into .venv; the first time this takes some minutes."
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: .venv/.base
	@echo "Installing what the tests need."
	$(PIP) install --constraint constraints.txt --editable '.[dev]'
	# Yardsticks for upscalers and faces, without their torchvision: what is tested does not want it.
	$(PIP) install --constraint constraints.txt --no-deps spandrel einops facexlib
	@touch $@
