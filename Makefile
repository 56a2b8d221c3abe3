# One command per wish: make demo, make test, make bench, make lint. Python 3.11+ and make are enough for the demo.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test guards bench lint format lock clients graphiql

help:
	@echo "make demo [ARGS=--once]   the whole story on an embedded PostgreSQL, with offline Clerk and WorkOS"
	@echo "make test [ARGS=...]      every test; ARGS go to pytest (ARGS='tests/unit -k verifier')"
	@echo "make guards [ARGS=...]    take every security guard out, one at a time, and see its tests fail (ARGS='-k fetch')"
	@echo "make bench [ARGS=...]     CPU per request beside pgbench and @supabase/lite"
	@echo "make graphiql             bundle the GraphiQL page into the package (needs Node.js)"
	@echo "make lint                 ruff, mypy --strict, import-linter"
	@echo "make lock                 renew requirements/*.txt from pyproject.toml"

demo: $(VENV)/runtime
	@$(PY) examples/todos/demo.py $(ARGS)

test: $(VENV)/dev clients graphiql
	@$(PY) -m pytest $(ARGS)

guards: $(VENV)/dev
	@$(PY) -m tests.guards $(ARGS)

bench: $(VENV)/dev clients
	@$(PY) -m benchmarks $(ARGS)

lint: $(VENV)/dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports

format: $(VENV)/dev
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

# The real clients from npm, from their lock file. Without Node, tests that need them say so (and fail under CI).
clients: tests/clients/js/node_modules/.installed

tests/clients/js/node_modules/.installed: tests/clients/js/package-lock.json
	@if command -v npm >/dev/null 2>&1; then \
	  echo "Installing the JavaScript clients from their lock file"; \
	  (cd tests/clients/js && npm ci --no-audit --no-fund --loglevel=error) && touch $@; \
	else echo "Node.js was not found: the tests with JavaScript clients cannot run here (install nodejs and npm)"; fi

# The GraphiQL page, from its lock file into the package. Without Node the server has no page, and says so.
graphiql: src/rowgate/graphql/graphiql/main.js

src/rowgate/graphql/graphiql/main.js: pages/graphiql/package-lock.json pages/graphiql/build.mjs pages/graphiql/main.jsx
	@if command -v npm >/dev/null 2>&1; then \
	  echo "Building the GraphiQL page"; \
	  (cd pages/graphiql && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build); \
	else echo "Node.js was not found: /graphql/v1 has no GraphiQL page (install nodejs and npm, then make graphiql)"; fi

lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  requirements/build.in pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  requirements/build.in pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt

$(VENV)/runtime: requirements/runtime.txt pyproject.toml
	@$(PYTHON) scripts/make_environment.py $(VENV) requirements/runtime.txt
	@touch $@

$(VENV)/dev: requirements/dev.txt pyproject.toml
	@$(PYTHON) scripts/make_environment.py $(VENV) requirements/dev.txt
	@touch $@ $(VENV)/runtime
