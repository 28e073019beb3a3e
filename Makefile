# `make report` and `make test` do all the set-up they need. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
WORKERS ?= 2

.PHONY: help setup report test quick lab agreement promises simulation bench lock clean

help: ## list what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

setup: $(VENV)/.ready ## make .venv with the locked requirements and the package

# hashes are checked, and the package itself is installed from this folder without fetching anything more
$(VENV)/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 $(MAKECMDGOALS)")'
ifdef UV
	uv venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

$(VENV)/.ready-to-test: requirements-test.txt $(VENV)/.ready
ifdef UV
	uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-test.txt
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
endif
	@touch $@

report: $(VENV)/.ready ## make the reports of the programme in this folder, and say which file to open
	@$(BIN)/konbit report --before || [ $$? -eq 1 ]  # 1: done, and problems in the data are listed

test: $(VENV)/.ready-to-test ## check style, then run all tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

quick: $(VENV)/.ready-to-test ## the tests without the slow ones, for every change
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not slow and not browser"

lab: $(VENV)/.ready ## open the notebooks in JupyterLab
	@$(BIN)/konbit lab

agreement: $(VENV)/.ready-to-test ## print to how many digits the numbers agree with R
	@$(BIN)/python -m tests.agreement

promises: $(VENV)/.ready-to-test ## run what holds each promise about safety, and write docs/reliability.md (minutes)
	@$(BIN)/python -m tests.promises

simulation: $(VENV)/.ready ## rerun the simulations of docs/simulation.md and docs/words.md (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.simulation
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.words

bench: $(VENV)/.ready ## time an analysis and briefs against R, where it is there, and Papermill, cleaning against pandas; write docs/performance.md
	@$(BIN)/python -m benchmarks.against_r
	@$(BIN)/python -m benchmarks.cleaning --growth
	@$(BIN)/python -m benchmarks.many_incentives
	@$(BIN)/python -m benchmarks.briefs --write

lock: ## renew the locked requirements (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate \
	  --extra build pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate \
	  --extra build --extra test -c requirements.txt pyproject.toml -o requirements-test.txt

clean: ## take away what was made: .venv, reports, cleaned data
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache
	find reports data/processed -mindepth 1 ! -name README.md -delete
