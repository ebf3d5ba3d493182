# make        set up and run the smoke study     make bench       measure beside other solvers and references
# make check-results   the same, and compare it with the results kept in docs/results
# make test   set up and run the tests           make slurm-test  the smoke study through a SLURM on this machine
# make lint   check style and format             make conda-test  the smoke study with an environment per rule
# make format apply style and format             make fault-test  kill, fill and damage every rule, and say it again
# make docs   write what is generated in docs    make report-test open the smoke study's report in a browser
# make lock   lock the versions that pyproject.toml pins
# make picture draw the picture of README.md      make offline-test what a mirror folder has, without a network
# make setup  install into .venv                  make check       say what is wrong with the overlay CONFIG=...
# make clean  remove the environment and the results
# Nothing is needed but Python >= 3.11 and make; everything is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
CORES ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count())")

.DEFAULT_GOAL := smoke
.PHONY: smoke check check-results test report-test slurm-test conda-test offline-test fault-test bench lint format docs picture setup lock clean

setup: .venv/.installed

.venv/.installed: requirements.txt requirements-uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it"; exit 1; }
	@echo "Installing the packages of requirements.txt, most of them PyTorch's, into .venv; this takes minutes"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	@touch $@

smoke: setup
	$(BIN)/snakemake --cores $(CORES) --configfile config/smoke.yaml

test: setup
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

report-test: smoke
	$(BIN)/python -m pytest -m report tests/report

slurm-test: smoke
	$(BIN)/python -m pytest -s -m slurm tests/slurm

conda-test: smoke
	$(BIN)/python -m pytest -m conda tests/conda

# needs the publishers' files in the folder that FINITECOVER_MIRROR names
offline-test: setup
	$(BIN)/python -m pytest -m offline tests/test_studies.py

fault-test: setup
	$(BIN)/python tests/inject_faults.py
	$(BIN)/python tests/end_runs.py --moments 102

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint
	$(BIN)/snakemake --lint --configfile config/smoke.yaml

format: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile rules

bench: .venv/.benched
	$(BIN)/python tools/results.py bench training
	$(BIN)/python tools/results.py bench condensation
	$(BIN)/python tools/results.py bench covers
	$(BIN)/python tools/results.py bench workflow
	$(BIN)/python tools/results.py bench choices
	$(BIN)/python tools/results.py bench strength
	$(BIN)/python tools/results.py bench controls
	$(BIN)/python tools/results.py bench minimal_cover
	$(BIN)/python tools/results.py bench selections
	$(BIN)/snakemake --cores $(CORES) --configfile config/calibration.yaml --until attack_model \
	    $(if $(FINITECOVER_MIRROR),--config 'data={mirror: $(FINITECOVER_MIRROR)}')
	$(BIN)/python tools/results.py bench calibration

.venv/.benched: .venv/.installed requirements-bench.txt requirements-references.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-bench.txt
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --no-deps -r requirements-references.txt
	@touch $@

# reads an overlay from elsewhere without running anything in it
check: setup
	$(BIN)/python tools/check_config.py $(CONFIG)

check-results: smoke
	$(BIN)/python tools/results.py check smoke

docs: setup
	$(BIN)/python tools/keys.py
	$(BIN)/python tools/results.py write
	$(BIN)/python tools/rulegraph.py

# of the report, for README.md; needs Chromium
picture: smoke
	chromium --headless=new --no-sandbox --hide-scrollbars --window-size=1100,1150 --screenshot=docs/report.png \
	    file://$(CURDIR)/results/report/report.html

lock: setup
	grep -o '^uv==[0-9.]*' requirements-uv.txt | $(BIN)/uv pip compile --quiet - --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-uv.txt
	$(BIN)/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --no-header -o requirements.txt
	$(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	    print(*p["optional-dependencies"]["bench"], sep="\n")' | \
	    $(BIN)/uv pip compile --quiet - --universal --python-version 3.11 -c requirements.txt \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-bench.txt
	$(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	    print(*p["optional-dependencies"]["references"], sep="\n")' | \
	    $(BIN)/uv pip compile --quiet - --universal --python-version 3.11 --no-deps \
	    --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-references.txt

clean:
	rm -rf .venv .snakemake results/*
