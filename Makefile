# `make` or `make help` lists the targets; train and test do all their own set-up.
PYTHON ?= python3
PY := .venv/bin/python

RUN ?= runs/first
N ?= 1024

.PHONY: help train page report demo test test-processes nightly lint smoke chaos kernel docs-page
help: ## list the targets
	@grep -hE '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 18

.venv: .venv/ready ## make the virtual environment and install
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

train: .venv/ready ## train the embedded default in runs/first (at most 8 minutes), or continue it
	# one thread: two that share a busy machine wait for each other and are many times slower
	OMP_NUM_THREADS=1 $(PY) train.py model.classes=attributes hydra.run.dir=runs/first minutes=6

page: .venv/ready ## the network of that run in one HTML file: runs/first/page.html
	$(PY) sample.py run=$(RUN) page=$(RUN)/page.html

report: .venv/ready ## judge that run: runs/first/report/report.html
	OMP_NUM_THREADS=1 $(PY) report.py runs=[$(RUN)] n=$(N)

demo: .venv/ready ## a small sweep on procedural sprites, and the report that compares its runs
	OMP_NUM_THREADS=1 $(PY) train.py -m experiment=smoke data=forge trainer.max_steps=200 trainer.val_check_interval=50 checkpoint.every_n_steps=50 \
		schedule=linear,cosine seed=0,1 sweep_name=demo
	OMP_NUM_THREADS=1 $(PY) report.py sweep=runs/demo n=64

test: .venv/ready ## the fast tests
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -m 'not processes'

test-processes: .venv/ready ## the tests that start processes: training, sampling, kills, several devices
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -m 'processes and not nightly'

nightly: .venv/ready ## those that take long, and 260 kills
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -m 'processes and nightly'
	OMP_NUM_THREADS=1 $(PY) tests/chaos.py --kills 20 --results 30

lint: .venv/ready ## format, style, layers and types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	.venv/bin/lint-imports
	$(PY) -m mypy

smoke: .venv/ready ## everything once, in seconds
	OMP_NUM_THREADS=1 $(PY) train.py experiment=smoke hydra.run.dir=runs/smoke

kernel: .venv/ready ## compile the arithmetic of pages anew; only after a change of kernel.c
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[kernel]' -c constraints.txt
	$(PY) diffusion/living/compile.py diffusion/living/kernel.wasm

docs-page: .venv/ready ## docs/page.html and its film, the same network as the code of today shows it
	$(PY) -c 'from pathlib import Path; from diffusion.living.page import refreshed; \
		page = Path("docs/page.html"); page.write_text(refreshed(page.read_text()))'
	$(PY) benchmarks/page_film.py docs/page.html docs/pictures/page.gif

chaos: .venv/ready ## kill commands sixty times at random moments and compare what they leave
	OMP_NUM_THREADS=1 $(PY) tests/chaos.py
