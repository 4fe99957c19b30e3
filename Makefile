# Copyright (c) 2026, nodeflow.orchestrator contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# `make help` lists what there is. It needs git, python3 and, for the first run, the network; a NetBox of its own also needs Linux with PostgreSQL and Redis,
# which lab/README.md says more about.

SHELL := /bin/bash
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=
BIN := $(CURDIR)/.venv/bin
LAB := $(PYTHON) lab/lab.py
# make -n would run lines that say $(MAKE) themselves
BOTH := $(MAKE) -j2
# make test has a lab of its own, pristine at each start, so that it leaves the one that you look at alone
TEST_LAB := $(or $(NODEFLOW_LAB_NAME),test)

export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.venv/collections
demo test soak check docs sanity bench release-check mutation release: export PATH := $(BIN):$(PATH)
test: export NODEFLOW_LAB_NAME := $(TEST_LAB)
soak: export NODEFLOW_LAB_NAME := soak

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## a NetBox of your own, and a device enrolled in it, step by step
	@$(BOTH) venv lab-reset
	@$(BIN)/python scripts/demo.py

.PHONY: test
test: ## all tests; ARGS='-k word' chooses
	@trap '$(LAB) down --name $(TEST_LAB)' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	$(BOTH) venv-test lab-test && $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

.PHONY: lab
lab: ## bring the NetBox up
	@$(LAB) up

.PHONY: lab-reset
lab-reset: ## a pristine NetBox with the demo data
	@$(LAB) reset

.PHONY: lab-down
lab-down: ## stop the NetBox; its data stay
	@$(LAB) down

.PHONY: soak
soak: ## all faults, over an hour or so, and their table
	@trap '$(LAB) down --name soak' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	$(BOTH) venv-test lab-soak && $(BIN)/python -m pytest tests/faults tests/integration/test_{life,drift_in_bulk,import,runner,runner_approval}.py tests/gates/test_ansible_test.py --soak -n 2 $(ARGS)

.PHONY: check
check: venv-test ## before each commit: linters, types, docs, unit tests; under two minutes
	@ruff check --no-cache && mypy && antsibull-changelog lint && antsibull-docs lint-collection-docs --plugin-docs $(CURDIR) && \
	reuse lint --lines && $(BIN)/python -m pytest tests/unit -n 2 -q

.PHONY: release-check
release-check: venv-test ## all tests on each supported ansible-core, and docs/quality.md (three hours); ARGS=oldest chooses
	@trap '$(LAB) down --name quality' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; $(BIN)/python scripts/quality.py $(ARGS)

.PHONY: mutation
mutation: venv-test ## whether the unit tests notice small changes below the steps (an hour or two); into docs/quality.md
	@$(BIN)/python scripts/mutation.py $(ARGS)

.PHONY: release
release: venv-test ## the version that galaxy.yml names: changelog, checks, tag, archive; pushes nothing
	@trap '$(LAB) down --name $(TEST_LAB)' EXIT; $(BIN)/python scripts/release.py

.PHONY: docs
docs: venv-test ## the docs site, in site/
	@$(BIN)/python scripts/build_site.py site && echo "$(CURDIR)/site/index.html"

.PHONY: sanity
sanity: venv-test ## ansible-test sanity
	@$(BIN)/python -m pytest tests/gates -k sanity $(ARGS)

.PHONY: bench
bench: venv-bench ## what enrolling costs, against NetBox's own time and others (three hours); ARGS='--only one' chooses
	@trap '$(LAB) down --name bench' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	$(LAB) reset --name bench && $(BIN)/python tests/benchmarks/bench.py --lab bench $(ARGS)

.PHONY: clean
clean: ## stop the NetBoxes and remove them, and all that make has put into this directory
	@for name in demo test $(NODEFLOW_LAB_NAME) selftest bench soak quality; do $(LAB) down --purge --name $$name; done
	@rm -rf .venv .venv-peers .ansible .pytest_cache .mypy_cache .ruff_cache .hypothesis site context nodeflow-orchestrator-*.tar.gz changelogs/.plugin-cache.yaml
	@find . -name __pycache__ -prune -exec rm -rf {} +

.PHONY: venv venv-test venv-bench lab-test lab-soak
venv:
	@$(PYTHON) scripts/make_venv.py demo

venv-test:
	@$(PYTHON) scripts/make_venv.py test

venv-bench:
	@$(PYTHON) scripts/make_venv.py bench
	@$(PYTHON) scripts/make_venv.py peers

lab-test:
	@$(LAB) reset --name $(TEST_LAB)

lab-soak:
	@$(LAB) reset --name soak
