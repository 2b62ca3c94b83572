"""The machine, with a fixed budget; longer on demand: `MACHINE_EXAMPLES=2000 MACHINE_STEPS=80 make test ARGS=tests/machine`."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.machine import Lives

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "12"))
STEPS = int(os.environ.get("MACHINE_STEPS", "40"))


@pytest.mark.slow
@pytest.mark.django_db
def test_whatever_people_do_the_audit_is_clean():
    on_demand = "MACHINE_EXAMPLES" in os.environ
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            # In CI the same lives each time; on demand new ones.
            derandomize=not on_demand,
            database=None,
            deadline=None,
            print_blob=on_demand,
            suppress_health_check=list(HealthCheck),
        ),
    )
