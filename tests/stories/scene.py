"""What happens around a till: a buyer comes back, a webhook is delivered, workers work; and what the books say then."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.test import Client

from mentorship.kernel import clock
from mentorship.people.models import User
from offerings.models import Offering
from packs.models import SessionPack
from packs.statement import Reader, lines
from payments import jobs
from payments.models import Order, WebhookEvent
from payments.payout_details import Details
from payments.services import payouts
from seats.models import Seat
from sessions_app.models import Session
from sessions_app.services import book, complete
from tests.cast import DAY, at, counters, offering
from tests.payments import scene
from tests.stories.tills import Till, Webhook

PRICE = 28000  # 4 sessions of 7000; of each 4900 are the mentor's and 2100 the platform's


def pack_of(mentor: User, **more: Any) -> Offering:
    return offering(mentor, price=more.pop("price", PRICE), currency="USD", **more)


def single_of(mentor: User) -> Offering:
    return offering(mentor, sessions=1, price=8000, currency="USD")


def place(till: Till, student: User, of: Offering, **wish: Any) -> Order:
    return scene.place(student, of, provider=till.name, now=clock.now(), **wish)


def come_back(order: Order) -> Order:
    """The provider's page sends the buyer back to ours."""
    client = Client()
    client.force_login(order.student)
    assert client.get(order.return_path).status_code == 200
    order.refresh_from_db()
    return order


def post(
    till: Till,
    webhook: Webhook,
    *,
    stamp: int | None = None,
    secret: str | None = None,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> int:
    """Deliver it to our door. `body`: another one than was signed. Returns the status code."""
    signed = dict(webhook.sign(stamp, secret) if headers is None else headers)
    kind = signed.pop("Content-Type", "application/json")
    client = Client(enforce_csrf_checks=True)
    said = webhook.body if body is None else body
    return client.post(f"/api/webhooks/{till.name}", said, content_type=kind, headers=signed).status_code


def tell(till: Till, order: Order) -> Order:
    """Everything the company has said so far is delivered (some of it perhaps again), and worked off.

    What that makes the company say is delivered, too.
    """
    told = 0
    while told < len(said := till.webhooks(order)):
        for webhook in said[told:]:
            assert post(till, webhook) == 200
        told = len(said)
        work_off()
    order.refresh_from_db()
    return order


def work_off() -> None:
    """The workers take every event that is waiting; none of them fails."""
    jobs.process_webhooks(clock.now())
    assert not WebhookEvent.objects.exclude(error="").exists(), WebhookEvent.objects.exclude(error="").first().error
    assert not WebhookEvent.objects.filter(processed_at=None).exists()


def buy(till: Till, student: User, of: Offering, **wish: Any) -> Order:
    """Placed, paid, and the buyer is back."""
    order = place(till, student, of, **wish)
    till.pay(order)
    order = come_back(order)
    assert order.status == "FULFILLED"
    return order


def give_back(till: Till, order: Order) -> Order:
    """The workers ask the company for the refunds that wait, and its webhooks about them are delivered."""
    jobs.send_refunds(clock.now())
    return tell(till, order)


def pay_out(mentor: User, amount: int, by: User) -> None:
    """She asks for what is available, and it is paid by bank transfer."""
    payouts.save_details(mentor=mentor, details=Details("Mia Muster", "DE89370400440532013000"), now=clock.now())
    payout = payouts.request_payout(mentor=mentor, currency="USD", now=clock.now())
    assert payout.amount_minor == amount
    payouts.mark_paid(payout_id=payout.pk, by=by, reference="SEPA 17", now=clock.now())


def lesson(order: Order, day: int, go: Any) -> Session:
    """A session of that day is booked, held and marked; it is an hour after its end."""
    go(max(clock.now(), at(day - 2)))
    session = book(
        student=order.student, mentor_id=order.mentor_id, starts_at=at(day), by=order.student, now=clock.now()
    )
    go(at(day, 12))
    return complete(session_id=session.pk, by=order.mentor, now=clock.now())


def books(till: Till, *payments: int, currency: str = "USD") -> dict[str, int]:
    """The sum of every ledger account, minor units, as if the till kept no fees; what it kept of these payments is right.

    What we owe is negative.
    """
    found = scene.accounts(currency)
    fees = sum(till.fee(amount) for amount in payments)
    assert found.pop("FEES", 0) == fees
    found["PROVIDER"] = found.get("PROVIDER", 0) + fees
    return {account: amount for account, amount in found.items() if amount}


def credits(pack: SessionPack) -> tuple[int, int, int]:
    """(total, held, used) as the counters, their entries and the statement that people read have them."""
    total, held, used = counters(pack)
    entries = pack.entries.select_related("by", "purchase")
    reader = Reader(pack.student_id, UTC, True, clock.now())
    newest = lines(pack, entries, Session.objects.in_bulk(entries.values_list("session_id", flat=True)), reader)[0]
    assert (newest.left, newest.free) == (total - used, total - held - used)
    return total, held, used


def seats() -> list[tuple[str, str]]:
    """Who sits where: (first name, status), without the released ones."""
    return [(seat.student.first_name.lower(), seat.status) for seat in Seat.objects.standing().order_by("number")]


def days(count: int) -> Any:
    return count * DAY
