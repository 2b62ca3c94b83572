from __future__ import annotations

from datetime import datetime

from mentorship.kernel.jobs import job
from notifications import outbox


@job
def relay_outbox(now: datetime) -> int:
    """Send what waits in the outbox."""
    return outbox.relay(now)
