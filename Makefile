# Parkgate: what one types. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test demo test lint bench chaos lock clean
SHELL := /bin/bash
PY := .venv/bin/python

DEMO ?=
TEST ?=
BENCH ?=
CHAOS ?=
N ?= 20

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Everything the demo needs, in .venv (quick when nothing changed)
	@bash setup/setup.sh demo

setup-test: ## Everything the tests need: Mosquitto, PostgreSQL and Chromium too
	@bash setup/setup.sh dev

demo: setup ## A running car park: cameras, lanes, cloud. DEMO="--vehicles 20" ends by itself
	@exec .venv/bin/parkgate-sim demo $(DEMO)

test: setup-test ## All tests and checks. TEST="tests/house -k lock" for some
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(TEST)

lint: setup-test ## Style, types and the arrows between the parts, without the tests
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports && .venv/bin/pyright

bench: ## One benchmark beside its raw limit: BENCH=decision
	@[[ "$(BENCH)" ]] || { echo 'which one? make bench BENCH=<name>: '$$(grep -l __main__ bench/*.py | sed 's|bench/||; s|\.py||'); exit 2; }
	@bash setup/setup.sh dev
	@$(PY) -m bench.$(subst -,_,$(BENCH))

chaos: ## One way of losing data, N times: CHAOS=kills N=20
	@[[ "$(CHAOS)" ]] || { echo 'which one? make chaos CHAOS=<name> N=<count>: '$$(grep -l __main__ tests/chaos/*.py | sed 's|tests/chaos/||; s|\.py||'); exit 2; }
	@bash setup/setup.sh dev
	@$(PY) -m tests.chaos.$(subst -,_,$(CHAOS)) --n $(N)

lock: ## Resolve the dependencies anew into requirements/*.lock
	@bash setup/lock.sh

clean: ## Remove what make made: .venv, build, caches
	@rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
