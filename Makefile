# Monogram. `make` alone lists what can be made.

PYTHON ?= python3
# Processes that run the tests: a number, or auto for one per core.
TEST_WORKERS ?= auto

VENV    := .venv
BIN     := $(VENV)/bin
# Stamps: newer than pyproject.toml and constraints.txt when what they ask for is installed.
RUNTIME := $(VENV)/.runtime-installed
DEV     := $(VENV)/.dev-installed
BENCH   := $(VENV)/.bench-installed
CODE    := $(wildcard src tests benchmarks examples)

.DEFAULT_GOAL := help

# Material for MkDocs otherwise adds news of its own to each build.
export NO_MKDOCS_2_WARNING := 1

.PHONY: help
help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

## Use

.PHONY: study
study: $(RUNTIME) ## Personalize the bundled watch data; the report goes to runs/watch
	$(BIN)/monogram study watch --out runs/watch

.PHONY: bench
bench: $(BENCH) ## Compare the price of a model with other ways to make it (about 20 minutes)
	$(BIN)/python -m benchmarks

# Flower and pfl need other versions of libraries than the constraints: all but PyTorch is theirs.
.PHONY: bench-peers
bench-peers: ## The same with Flower and pfl, in an environment of their own
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)" -e '.[peers]'
	.venv-peers/bin/python -m benchmarks peers

.PHONY: bench-full
bench-full: $(BENCH) ## The same, up to 100,000 people, and all other benchmarks (two and a half hours)
	$(BIN)/python -m benchmarks price judged scratch seven growth heads overhead curves profiled judging native convolutions dropout compiled allocator sharing store full_width

.PHONY: reproduction
reproduction: $(RUNTIME) ## Run both of the paper's scenarios (90 minutes on 2 cores) and write their page
	$(BIN)/python docs/reproduction.py

## Develop

.PHONY: test
test: $(DEV) ## Run the fast tests and the examples in docstrings
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not slow" -n $(TEST_WORKERS) --dist worksteal

.PHONY: test-all
test-all: $(DEV) ## Run every test, the slow ones too
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(TEST_WORKERS) --dist worksteal

.PHONY: lint
lint: $(DEV) ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: format
format: $(DEV) ## Format the code and repair what can be repaired safely
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: types
types: $(DEV) ## Check types
	$(BIN)/mypy $(CODE)

.PHONY: docs
docs: $(DEV) ## Build the documentation into site/
	$(BIN)/mkdocs build --strict --quiet

.PHONY: docs-serve
docs-serve: $(DEV) ## Show the documentation on localhost while writing it
	$(BIN)/mkdocs serve

.PHONY: check
check: lint types docs test ## All that must pass before a change goes in

.PHONY: clean
clean: ## Remove caches and built pages; .venv and runs/ stay
	rm -rf site build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## Remove .venv too, and what was compiled for it
	rm -rf $(VENV) src/monogram/native/*.so

## Install

# While pip works, .installing stands in the environment. Whoever finds it there knows that the
# last attempt was cut short, and starts over: pip takes half a package for an installed one.
define install
	@if [ ! -e $(VENV)/.created ] || [ -e $(VENV)/.installing ]; then \
		$(PYTHON) -m venv --clear $(VENV) && touch $(VENV)/.created; fi
	@echo "Installing Monogram$(EXTRAS) into $(VENV) (PyTorch is large: the first time takes minutes)"
	@touch $(VENV)/.installing; trap 'exit 130' INT TERM; \
		$(PIP) install -c constraints.txt -e '.$(EXTRAS)'; \
		status=$$?; rm -f $(VENV)/.installing; exit $$status
	@touch $(RUNTIME) $@
endef

PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
EXTRAS :=
$(DEV): private EXTRAS := [dev,docs,datasets]

$(RUNTIME): pyproject.toml constraints.txt hatch_build.py $(wildcard src/monogram/native/*.[ch])
	$(install)

$(DEV): $(RUNTIME)
	$(install)

$(BENCH): private EXTRAS := [bench]
$(BENCH): $(RUNTIME)
	$(install)
