# The two commands that a newcomer needs, each from nothing but Python 3.11+, git and make:
#   make demo   the linter, the tests and a failing job test on the example shop
#   make test   the whole test suite; options for pytest go into ARGS:  make test ARGS='tests/engine -k retry'
# What each installs goes into .venv and is installed again only when pyproject.toml changes.

VENV ?= .venv
WORKERS ?= auto
ARGS ?=

.PHONY: demo test tools docs clean

demo: $(VENV)/.for-demo
	@$(VENV)/bin/python .ci/demo.py

test: $(VENV)/.for-test
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadgroup $(ARGS)

tools: $(VENV)/.for-tools

docs: tools
	$(VENV)/bin/sphinx-build --fail-on-warning --keep-going --fresh-env -b html docs docs/_build/html

$(VENV)/.for-%: pyproject.toml .ci/install
	@.ci/install $(VENV) $*

clean:
	rm -rf $(VENV) docs/_build docs/rules dist build
