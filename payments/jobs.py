from __future__ import annotations

from datetime import datetime

from mentorship.kernel.jobs import job
from payments.services import ending, inbox, refunds, reversals, sandbox, shares, taking_back


@job
def deliver_sandbox_webhooks(now: datetime) -> int:
    """Send what the sandbox has to tell us; without the sandbox there is nothing."""
    return sandbox.deliver_due()


@job
def process_webhooks(now: datetime) -> int:
    return inbox.process_due(now)


@job
def expire_orders(now: datetime) -> int:
    return ending.expire_overdue(now)


@job
def close_provider_pages(now: datetime) -> int:
    return ending.close_pages(now)


@job
def fulfil_paid_orders(now: datetime) -> int:
    return ending.fulfil_paid(now)


@job
def send_refunds(now: datetime) -> int:
    return refunds.send_due(now)


@job
def reconcile_orders(now: datetime) -> int:
    return ending.reconcile(now)


@job
def reconcile_reversals(now: datetime) -> int:
    return ending.reconcile_reversals(now)


@job
def take_back_unpaid_credits(now: datetime) -> int:
    return reversals.take_what_came_back(now)


@job
def release_shares(now: datetime) -> int:
    return taking_back.take_back_shares(now) + shares.release_due(now)
