# Short names for the commands typed most often. `./mainline` lists all commands, `make -C engine` those of the machinery.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Scripts with Windows' line endings fail with an obscure message; .gitattributes prevents them in new checkouts.
ifneq (,$(shell grep -l $$(printf '\r') mainline 2>/dev/null))
$(error This checkout has Windows' line endings. Commit or stash what you changed, then: git rm -r --cached --quiet . && git reset --hard --quiet)
endif

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

repro: ## Run the pipeline: data, model, metrics, package; only what changed
	@./mainline repro

test: ## Run your tests, and check your use case against its contract
	@echo "Your tests in tests/, and the contract. 'make -C engine test' runs the tests of the machinery."
	@engine/run tests python -m pytest -p mainline.score.plugin

check: ## Check format, lint, types and declared dependencies of your files
	@engine/run tests ruff format --check --quiet src tests || { echo "Run: engine/run tests ruff format src tests"; exit 1; }
	@engine/run tests ruff check --quiet src tests
	@engine/run tests mypy
	@./mainline deps

gate: ## Compare the model here with the one in production: may it be released?
	@./mainline gate

report: ## Render the gate's findings, for a pull request and as a page, into metrics/report/
	@./mainline gate || true
	@./mainline report

serve: ## Answer requests from the model package, as deploy/production.yaml says
	@./mainline serve

demo: ## Play the whole loop here under load: release, canary, a bad model aborted, revert; 3 minutes
	@engine/run tests python -P -m tests.end_to_end.whole_loop

# As it was called before; `make -C engine` lists it.
demo-drift:
	@$(MAKE) -C engine demo-drift

upgrade: ## Take a later version of the machinery: VERSION=v0.2.0
	@./mainline upgrade $(VERSION)

.PHONY: help repro test check gate report serve demo demo-drift upgrade
