# Placid. `make help` lists the targets; what they do in more than one line is in tools/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv requirements audit sandbox sandbox-down demo bench lint unit test-fast test test-all

SUITE ?= trixie
VERSION ?= v1
VENV := .venv
STAMP := $(VENV)/stamp
AUDIT_VENV := .venv-audit
INVENTORY ?= inventories/sandbox

# The order from the ground up: a broken role stops the tests before what stands on it.
scenarios := base postgresql memcached tls nginx app default https
all_scenarios := $(patsubst molecule/%/molecule.yml,%,$(wildcard molecule/*/molecule.yml))
other_scenarios := $(filter-out $(scenarios),$(all_scenarios))

# Python without a suffix, which mypy does not find by itself.
scripts := sandbox/sandbox examples/make-repository roles/tls/files/renew-certificates tools/audit tools/bench tools/role-readme

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export VERSION APPLICATION ROUNDS HOSTS
# Molecule's frames would cut the lines by which tools/test-everything tells why a scenario failed.
export MOLECULE_COMMAND_BORDERS := false

help: ## List the targets
	@sed -nE 's/^([a-z%-]+):[^#]*## (.*)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r target text; do \
	  printf '  make %-16s %s\n' "$$target" "$$text"; done

venv: $(STAMP) ## Make .venv from requirements.txt

# uv takes 6 s where pip takes 40; pip is what knows the mirror of a pip.conf, so it is asked where uv reaches no index.
$(STAMP): requirements.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "python3 is $$(python3 -V 2>&1): Placid needs 3.11 or newer (Debian 12 or later)" >&2; exit 1; }
	@python3 -c 'import ensurepip' 2>/dev/null || { \
	  echo 'python3 cannot make a virtual environment; what it lacks: sudo apt-get install python3-venv' >&2; \
	  [ "$$(id -u)" = 0 ] && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends \
	    -o Dpkg::Use-Pty=0 python3-venv >&2; }
	@echo 'Making $(VENV) from requirements.txt'
	@python3 -m venv $(VENV)
	@sed -n '/^uv==/,/# via/p' requirements.txt > $(VENV)/uv.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $(VENV)/uv.txt
	@$(VENV)/bin/uv pip sync --quiet --require-hashes --python $(VENV)/bin/python requirements.txt \
	  || $(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

requirements: venv ## Update requirements*.txt from requirements*.in
	uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command 'make requirements' --output-file requirements.txt requirements.in
	uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 --no-emit-index-url \
	  --custom-compile-command 'make requirements' --output-file requirements-audit.txt requirements-audit.in

audit: venv $(AUDIT_VENV)/stamp ## Have other people's checkers look at code and hosts (INVENTORY=…)
	tools/audit --inventory $(INVENTORY)

$(AUDIT_VENV)/stamp: requirements-audit.txt | venv
	@python3 -m venv $(AUDIT_VENV)
	@uv pip sync --quiet --require-hashes --python $(AUDIT_VENV)/bin/python requirements-audit.txt \
	  || { uv pip install --quiet --python $(AUDIT_VENV)/bin/python pip; \
	       $(AUDIT_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-audit.txt; }
	@touch $@

sandbox: venv ## Make a Debian host here, to play with (SUITE=bookworm for Debian 12)
	sandbox/sandbox up --suite $(SUITE) box
	sandbox/sandbox inventory box inventories/sandbox/connection.yml
	tools/make-sandbox-vault

sandbox-down: venv ## Remove that host
	sandbox/sandbox down box

demo: sandbox ## Sandbox, example application, deployment: a running site
	tools/demo

bench: venv ## Measure a deployment against one ssh script (ROUNDS=5, APPLICATION=wagtail; HOSTS=1,2,5,10: how it grows)
	tools/bench

lint: venv ## Read everything: ansible-lint, yamllint, ruff, mypy
	ansible-lint $(without)
	yamllint --strict .
	ruff check .
	ruff format --check .
	mypy tests sandbox $(scripts) $(wildcard plugins/action/*.py plugins/modules/*.py plugins/filter/*.py plugins/callback/*.py)

unit: venv ## All tests that need no host
	pytest --numprocesses=auto --dist=loadfile

# Side by side, so that no core waits; what each prints stays together. The scenarios' playbooks, of which each costs ansible-lint a start of
# Ansible, are left to `make test`, which needs hosts as they do.
test-fast: venv ## Lint and all tests that need no host, in a minute
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target unit lint without='--exclude molecule'

molecule-%: venv ## Test one scenario on a real host, for example molecule-nginx
	molecule test --scenario-name $*

test: venv ## What CI runs: all that needs no host, and the scenarios that every change must pass
	tools/test-everything $(scenarios)

test-all: venv ## Every scenario, on Debian 13 and on 12 side by side, in two to three hours
	tools/test-debians $(scenarios) $(other_scenarios)
