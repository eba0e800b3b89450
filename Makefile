# `make demo` grades three sample submissions; `make test` runs everything that has to pass. Both need Python 3.11 or
# newer with pip, and nothing else.

PYTHON ?= python3
BIN := .venv/bin
DEMO ?= build/demo
# What takes longest for each submission, memorising and training for the test, is left out of the demo.
DEMO_CHECKS := data,same,different,cnn,channel,accuracy,train
SAMPLES := names-of-their-own,imread-divided-again,channel-same-shoe-twice

.PHONY: venv demo test notebook browser bench template clean

venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[classroom,dev]'
	touch $@

demo: venv
	$(BIN)/python -m fixtures submissions $(DEMO)/class --only $(SAMPLES)
	$(BIN)/autograder grade $(DEMO)/class --out $(DEMO)/results --only $(DEMO_CHECKS)
	$(BIN)/autograder check $(DEMO)/class/imread-divided-again.ipynb --only $(DEMO_CHECKS) || true

test: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --dist worksteal

# A student's way through a real JupyterLab, and the real nbgrader. Needs Chromium (Debian's `chromium`).
notebook: venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[notebook]'
	$(BIN)/python -m pytest -m in_jupyter

# The class page and a report in a real browser, by axe-core's rules, too. Needs Chromium (Debian's `chromium`).
browser: venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[browser]'
	$(BIN)/python -m pytest -m in_browser

bench: venv
	$(BIN)/python -m benchmarks.latency

template: venv
	$(BIN)/python -m student_template

clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
