# make run, make test: each sets up .venv first where there is none.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH_BIN := .venv-bench/bin
BENCH := .venv-bench/.ready
FAST21CM := $(VENV)/.21cmfast
DOCS := $(VENV)/.docs
CONFIG ?= config/config.yaml
EXPERIMENTS := $(notdir $(patsubst %/,%,$(dir $(wildcard workflow/cosmodag/*/experiment.py))))
PROFILES := local slurm ci
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Jobs of a second would spend most of it on the source text of what they import.
unexport PYTHONDONTWRITEBYTECODE
# Threads that wait actively starve each other where jobs share few cores.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: help run test test-cluster test-cluster-events faults bench lint dry-run docs clean setup 21cmfast

help:  ## say what can be made
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/'

run: $(READY)  ## run all experiments, end with results/report.html
	snakemake --profile profiles/local --configfile "$(CONFIG)"

# A file is one process's, since its tests share what they prepare; the longest come first.
test: $(READY)  ## run the tests
	pytest -m "not cluster and not attack" --numprocesses auto --dist loadfile --no-loadscope-reorder

# Slurm is installed from Debian's packages where it is missing; where it cannot be had, the tests
# are skipped and say so.
test-cluster: $(READY)  ## run the workflow through a real Slurm on this machine
	pytest -m "cluster and not events" tests/cluster

test-cluster-events: $(READY)  ## do to jobs what clusters do, for real: half an hour
	pytest -m "cluster and events" tests/cluster

faults: $(READY)  ## attack every promise: kills, damages, bad input, leaks; results/faults
	python -m tests.faults
	pytest -m attack

bench: $(BENCH)  ## measure against peers, write results/bench
	$(BENCH_BIN)/python -m tests.bench

lint: $(READY)  ## check style, types and rules
	ruff check .
	ruff format --check .
	mypy
	snakefmt --check Snakefile workflow/Snakefile workflow/rules
	snakemake --lint

dry-run: $(READY)  ## plan every experiment under every profile
	@for profile in $(PROFILES); do \
		echo "dry run: $(EXPERIMENTS), profile $$profile"; \
		snakemake --profile profiles/$$profile -n --quiet all -- $(EXPERIMENTS) || exit 1; \
	done

docs: $(DOCS)  ## build the documentation into site/, which opens offline
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

21cmfast: $(FAST21CM)  ## install the simulator 21cmFAST, which GSL and FFTW are needed for

clean:  ## remove results and logs
	rm -rf results logs .snakemake

setup: $(READY)

# Packages are compiled by all cores; files that are no Python of this version are left out.
$(READY): envs/requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --requirement envs/requirements.lock
	$(BIN)/python -m compileall -q -j 0 $(VENV)/lib > /dev/null || true
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DOCS): envs/docs.txt $(READY)
	$(BIN)/pip install --quiet --no-deps --requirement envs/docs.txt
	touch $@

# Without it the workflow's own simulator runs, and what needs 21cmFAST says that it is absent.
$(FAST21CM): envs/21cmfast.txt $(READY)
	@gsl-config --version > /dev/null || \
		{ echo "21cmFAST needs GSL and FFTW: install libgsl-dev and libfftw3-dev"; exit 1; }
	$(BIN)/pip install --quiet --no-deps --requirement envs/21cmfast.txt
	touch $@

# Pylians is compiled, with an older Cython than it asks for by itself.
$(BENCH): envs/bench.txt envs/requirements.lock
	$(PYTHON) -m venv .venv-bench
	$(BENCH_BIN)/pip install --quiet --no-compile --requirement envs/requirements.lock
	$(BENCH_BIN)/pip install --quiet "Cython==0.29.37" "setuptools<81" wheel
	$(BENCH_BIN)/pip install --quiet --no-build-isolation --no-deps Pylians==0.12
	$(BENCH_BIN)/pip install --quiet --requirement envs/bench.txt
	$(BENCH_BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
