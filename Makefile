# EKC's commands; `make` alone prints them. Variables (KEEP=1, RATES=..., ...) reach the programs as environment variables.
# No recipe starts anything in the background, so Ctrl-C reaches everything that runs.

SHELL := /bin/bash
BIN := .venv/bin
FAST := $(wildcard $(addprefix tests/,core scenarios simulation runtime guard adapters lab))
export KEEP RATES SECONDS_PER_RATE OPERATORS MINUTES SEED FAULTS STORE RECORD POPULATION

.DEFAULT_GOAL := help
.PHONY: help setup setup-speech demo check test test-core test-fast test-asterisk ivr-walk bench bench-routing bench-peak bench-listening bench-ivr faults soak-transfers conf sounds pictures images lock clean
.NOTPARALLEL:

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## virtual environment, Asterisk 22, SIPp, PostgreSQL: all inside this folder, no root needed
	@lab/setup/setup.sh

setup-speech: setup  ## RHVoice and Russian voices, to render prompts (90 MB more)
	@lab/setup/setup.sh speech

demo: setup-speech  ## the main job, live: real calls through all scripts, queues and operators (KEEP=1 stays up)
	@$(BIN)/python -m lab.demo

check: setup  ## format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: check test-fast test-asterisk  ## check, then all tests, real Asterisk included (what CI runs)

test-core: setup  ## tests of the pure core alone (seconds)
	@$(BIN)/pytest -q tests/core

test-fast: setup-speech  ## all tests but those on real Asterisk
	@$(BIN)/pytest -q -n 2 $(FAST)

test-asterisk: setup  ## tests on the embedded Asterisk with real SIP phones
	@$(BIN)/pytest -q -n 6 --dist loadfile --no-loadscope-reorder tests/asterisk  # they wait more than they work

ivr-walk: setup setup-speech  ## every test case of the scripts that ship, by real phones (CALLERS=6, ONLY=)
	@$(BIN)/python -m lab.walk

bench: setup  ## engine against bare Dial and app_queue (RATES="20 50", SECONDS_PER_RATE=, OPERATORS=)
	@$(BIN)/python -m lab.bench

bench-routing: setup  ## decisions of the ACD with 100, 1,000 and 10,000 operators
	@$(BIN)/python -m lab.bench.routing

bench-peak: setup  ## the busiest ten minutes: 10 calls/s, 600 callers at once, 130 operators (MINUTES=2, RECORD=0)
	@$(BIN)/python -m lab.bench.peak

bench-ivr: setup  ## 100 calls/s through a menu, key to prompt on the wire, beside the same dialplan (RATE=, SECONDS=)
	@$(BIN)/python -m lab.bench.ivr

bench-listening: setup  ## what it costs Asterisk to listen for silence in talks (TALKS=, ROUNDS=, RECORD=0)
	@$(BIN)/python -m lab.bench.listening

faults: setup  ## nobody is lost: faults under load, checked call by call (MINUTES=5, SEED=, FAULTS=engine_kill,...)
	@$(BIN)/python -m lab.faults

soak-transfers: setup  ## a thousand transfers on one Asterisk, every record checked (ROUNDS=, PAIRS=, WAYS="refer refer_to")
	@$(BIN)/python -m lab.soak_transfers --rounds $(or $(ROUNDS),1000) --pairs $(or $(PAIRS),5) $(if $(WAYS),--ways $(WAYS))

conf: setup  ## render the Asterisk configuration and compare it with the golden files
	@$(BIN)/ekc conf golden

sounds: setup-speech  ## render the prompts of sounds/manifest.yaml whose text has changed
	@$(BIN)/ekc sounds render

pictures: setup  ## draw the scripts that ship for docs/scripts/
	@$(BIN)/python -m lab.draw_scripts

images: setup  ## build the container images, start them, let one call through
	@docker/build.sh

lock:  ## write requirements.lock anew from pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-find-links --no-emit-options --allow-unsafe --strip-extras \
	  --extra speech --extra lab --extra dev -o requirements.lock pyproject.toml
	@$(BIN)/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-trusted-host \
	  --no-emit-find-links --no-emit-options --allow-unsafe --strip-extras \
	  --extra speech -c requirements.lock -o docker/engine/requirements.lock pyproject.toml

clean:  ## remove what setup and the tests made (.venv, .runtime with its downloads and reports)
	@rm -rf .venv .venv.new .runtime build *.egg-info .mypy_cache .ruff_cache .pytest_cache \
	  .hypothesis .import_linter_cache .coverage*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
