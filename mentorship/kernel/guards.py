"""The database is the last guard; this turns its refusal into a polite one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from mentorship.kernel.refusals import Refusal


@contextmanager
def polite(**by_constraint: Refusal) -> Iterator[None]:
    """An atomic block. A violation of a constraint named here is raised as its Refusal; any other stays an IntegrityError."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as refused:
        name = getattr(getattr(refused.__cause__, "diag", None), "constraint_name", None)
        if name in by_constraint:
            raise by_constraint[name] from refused
        raise
