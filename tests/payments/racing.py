"""What the races of money share: the guards that a control takes away, and the calls that meet."""

from __future__ import annotations

from functools import partial

from packs.models import CreditEntry
from payments.models import Payment
from payments.services import refund_order
from payments.services.reversals import look_for_reversals
from sessions_app.services import book
from tests import races
from tests.cast import NOW, at, mentor, offering, user
from tests.payments.scene import pay, place

REFUND_ONCE = ("payments_refund", "payments_refund_cause_key")
CAUSE_ONCE = ("payments_ledgertransaction", "payments_ledgertransaction_cause_key")
PAID_ONCE = ("payments_payment", "payments_order_paid_once")
COUNTED_ONCE = ("payments_payment", "payments_money_counted_once")
FULFILLED_ONCE = ("packs_purchase", "packs_purchase_order_id_key")
ONE_PACK = ("packs_sessionpack", "packs_one_open_per_pair_and_length")


def unguarded(monkeypatch):
    """No locks. Now the threads really meet, so on a busy machine they wait for each other as long as it takes."""
    monkeypatch.setattr(races, "PATIENCE", 20)
    races.remove_locks(monkeypatch)


def bought_by_sam():
    mia, sam = mentor("mia"), user("sam")
    return pay(place(sam, offering(mia))), mia, sam


def give_back(order, now=NOW, **how):
    return partial(refund_order, order_id=order.pk, by=None, reason="Sorry", now=now, **how)


def booked(order, day, now=NOW):
    return book(student=order.student, mentor_id=order.mentor_id, starts_at=at(day), by=order.student, now=now)


def look(order, now=NOW):
    return partial(look_for_reversals, Payment.objects.get(order=order), now=now)


def as_sums(pack):
    """The counters as the entries have them, whatever the row says."""
    entries = CreditEntry.objects.filter(pack=pack)
    return tuple(sum(getattr(e, f"{name}_delta") for e in entries) for name in ("total", "held", "used"))
