"""A world in good order is clean: the demo's, a rich one of stories, and an empty one."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from mentorship.kernel import clock
from mentorship.pages import audit
from tests.cast import NOW


@pytest.mark.django_db
def test_an_empty_house_is_clean():
    assert audit.run(NOW).lines() == []


@pytest.mark.django_db
def test_the_demos_world_is_clean():
    call_command("seed_demo", verbosity=0)
    assert audit.run(clock.now()).lines() == []
