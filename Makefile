# Both commands work on a fresh clone with python3 (3.11 or later), pip and venv, nothing installed by hand.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin

.PHONY: demo test lint types arrow check docs site chromium browser web web-check wheel clean

$(VENV)/.run: requirements/run.lock pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Charcot needs Python 3.11 or later: make PYTHON=python3.12 demo"'
	test -x $(RUN)/python || $(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -r requirements/run.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.lock
	touch $@

demo: $(VENV)/.run  ## a typical patient, a published trial, one report
	$(RUN)/charcot demo

test: $(VENV)/.dev  ## every test, a file at a time on each processor
	PYTHONDONTWRITEBYTECODE= $(RUN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

chromium:  ## the browser that the tests drive, from Debian's packages
	command -v chromium > /dev/null || { apt-get update -qq && apt-get install -y -qq chromium > /dev/null; }

browser: chromium $(VENV)/.dev  ## the pages in a browser of the system (Debian: apt-get install chromium)
	CHARCOT_BROWSER=all $(RUN)/python -m pytest tests/browser

lint: $(VENV)/.dev
	$(RUN)/ruff check . && $(RUN)/ruff format --check .

types: $(VENV)/.dev
	$(RUN)/mypy

arrow: $(VENV)/.dev
	$(RUN)/lint-imports

check: $(VENV)/.run
	$(RUN)/charcot check

docs: $(VENV)/.run  ## the pages of the mechanisms, made from the code
	$(RUN)/charcot docs

$(VENV)/.docs: $(VENV)/.dev requirements/docs.lock
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -r requirements/docs.lock
	touch $@

site: $(VENV)/.docs  ## the site, in site/: every tutorial is run, then the pages are built without a warning
	PYTHONDONTWRITEBYTECODE= $(RUN)/python -m pytest -n auto tests/tutorials.py
	$(RUN)/python -m sphinx --fail-on-warning --quiet --builder html docs site

wheel:  ## build the wheel, install it from its own bounds into an empty environment, use it outside the checkout
	PYTHON=$(PYTHON) sh tests/wheel.sh

lock:  ## renew the lock files (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url pyproject.toml -o requirements/run.lock
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --extra dev -c requirements/run.lock pyproject.toml -o requirements/dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --extra docs -c requirements/dev.lock pyproject.toml -o requirements/docs.lock

web: $(VENV)/.run  ## the explorer's pages, built anew from web/ (needs Node 20 or later)
	$(RUN)/python -m charcot.interfaces.explorer.schema > web/schema.json
	cd web && npm ci && npm run build

web-check: web  ## what is shipped is what is built
	git diff --exit-code --stat -- web src/charcot/interfaces/explorer/assets
	test -z "$$(git ls-files --others --exclude-standard -- web src/charcot/interfaces/explorer/assets)"

clean:
	rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache
