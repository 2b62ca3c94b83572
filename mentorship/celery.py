"""Celery: the hand, never the memory. What is to do is a row in PostgreSQL; these beats only make somebody look."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mentorship.settings")

app = Celery("mentorship")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["mentorship.kernel"])

RUN = "mentorship.kernel.tasks.run_job"


def every(schedule: float | crontab, job: str, *, expires: int) -> dict[str, object]:
    # A beat that nobody picked up before the next one is worthless: it expires instead of piling up.
    return {"task": RUN, "schedule": schedule, "args": (job,), "options": {"expires": expires}}


# The one list of what happens when. Each job is also `manage.py run <job> [--now ISO]`.
app.conf.beat_schedule = {
    # what people wait for
    "relay_outbox": every(5, "relay_outbox", expires=5),
    "deliver_sandbox_webhooks": every(5, "deliver_sandbox_webhooks", expires=5),
    "process_webhooks": every(5, "process_webhooks", expires=5),
    "close_provider_pages": every(15, "close_provider_pages", expires=15),
    "send_refunds": every(15, "send_refunds", expires=15),
    # deadlines, announced; they are judged whenever they are read
    "expire_orders": every(60, "expire_orders", expires=60),
    "end_pauses": every(60, "end_pauses", expires=60),
    "expire_requests": every(60, "expire_requests", expires=60),
    "expire_unpaid_sessions": every(60, "expire_unpaid_sessions", expires=60),
    "fulfil_paid_orders": every(60, "fulfil_paid_orders", expires=60),
    "pass_on_seats": every(60, "pass_on_seats", expires=60),
    "remind_sessions": every(300, "remind_sessions", expires=300),
    # the hour
    "settle_unmarked": every(crontab(minute="2"), "settle_unmarked", expires=3000),
    "warn_grace_ending": every(crontab(minute="*/15"), "warn_grace_ending", expires=800),
    "sweep_seats": every(crontab(minute="5"), "sweep_seats", expires=3000),
    "warn_pack_expiry": every(crontab(minute="8"), "warn_pack_expiry", expires=3000),
    "take_back_unpaid_credits": every(crontab(minute="10"), "take_back_unpaid_credits", expires=3000),
    "close_mentors": every(crontab(minute="11"), "close_mentors", expires=3000),
    "release_shares": every(crontab(minute="12"), "release_shares", expires=3000),
    "reconcile_orders": every(crontab(minute="20"), "reconcile_orders", expires=3000),
    "reconcile_reversals": every(crontab(minute="25"), "reconcile_reversals", expires=3000),
    "refresh_listings": every(crontab(minute="*/10"), "refresh_listings", expires=500),
    "audit_books": every(crontab(minute="10", hour="4"), "audit_books", expires=3000),
    "forget_old_keys": every(crontab(minute="40", hour="3"), "forget_old_keys", expires=3000),
}
