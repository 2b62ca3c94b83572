"""Periodic jobs by name, and the nudge that asks a worker to look at once.

What is to do is always a row; a job looks for due rows. So a lost nudge costs seconds, never work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from mentorship.kernel.models import IdempotencyKey

log = structlog.get_logger(__name__)

Job = Callable[[datetime], int]
_jobs: dict[str, Job] = {}


def job(function: Job) -> Job:
    """Register a periodic job under its function's name. It takes `now` and returns how many rows it changed."""
    _jobs[function.__name__] = function
    return function


def names() -> list[str]:
    return list(_jobs)


def run(name: str, now: datetime) -> int:
    """Run one job by name. Raises KeyError for an unknown name."""
    done = _jobs[name](now)
    if done:
        log.info("job_done", job=name, rows=done)
    return done


def nudge(task: Task, *args: object) -> None:
    """After commit, ask a worker to run this task now. Without Redis nothing happens: the beat will find the row."""

    def send() -> None:
        try:
            task.apply_async(args=args, retry=False, ignore_result=True)
        except (OperationalError, RedisError, OSError) as away:
            log.warning("nudge_lost", task=task.name, error=str(away))

    transaction.on_commit(send)


@job
def forget_old_keys(now: datetime) -> int:
    """Answers to idempotency keys are kept for a week: nobody retries a click for longer."""
    return IdempotencyKey.objects.filter(created_at__lt=now - timedelta(days=7)).delete()[0]
