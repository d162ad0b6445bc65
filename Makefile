# Everything a newcomer, a developer and CI run. `make demo` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo demo-model encoder test slow check lint types layers examples corpus bench lock clean

help:
	@echo "make demo   set up, read corpus/ in, answer one Japanese and one English question"
	@echo "make demo-model  the same with a small GPT-J that writes the answers"
	@echo "make setup  the environment alone      make test   all tests"
	@echo "make check  lint, types, layers, and all tests (of the corpus and of README's examples too)"
	@echo "make slow   benchmark-length tests     make bench  the benchmarks"
	@echo "make encoder  make the embedding model again: base, training (an hour), packing (needs ../shared/data)"

setup: $(READY)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "qeu_rag needs Python 3.11, 3.12 or 3.13; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP) -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/qeu-rag ingest corpus
	$(BIN)/qeu-rag ask "提案書の有効期限は何日ですか"
	$(BIN)/qeu-rag ask "How long are measurement records kept for aerospace clients?"

DEMO_MODEL := --home .demo-model --model tests/demo_model/demo-gptj.bin

demo-model: setup
	$(BIN)/qeu-rag models inspect tests/demo_model/demo-gptj.bin
	$(BIN)/qeu-rag ingest tests/demo_model/docs --home .demo-model
	$(BIN)/qeu-rag ask "ノギス重量は？" $(DEMO_MODEL)
	$(BIN)/qeu-rag ask "What is the caliper weight?" $(DEMO_MODEL)
	$(BIN)/qeu-rag ask "What is the capital of Mongolia?" $(DEMO_MODEL)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

corpus: setup
	$(BIN)/python corpus/sources/build.py --check

test: setup
	$(BIN)/python -m pytest -n 2 --dist worksteal

slow: setup
	$(BIN)/python -m pytest -m slow

examples: setup
	$(BIN)/python -m pytest tests/test_readme.py

# A fresh clone: of the environment's 22,000 modules a quarter is ever imported, and Python compiles those as it meets them.
check: PIP := --no-compile
check: export PYTHONDONTWRITEBYTECODE :=
check: lint types layers test

encoder: setup
	$(BIN)/python benchmarks/training/base.py .encoder/base --work .encoder
	$(BIN)/python benchmarks/training/train.py .encoder/base .encoder/run
	$(BIN)/python benchmarks/training/pack.py .encoder/base .encoder/run/kept --work .encoder
	$(BIN)/python benchmarks/training/ranges.py
	$(BIN)/python benchmarks/training/reader.py .encoder/reader --minutes 90
	$(BIN)/python benchmarks/training/pack_reader.py .encoder/reader/kept.pt

bench: setup
	$(BIN)/python benchmarks/run.py

lock: setup
	@{ head -1 requirements.lock; $(BIN)/pip freeze --all --exclude qeu_rag --exclude pip --exclude atheris | sed 's/+cpu$$//' \
	  | sed 's/^\(uvloop==.*\)$$/\1 ; sys_platform != "win32"/'; } > requirements.new && mv requirements.new requirements.lock

clean:
	rm -rf $(VENV) .demo-model .encoder .gate-homes build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
