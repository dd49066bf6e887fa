# Everything here works from a fresh clone: each target sets up what it needs first.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
SETUP = $(PYTHON) -m scripts.setup
MANAGE = .venv/bin/python manage.py

.DEFAULT_GOAL := help
.PHONY: help setup run demo test bench bench-gpu clean

help:
	@echo "make setup   install everything needed, write .env, prepare the database"
	@echo "make run     set up, then start Transcriber; Ctrl-C stops it"
	@echo "make demo    set up, then transcribe a sample recording; FILE=path for one of your own"
	@echo "make test    set up, then lint, types, layering and all tests"
	@echo "make bench   set up, then measure; ONLY=name for one row"
	@echo "make bench-gpu   the same for what needs a GPU"
	@echo "make clean   remove what set-up installed (not .env, not data/)"

setup:
	@$(SETUP)

# setpriv: should make itself be killed, Transcriber stops as on Ctrl-C.
run:
	@$(SETUP) && exec setpriv --pdeathsig TERM $(MANAGE) serve

demo:
	@$(SETUP) && exec $(PYTHON) -m scripts.demo "$(FILE)"

test:
	@$(SETUP) --tests && exec scripts/check

bench:
	@$(SETUP) --tests && exec .venv/bin/python -m benchmarks $(ONLY)

bench-gpu:
	@$(SETUP) --tests && exec .venv/bin/python -m benchmarks --gpu

clean:
	rm -rf .venv .run node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
