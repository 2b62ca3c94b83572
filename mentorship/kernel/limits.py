"""Rate limits. They count distinct idempotency keys, so a retried request costs nothing, and fail open without Redis."""

from __future__ import annotations

import uuid

from django.core.cache import cache

from mentorship.kernel.refusals import SlowDown


def spend(what: str, who: int | str, per_minute: int, key: str | None) -> None:
    """Count one attempt. Raises SlowDown when this person made more than `per_minute` different ones in a minute."""
    seen, left = cache.count_distinct(f"limit:{what}:{who}", key or uuid.uuid4().hex, 60)  # type: ignore[attr-defined]
    if seen > per_minute:
        raise SlowDown(left)
