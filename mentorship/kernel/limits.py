"""Rate limits. They count distinct idempotency keys, so a retried request costs nothing, and fail open without Redis."""

from __future__ import annotations

import uuid

from django.core.cache import cache

from mentorship.kernel.refusals import SlowDown


def spend(what: str, who: int | str, most: int, key: str | None, seconds: int = 60) -> None:
    """Count one attempt. Raises SlowDown when this person made more than `most` different ones in so many seconds."""
    seen, left = cache.count_distinct(f"limit:{what}:{who}", key or uuid.uuid4().hex, seconds)  # type: ignore[attr-defined]
    if seen > most:
        raise SlowDown(left)
