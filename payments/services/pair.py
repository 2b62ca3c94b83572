"""What every order of a pair goes through: the pair's locks, the end of the order it replaces, and the page it is paid on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Refusal, SlowDown
from payments import providers
from payments.models import Order
from payments.providers.base import ProviderTrouble
from payments.providers.free import Free
from payments.services.settle import confirm_and_fulfil
from sessions_app.services import page_ended, release_reserved

TRIES = 10  # for the locks of a pair; more than two are seen only while a payment arrives


class ProviderAway(Refusal):
    """The order stands, its page could not be opened: the same request again opens it."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "provider_away",
            "The payment page could not be opened. Nothing was charged; please try again.",
        )


class Busy(Exception):
    """A twin has placed an order in between, and somebody works on it: begin again, this time with its lock first."""


def place(student_id: int, mentor_id: int, write: Callable[[list[Order]], Order]) -> Order:
    """Run `write(open_orders)` in one transaction with the pair locked. Raises SlowDown when it is never left alone."""
    for _ in range(TRIES):
        try:
            with transaction.atomic(), pair_locked(student_id, mentor_id) as open_orders:
                return write(open_orders)
        except Busy:
            continue
    raise SlowDown(1)


@contextmanager
def pair_locked(student_id: int, mentor_id: int) -> Iterator[list[Order]]:
    """Lock the pair's open order, then both people; give the open orders.

    An order placed between the two locks is taken only if nobody holds it: waiting for it now, with the people locked,
    would be the wrong order, and a deadlock with the payment that is being granted.
    """
    pending = Order.objects.of_pair(student_id, mentor_id).pending()
    lock(pending)
    lock_people([student_id, mentor_id])
    found = set(pending.values_list("pk", flat=True))
    locked = lock(pending, skip_locked=True)
    if {order.pk for order in locked} != found:
        raise Busy
    yield locked


def replace(order: Order, now: datetime) -> None:
    """Its page is asked to close after commit (job `close_provider_pages`); money that still comes is late money.

    One whose hold is over anyway has just expired, as the job would have found: its page stays.
    """
    order.status = Order.Status.EXPIRED
    order.replaced_at = now if order.expires_at > now else None
    order.save(update_fields=["status", "replaced_at"])
    if order.request_id is not None:
        page_ended(order.request_id, now=now)
    release_reserved(order_id=order.pk, now=now)


def open_page(order: Order, now: datetime) -> Order:
    """Ask the provider for the page, with no transaction open. Again for the same order, it is the same page."""
    if order.status == Order.Status.PENDING and not order.checkout_url:
        try:
            page = providers.by_name(order.provider).create_checkout(
                order,
                return_url=order.site_url + order.return_path,
                cancel_url=order.site_url + order.get_absolute_url(),
                webhook_url=f"{order.site_url}/api/webhooks/{order.provider}",
            )
        except ProviderTrouble as trouble:
            raise ProviderAway from trouble
        # A twin may have opened a page meanwhile: the first one counts, and both are sent there.
        unopened = Order.objects.filter(pk=order.pk, checkout_url="")
        unopened.update(provider_reference=page.reference, checkout_url=page.url)
        order.refresh_from_db()
    if order.provider == Free.name and order.status in (
        Order.Status.PENDING,
        Order.Status.PAID,
    ):
        return confirm_and_fulfil(order.pk, now)
    return order
