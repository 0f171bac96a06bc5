# Needs only Python >= 3.11 and make. `make run` answers the claims; `make test` proves the toolkit.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2
STACKS ?= python3.11 python3.13

# As many processes as cores: threads of BLAS beside them only wait for each other.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

# No C compiler on the machine: PyTensor would fall back to slow pure Python, so it is put in numba mode.
ifeq ($(shell command -v c++ || command -v g++ || command -v clang++),)
export PYTENSOR_FLAGS ?= cxx=,mode=NUMBA
endif

.PHONY: run test test-fast test-all benchmark lint fuzz clean help
help:
	@echo "make run | test | test-fast | test-all | benchmark | lint | fuzz | clean"

$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later was not found; install it or pass PYTHON=/path/to/python."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

run: $(STAMP)
	$(BIN)/meta run

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n $(JOBS)

test-fast: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) -m "not mcmc and not notebook and not slow and not long"

# What is long, and both stacks that users have: pymc 5 with arviz 0.23, and pymc 6 with arviz 1.
test-all: test
	$(BIN)/python -m pytest -n $(JOBS) -m long
	@for p in $(STACKS); do \
	  v=$$($$p -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || \
	    { echo "$$p was not found; its stack is not tested."; continue; }; \
	  echo "== the stack of Python $$v"; \
	  $(MAKE) --no-print-directory test PYTHON=$$p VENV=.venv-$$v || exit 1; \
	done

# Beside metafor (where Rscript has it), PyMARE, PyMetaAnalysis, statsmodels and bare PyMC; takes a quarter of an
# hour, writes benchmarks/peers.md and prints what got slower than benchmarks/ratios.json says (accept a change with
# python benchmarks/peers/guard.py --accept). NUTPIE=/path/to/python adds an interpreter with nutpie and this package.
.venv-peers/.installed: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

benchmark: $(STAMP) .venv-peers/.installed
	$(BIN)/python benchmarks/peers/run.py --peers $(CURDIR)/.venv-peers/bin/python $(if $(NUTPIE),--nutpie $(NUTPIE))

# Bytes into every reader of text, guided by coverage; atheris has wheels for Python 3.11 to 3.13.
MINUTES ?= 25
fuzz:
	$(PYTHON) -m venv .venv-fuzz
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv-fuzz/bin/python -m pip install --quiet --disable-pip-version-check "atheris>=3,<4"
	.venv-fuzz/bin/python benchmarks/fuzzing.py --minutes $(MINUTES)

clean:
	rm -rf .venv .venv-3.* .venv-peers .venv-fuzz .pytest_cache .mypy_cache .ruff_cache
