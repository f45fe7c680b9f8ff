# The few commands people type. `make` alone lists them.
SHELL := bash
.DEFAULT_GOAL := help

# Scripts with Windows' line endings fail in words that help nobody; .gitattributes keeps them out of new checkouts.
ifneq (,$(shell grep -l $$'\r' requirements/install.sh 2>/dev/null))
$(error This checkout has Windows' line endings. Commit or stash what you changed, then: git rm -r --cached --quiet . && git reset --hard --quiet)
endif

MAKEFLAGS += --no-print-directory

# A version given on the command line names the wheel; one in the environment does not.
VERSION :=

# Another folder may be named in the environment, such as one that several worktrees share.
VENV ?= .venv
VENV_MLEM ?= .venv-mlem
# What is installed is named by the content that decides it, never by time stamps. The names go with a Python that went.
digest = $(shell test -x "$(2)/bin/python" || rm -f "$(2)"/.ready-*; \
    cat $(1) requirements/install.* requirements/uv.txt requirements/build.txt | git hash-object --stdin)
LOCKED := $(call digest,requirements/main.txt requirements/dev.txt pyproject.toml,$(VENV))
READY := $(VENV)/.ready-$(LOCKED)
READY_TESTS := $(VENV)/.ready-tests-$(LOCKED)
READY_MLEM := $(VENV_MLEM)/.ready-$(call digest,deploy/mlem/requirements.txt,$(VENV_MLEM))
RUN := PATH="$(abspath $(VENV))/bin:$$PATH" PYTHONPATH="$(CURDIR)/src"

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: $(READY) ## Run the pipeline: data, model, metrics, package; only what changed
	@$(RUN) python -m mainline repro

gate: $(READY) ## Hold the model here against the one in production: may it be released?
	@$(RUN) python -m mainline gate

report: $(READY) ## Render what the gate found, for a pull request and as a page, into metrics/report/
	@$(RUN) python -m mainline gate || true
	@$(RUN) python -m mainline report

tune: $(READY) ## Search the declared hyperparameters; Ctrl-C stops, the same command goes on
	@$(RUN) python -m mainline tune $(if $(WRITE),--write)

explain: $(READY) ## Measure what features are worth and how the model ages; GOLDEN=0 or ROW=file: one row
	@$(RUN) python -m mainline explain $(if $(ROW),--row '$(ROW)') $(if $(GOLDEN),--golden $(GOLDEN))

promote: $(READY) ## Release what is on main: registered, stored, signed and assigned; what CI runs after a merge
	@$(RUN) python -m mainline promote $(ENVIRONMENT)

push: $(READY) ## Bring data and models into the store, checked
	@$(RUN) python -m mainline push

pull: $(READY) ## Bring data and models from the store, checked
	@$(RUN) python -m mainline pull

restore: $(READY) ## Put back the results of the last commit
	@$(RUN) python -m mainline restore

history: $(READY) ## List versions and what each environment had, newest first; GRAPH=1 draws it
	@$(RUN) python -m mainline history $(if $(GRAPH),--graph)

resolve: $(READY) ## End a merge conflict in dvc.lock and metrics/: take a side, run the pipeline
	@$(RUN) python -m mainline resolve

plots: $(READY) ## Draw the plots as pictures into metrics/plots/
	@$(RUN) python -m mainline plots

serve: models/package $(READY) ## Answer requests from the model package, as deploy/production.yaml says
	@$(RUN) exec python -m mainline serve

follow: $(READY) ## Serve what URL declares for ENVIRONMENT (production): server and follower, with rollout
	@$(RUN) exec python -m mainline serve --follow "$(or $(URL),$(shell git remote get-url origin))" --environment $(or $(ENVIRONMENT),production)

demo: $(READY_TESTS) ## Play the whole loop here under load: release, canary, a bad model aborted, revert; 3 minutes
	@$(RUN) python -m tests.end_to_end.whole_loop

render: $(READY) ## Write manifests for Kubernetes into deploy/kubernetes/; WAY=argo for Argo Rollouts
	@$(RUN) python -m mainline render $(if $(WAY),--way $(WAY)) $(if $(ENVIRONMENT),--environment $(ENVIRONMENT))

wheel: models/package $(READY_MLEM) ## Build a wheel of the model for other programs, with MLEM's metadata, into dist/
	@$(VENV_MLEM)/bin/python deploy/mlem/build_wheel.py models/package dist $(if $(VERSION),--version $(VERSION))

verify: $(READY) ## Rebuild everything from scratch elsewhere and compare with dvc.lock
	@$(RUN) python -m mainline verify

test: $(READY_TESTS) ## Run the tests
	@$(RUN) python -m pytest -m "not slow" --numprocesses 2 --dist loadfile

test-slow: $(READY_TESTS) ## Run the tests that take minutes, but for `make ci`
	@$(RUN) python -m pytest -m slow --ignore=tests/github

ci: $(READY_TESTS) ## Run the GitHub workflows here, against a stand-in for GitHub; CML_SOURCE=URL: the real CML
	@$(RUN) python -m pytest -m slow tests/github

faults: $(READY_TESTS) ## Kill commands and break their network, then look at every byte; takes up to an hour
	@$(RUN) python -m tests.faults

mutation: $(READY_TESTS) ## Break gate, rollout and registry a little, again and again; which break does no test see?
	@$(RUN) python -m tests.mutation

bench: $(READY_TESTS) ## Measure speed and memory beside a floor; takes about half an hour
	@for name in noop one_row gate memory one_more_month pipeline serving load; do $(RUN) python -m benchmarks.$$name || exit 1; done

check: $(READY_TESTS) ## Check format, lint, types, dependencies of the stages, and the workflows
	@$(RUN) ruff format --check --quiet . || { echo "Run 'make format'."; exit 1; }
	@$(RUN) ruff check --quiet .
	@$(RUN) mypy
	@$(RUN) python -m mainline deps
	@$(RUN) zizmor --offline --quiet --persona=auditor .github
	@$(RUN) actionlint -shellcheck= -pyflakes=
	@$(RUN) check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(RUN) check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(RUN) check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/container/compose.yaml

format: $(READY_TESTS) ## Format the code
	@$(RUN) ruff check --fix --quiet . ; $(RUN) ruff format .

setup: $(READY) ## Make the virtual environment from the lock; the other commands do it by themselves
	@$(RUN) python -m mainline resolve --install

setup-tests: $(READY_TESTS) # What the tests need, too

setup-mlem: $(READY_MLEM) # What writes the wheel

where: # Say where the virtual environment is
	@echo "$(abspath $(VENV))"

lock: $(READY) ## Resolve requirements/*.in again; the lock names no host
	@$(RUN) requirements/lock.sh

# What pipeline and loop need; if the tests' packages are there too, they stay.
TESTED := $(wildcard $(VENV)/.ready-tests-* $(VENV)/.ready)
$(READY):
	@requirements/install.sh "$(VENV)" requirements/$(if $(TESTED),dev,main).txt --project . --mark "$@" $(if $(TESTED),--mark "$(READY_TESTS)")
	@$(RUN) python -m mainline resolve --install >/dev/null

$(READY_TESTS):
	@requirements/install.sh "$(VENV)" requirements/dev.txt --project . --mark "$(READY)" --mark "$@"
	@$(RUN) python -m mainline resolve --install >/dev/null

$(READY_MLEM):
	@requirements/install.sh "$(VENV_MLEM)" deploy/mlem/requirements.txt --mark "$@"

models/package:
	@echo "There is no model package yet. Run 'make repro' first." >&2; exit 1

.PHONY: help repro gate report tune explain promote push pull restore history resolve plots serve follow demo render wheel verify test test-slow ci faults mutation bench check format setup setup-tests setup-mlem where lock
