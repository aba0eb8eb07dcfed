# Each target sets up what it needs from nothing and prints the plain commands it runs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The oldest NumPy that is supported (Raspberry Pi OS Bookworm ships it).
OLDEST := .venv-oldest
# Where a tool is missing, on systems that have apt.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
apt = ($(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $(1))

PAGE := src/movinet/web/static/sw.js

.PHONY: demo test test-oldest page test-page lint format benchmark soak clean

# The core alone, as a user installs it.
.venv-demo/ready: pyproject.toml
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/pip install --quiet .
	touch $@

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch==2.13.0
	$(BIN)/pip install --quiet --editable ".[dev]"
	$(BIN)/python -m compileall -q src
	touch $@

$(OLDEST)/ready: pyproject.toml
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet --editable . numpy==1.24.4 pytest pytest-timeout hypothesis
	touch $@

# make demo MODEL=file.tflite LABELS=labels.txt VIDEO=dance.mp4; without them it draws a clip and shows
# it to the starter model.
demo: .venv-demo/ready
	.venv-demo/bin/python scripts/demo.py $(if $(MODEL),--model "$(MODEL)") $(if $(LABELS),--labels "$(LABELS)") $(if $(VIDEO),--video "$(VIDEO)")

# These measure no time and share nothing, so they share the cores; the others run one by one.
TOGETHER := $(addprefix tests/,datasets evaluation export frames models network outputs runtime stream synthetic training weights)

test: $(VENV)/ready test-oldest test-page
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(TOGETHER)
	$(BIN)/python -m pytest $(addprefix --ignore=,$(TOGETHER))

# The watching side on the oldest NumPy, without the packages that only tests and benchmarks use.
test-oldest: $(OLDEST)/ready
	$(OLDEST)/bin/python -m pytest -q tests/frames tests/models tests/runtime tests/stream tests/evaluation tests/outputs tests/synthetic

# The page of movinet serve, from page/ into the package. Its service worker is written last.
page: $(PAGE)

$(PAGE): page/node_modules/.package-lock.json page/build.mjs page/icon.mjs $(shell find page/src page/static -type f)
	cd page && npm run --silent build

page/node_modules/.package-lock.json: page/package.json page/package-lock.json
	command -v npm || $(call apt,nodejs npm)
	cd page && npm ci --no-audit --no-fund --loglevel=error
	touch $@

# Types and single modules; the tests in Chromium are among those of pytest. It plays a video that has
# sound only where something takes the sound.
test-page: page
	command -v $${CHROMIUM:-/usr/bin/chromium} || $(call apt,chromium)
	command -v pulseaudio || $(call apt,pulseaudio)
	cd page && npm run --silent check && npm test --silent

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The figures of docs/benchmarks.md; needs the real models and videos in ../shared/real.
benchmark: $(VENV)/ready
	$(BIN)/python -m benchmarks

# Minutes of what `make test` has a short form of.
soak: $(VENV)/ready
	$(BIN)/python scripts/soak.py

clean:
	rm -rf $(VENV) .venv-demo $(OLDEST) demo build dist page/node_modules src/movinet/web/static
