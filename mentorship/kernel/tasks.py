from celery import shared_task

from mentorship.kernel import clock, jobs


@shared_task
def run_job(name: str) -> None:
    """Run one periodic job by name, at the product's now."""
    jobs.run(name, clock.now())
