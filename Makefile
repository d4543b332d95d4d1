# muse: `make demo` and `make test` do all the set-up themselves.

# the first Python on the path that muse runs on
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
SONG := examples/paper_lanterns.ogg

.PHONY: demo test lint wheel-test system venv docs bench clean

demo: system $(VENV)/plain  ## transcribe the example song into stems/
	$(BIN)/muse transcribe $(SONG) -o stems/
	@echo && ls -l stems/

test: venv lint  ## everything that must hold, then the wheel in an empty venv
	# one worker a core, each of one thread; a free worker takes tests of a busy one
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal
	$(MAKE) wheel-test

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel-test: venv
	sh scripts/wheel_test.sh $(PYTHON) $(SONG)

venv: system $(VENV)/ready

# $(call install,EXTRAS): without PYTHONWARNINGS setuptools explains editable installs at length
define install
@test -n "$(PYTHON)" || { echo "muse needs Python 3.11 to 3.13; install one" >&2; exit 3; }
$(PYTHON) -m venv $(VENV)
$(BIN)/pip install --quiet --upgrade pip
PYTHONWARNINGS=ignore $(BIN)/pip install --quiet -c constraints.txt -e '.$(1)'
sh scripts/link_rooms.sh $(BIN)/python
touch $(VENV)/plain
endef

$(VENV)/plain: pyproject.toml constraints.txt  # what the commands need
	$(call install,)

$(VENV)/ready: pyproject.toml constraints.txt  # and what training and the tests need
	$(call install,[dev])
	touch $@

system:  ## FluidSynth, for rendering; installed where we may, else the command is printed
	@sh scripts/system.sh

docs: venv  ## the documentation, into docs/_build/html
	$(BIN)/pip install --quiet -c constraints.txt -e '.[docs]'
	sh scripts/link_rooms.sh $(BIN)/python
	$(BIN)/python docs/command_pages.py --check
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: venv  ## the figures of the README; takes a while
	$(BIN)/pip install --quiet --no-deps basic-pitch==0.4.0  # it pins TensorFlow, and runs without
	$(BIN)/pip install --quiet resampy scikit-learn
	for name in real peer roles separation transcription drums beats chord_symbols chords keys tokenize forms duplicates \
		chord_models chord_generation chord_speed training symbolic melody_models melody melody_speed \
		harmonize intervals_data intervals_detection intervals \
		jam_harmony jam_keys jam_tempo jam; do $(BIN)/python tests/bench/$$name.py; done

clean:
	rm -rf $(VENV) build dist *.egg-info stems docs/_build
