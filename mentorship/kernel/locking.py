"""The law of locks. Every transaction takes its row locks in this order, and inside a rank by ascending id:

1. orders    2. people (User rows)    3. packs    4. seats    5. sessions

Always `FOR NO KEY UPDATE`: a plain `FOR UPDATE` on the parent of a row that another transaction has just inserted waits
for that transaction's foreign-key share lock, and two such waits are a deadlock. A use-case that starts from a session
reads its ids without a lock, locks from the top, and checks again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from django.contrib.auth import get_user_model
from django.db import models

M = TypeVar("M", bound=models.Model)


def lock(rows: models.QuerySet[M], *, skip_locked: bool = False) -> list[M]:
    """Lock these rows in ascending id order and read them fresh. With `skip_locked`, busy rows are left out."""
    return list(rows.order_by("pk").select_for_update(no_key=True, of=("self",), skip_locked=skip_locked))


def lock_people(ids: Iterable[int], *, skip_locked: bool = False) -> list[int]:
    """Lock these people's rows (rank 2). Returns the ids that were locked."""
    people = get_user_model()._default_manager.filter(pk__in=sorted(set(ids))).order_by("pk")
    return list(people.select_for_update(no_key=True, skip_locked=skip_locked).values_list("pk", flat=True))
