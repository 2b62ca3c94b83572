# make demo      the whole product with demo data on http://localhost:8000 (PORT=, DATA_DIR=)
#   PROVIDERS=standins       with stand-ins of Stripe, PayPal and Paystack to pay at
# make test      the whole test suite                                       (ARGS="-k seats")
# make services  PostgreSQL and Redis for development, in the foreground
# make check     linters and type checks
# make lock      new requirements*.lock from pyproject.toml (needs uv)

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; \
	done)
BOOTSTRAP = "$(PYTHON)" -c '' 2>/dev/null || { echo 'Python 3.11 or newer is needed, and none was found. Name it with: make $@ PYTHON=/path/to/python3' >&2; exit 1; }; \
	"$(PYTHON)" -I mentorship/bootstrap.py
RUN = exec .venv/bin/python -m mentorship.supervise

.PHONY: demo test services install check lock

demo:
	@$(BOOTSTRAP) requirements.lock && $(RUN) demo

test:
	@$(BOOTSTRAP) requirements-dev.lock && $(RUN) test $(ARGS)

services:
	@$(BOOTSTRAP) requirements.lock && $(RUN) services

install:
	@$(BOOTSTRAP) requirements-dev.lock

check:
	@exec bash .ci/run check

LOCK = uv pip compile --quiet --universal --fork-strategy fewest --generate-hashes --no-emit-index-url --python-version 3.11
lock:
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --group dev pyproject.toml -o requirements-dev.lock
