"""The machine with a fixed budget, the same lives each time; others and longer ones on demand (README, "Try it")."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from sessions_app.services import cancelling
from tests.machine.machine import Lives

ON_DEMAND = "MACHINE_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "12"))
STEPS = int(os.environ.get("MACHINE_STEPS", "40"))


def live(**how: Any) -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **{"derandomize": not ON_DEMAND, "print_blob": ON_DEMAND} | how,
        ),
    )


@pytest.mark.slow
@pytest.mark.django_db
def test_whatever_people_do_the_audit_is_clean():
    live()


@pytest.mark.slow
@pytest.mark.django_db
def test_control_a_verb_that_forgets_a_half_is_found(monkeypatch):
    """Without freeing the two people's time, cancelling is caught in the act."""
    monkeypatch.setattr(cancelling, "free_time", lambda session: None)
    with pytest.raises(AssertionError, match="session_over_blocks_nothing"):
        live(derandomize=True, print_blob=False, phases=[Phase.generate])
