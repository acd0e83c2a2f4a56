# Everything a newcomer needs: `make demo` to see a city, `make test` to check it. Other targets: `make help`.
# PYTHON=python3.12 picks an interpreter, VENV=.venv-3.12 a second environment beside the first.

VENV ?= .venv
WORKERS ?= 2
TESTS ?=
EXTRAS ?= dev,docs,pbf
BIN := $(VENV)/bin
ROOMS := sim agents scenarios kernels
TYPING := build/typing

.DEFAULT_GOAL := help
.PHONY: help demo install test lint types format licences docs bench peers validation clean

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed  ## Simulate Monaco's morning and write a report into runs/demo
	$(BIN)/citytwin run scenarios/library/monaco/morning.yaml -o runs/demo
	@echo
	@echo "Open the report in a browser: $(CURDIR)/runs/demo/report.html"

install: $(VENV)/.installed-dev  ## Make .venv with everything a contributor needs

test: $(VENV)/.installed-dev  ## Install and run the tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --durations=25 $(TESTS)

lint: $(VENV)/.installed-dev types  ## Check style, types, import directions and docstrings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m numpydoc lint $$(find $(ROOMS) -name '*.py')

types: $(VENV)/.installed-dev  ## Check types with mypy --strict
	@mkdir -p $(TYPING)/citytwin
	@for room in $(ROOMS); do ln -sfn ../../../$$room $(TYPING)/citytwin/$$room; done
	MYPYPATH=$(TYPING) $(BIN)/mypy $(ROOMS:%=-p citytwin.%)

format: $(VENV)/.installed-dev  ## Format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

licences: $(VENV)/.installed-dev  ## List the licences of everything that is installed with citytwin
	$(BIN)/python tests/licences.py

docs: $(VENV)/.installed-dev  ## Build the documentation into docs/_build/html; its examples run
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "Open $(CURDIR)/docs/_build/html/index.html"

validation: $(VENV)/.installed-dev  ## Measure the model against theory and write docs/validation/traffic.md and air.md
	$(BIN)/python benchmarks/validation.py
	$(BIN)/python benchmarks/validation_air.py

bench: $(VENV)/.installed-dev  ## Measure start-up, traffic, walking, routing, snapshots, air and whether the bundled cities lock
	$(BIN)/python benchmarks/start_up.py
	$(BIN)/python benchmarks/traffic.py
	$(BIN)/python benchmarks/routing.py
	$(BIN)/python benchmarks/walking.py
	$(BIN)/python benchmarks/crowd.py
	$(BIN)/python benchmarks/gridlock.py monaco helsinki
	$(BIN)/python benchmarks/phases.py
	$(BIN)/python benchmarks/snapshots.py
	$(BIN)/python benchmarks/calibrate.py 1ramp 2corridor
	$(BIN)/python benchmarks/calibrate.py --budget 10 4smallRegion
	$(BIN)/python benchmarks/calibration_trials.py
	$(BIN)/python benchmarks/sources.py
	$(BIN)/python benchmarks/walking_experiments.py
	$(BIN)/python benchmarks/data_health.py
	$(BIN)/python benchmarks/air.py

peers: $(VENV)/.installed-dev  ## Compare speed and travel times with SUMO and UXsim, which it installs; takes an hour
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/same_routes.py

clean:  ## Remove what the other targets made, the environment and the runs included
	rm -rf $(VENV) build dist runs docs/_build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

# The environment is made once and brought up to date when pyproject.toml changes.
$(VENV)/.made:
	@python='$(PYTHON)'; \
	fits='import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2])'; \
	if [ -z "$$python" ]; then \
	  for candidate in python3.11 python3.12 python3.13 python3 python; do \
	    if "$$candidate" -c "$$fits" >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	  done; \
	fi; \
	if [ -z "$$python" ]; then \
	  echo "No Python 3.11 or newer with the venv module found (looked for python3.11, 3.12, 3.13, python3, python)."; \
	  echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python3"; \
	  exit 1; \
	fi; \
	if ! "$$python" -c "$$fits"; then \
	  echo "'$$python' is not a Python 3.11 or newer with the venv and ensurepip modules."; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	@echo "Installing citytwin and what it needs into $(VENV) (a minute or two)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.made pyproject.toml
	@echo "Installing citytwin, the linters, the test and documentation tools into $(VENV) (a minute or two)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.installed
