# make demo   a tile from a sample layout, with the bundled model
# make gui    napari with the CoSynth dock
# make test   checks and tests, with all the set-up they need
# make bench  the benchmarks
# make clean  removes what the other targets wrote, but not .venv

SHELL := /bin/bash
VENV ?= .venv
# Another build of torch: make demo TORCH="torch==2.13.0 --index-url ..."
TORCH ?= $(shell sed -n '/^torch==/p' constraints.txt)

PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
# Two files at a time, each on one core: torch's own threads would wait for each other. In their own order: by their
# number of tests the longest ones, which have few, would come last, one beside nothing.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder
PINS := pyproject.toml constraints.txt
SAMPLE := tumour_gland
PROMPT := colon adenocarcinoma, H&E, 40x, gland with dense lymphocytes in the stroma

.PHONY: demo gui test bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	$(VENV)/bin/napari-cosynth synth sample_data/$(SAMPLE).csv --prompt "$(PROMPT)" --seed 1 --out out/demo
	@echo "The picture: out/demo/$(SAMPLE)-1.png, with its labels beside it (overlay: out/demo/$(SAMPLE)-1-overlay.png)"

gui: $(VENV)/.installed-gui
	$(VENV)/bin/napari -w napari-cosynth CoSynth

# Widgets on PyQt6 too, since napari will leave PyQt5. The whole suite comes last, so that its closing line is the last one.
test: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports
	QT_API=pyqt6 PYTEST_QT_API=pyqt6 $(PYTEST) tests/widgets
	$(PYTEST)

bench: $(VENV)/.installed-dev
	@set -e; shopt -s nullglob; scripts=(benchmarks/[a-z]*.py); \
	if [ $${#scripts[@]} -eq 0 ]; then echo "benchmarks/ holds no script" >&2; exit 1; fi; \
	for script in "$${scripts[@]}"; do echo "== $$script"; $(PY) "$$script"; done

clean:
	rm -rf out/demo build dist .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(wildcard napari_cosynth tests benchmarks sample_data) -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.installed: $(PINS) | $(PY)
	$(INSTALL) $(TORCH)
	$(INSTALL) -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-gui: $(PINS) | $(PY)
	$(INSTALL) $(TORCH)
	$(INSTALL) -c constraints.txt -e ".[pyqt5]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-dev: $(PINS) | $(PY)
	$(INSTALL) $(TORCH)
	$(INSTALL) -c constraints.txt -e ".[dev,distributed,pyqt5,pyqt6,train]"
	@touch $(VENV)/.installed $(VENV)/.installed-gui $@

# Tried in turn and asked for its version: a name on the path may be a stub or too old.
$(PY):
	@for python in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
		if $$python -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "making $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "No Python 3.11 or newer with the venv module found (tried $(PYTHON) python3.11 python3.12 python3.13 python3)." >&2; \
	echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python" >&2; \
	exit 1
