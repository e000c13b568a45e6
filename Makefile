# make demo   environment, demo corpus, a tiny model in about five minutes, two synthesized sentences
# make test   environment, formatter, linter, type check, tests
# make docs   the documentation's site in build/site, with its links checked
# make tutorials   the commands of the documentation's pages, with trainings of a few steps
# make env TORCH=cpu   an environment whose torch has no CUDA
.PHONY: demo test check docs tutorials env clean
.DEFAULT_GOAL := help

PYTHON ?= python3
UV := $(shell command -v uv || echo .venv/bin/uv)
BIN := .venv/bin

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

# where the machine has no uv, it is installed from PyPI into the environment
env: .venv/.ready
.venv/.ready: pyproject.toml
	@command -v uv >/dev/null || test -x .venv/bin/uv || \
		{ $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet uv; }
ifdef TORCH
	test -x $(BIN)/python || $(UV) venv --allow-existing
	$(UV) pip install --torch-backend=$(TORCH) --editable '.[metrics]' --group dev
else
	$(UV) sync --inexact --compile-bytecode --extra metrics
endif
	@touch $@

demo: env
	$(BIN)/python train.py experiment=demo hydra.run.dir=outputs/demo
	$(BIN)/python synthesize.py run=outputs/demo out=outputs/demo/speech file=docs/demo.txt
	@echo "listen:  outputs/demo/speech/*.wav"
	@echo "look:    $(BIN)/tensorboard --logdir outputs/demo"

check: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check
	$(BIN)/pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# reads the sources without importing them, so it needs no torch
docs:
	@command -v uv >/dev/null || test -x .venv/bin/uv || \
		{ $(PYTHON) -m venv .venv && .venv/bin/python -m pip install --quiet uv; }
	$(UV) run --isolated --only-group docs mkdocs build --strict

tutorials: env
	$(BIN)/python docs/site/run_tutorials.py

# caches alone: trained runs and prepared corpora stay
clean:
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
