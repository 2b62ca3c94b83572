from typing import Any

from celery import shared_task
from django.core.cache import cache

from mentorship.kernel import clock, jobs

# Machine time (seconds) at which a worker last ran a job, and last ran one that the beat had sent. For `/readyz`.
WORKER_SEEN, BEAT_SEEN = "seen:worker", "seen:beat"


@shared_task(bind=True)
def run_job(self: Any, name: str) -> None:
    """Run one periodic job by name, at the product's now."""
    seen = clock.machine_now().timestamp()
    # Only the beat's tasks expire; a nudge after a commit does not.
    cache.set_many({WORKER_SEEN: seen, **({BEAT_SEEN: seen} if self.request.expires else {})}, timeout=3600)
    jobs.run(name, clock.now())
