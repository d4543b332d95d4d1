# muse: `make demo` and `make test` do all the set-up themselves.

PYTHON ?= $(shell command -v python3.13 || command -v python3.12 || command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
SONG := examples/paper_lanterns.ogg

.PHONY: demo test lint wheel-test system venv bench clean

demo: venv  ## transcribe the example song into stems/
	$(BIN)/muse transcribe $(SONG) -o stems/
	@echo && ls -l stems/

test: venv lint  ## everything that must hold, then the wheel in an empty venv
	$(BIN)/pytest
	$(MAKE) wheel-test

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel-test: venv
	sh scripts/wheel_test.sh $(PYTHON) $(SONG)

venv: system $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet -c constraints.txt -e '.[demucs,dev]'
	sh scripts/link_rooms.sh $(BIN)/python
	touch $@

system:  ## FluidSynth, for rendering; installed where we may, else the command is printed
	@sh scripts/system.sh

bench: venv  ## the figures of the README; takes a while
	$(BIN)/python tests/bench/separation.py
	$(BIN)/python tests/bench/transcription.py

clean:
	rm -rf $(VENV) build dist *.egg-info stems
