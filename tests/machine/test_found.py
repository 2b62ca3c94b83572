"""What the machine and the audit have found in the core, as stories that stay."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from mentorship.pages import audit
from packs.models import SessionPack
from payments import ledger
from payments.jobs import release_shares, send_refunds
from payments.models import Refund
from payments.services import refunding, sandbox
from payments.services.reversals import look_for_reversals
from sessions_app.services import book, cancel, complete, no_show, overrule
from tests.cast import DAY, HOUR, NOW, at, offering
from tests.payments.scene import accounts, pay, place

pytestmark = pytest.mark.django_db


def test_a_make_up_credit_of_a_disputed_pack_is_disputed_too(mia, sam):
    """The pack had expired with a session still booked; the mentor did not come. Its make-up pack was free to book."""
    order = pay(place(sam, offering(mia, sessions=2, validity_days=30)))
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(30, 9), by=sam, now=at(20))
    now = at(31)
    dispute = sandbox.dispute_there(order.provider_reference)
    look_for_reversals(order.payments.get(), now=now)
    no_show(session_id=session.pk, absent="MENTOR", by=mia, now=now)
    made_up = SessionPack.objects.get(title="Make-up session")
    assert (made_up.sessions_total, made_up.frozen_at) == (1, now)
    assert audit.run(now).broken == []

    sandbox.close_dispute_there(dispute, won=True)
    look_for_reversals(order.payments.get(), now=now + 5 * DAY)
    made_up.refresh_from_db()
    assert (made_up.frozen_at, made_up.expires_at) == (None, now + 19 * DAY)
    assert audit.run(now + 5 * DAY).broken == []


def test_what_is_kept_for_sessions_that_went_cheaply_does_not_stay_pending(mia, sam):
    """A small refund at the provider, and an admin took two sessions with it: their shares had no session to release them."""
    order = pay(place(sam, offering(mia, sessions=4, price=28000)))
    sandbox.refund_there(order.provider_reference, 1000)
    look_for_reversals(order.payments.get(), now=NOW)
    refunding.take_sessions(refund_id=Refund.objects.get().pk, sessions=2, by=mia, reason="agreed", now=NOW)
    for day in (1, 2):
        session = book(student=sam, mentor_id=mia.pk, starts_at=at(day, 9), by=sam, now=at(0))
        complete(session_id=session.pk, by=mia, now=at(day, 10))
    due = at(5, 10)
    release_shares(due - HOUR)
    assert ledger.balances(mia.pk)[0].pending > 0  # the second session is not due yet, so the rest is not either
    release_shares(due + HOUR)
    assert accounts() == {"PROVIDER": 27000, "MENTOR_AVAILABLE": -18900, "PLATFORM_AVAILABLE": -8100}
    assert release_shares(due + DAY) == 0
    assert audit.run(due + DAY).broken == []


def test_what_was_paid_for_credits_an_admin_took_does_not_stay_pending(mia, sam):
    from packs.services import adjust_credits

    order = pay(place(sam, offering(mia, sessions=2, price=1000)))
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(1, 9), by=sam, now=NOW)
    adjust_credits(pack_id=order.pack.pk, delta=-1, by=mia, reason="agreed", now=NOW)
    complete(session_id=session.pk, by=mia, now=at(1, 10))
    release_shares(at(4, 10))
    assert accounts() == {"PROVIDER": 1000, "MENTOR_AVAILABLE": -700, "PLATFORM_AVAILABLE": -300}


def test_what_went_back_at_the_provider_is_not_paid_by_hand_as_well(mia, sam):
    """Our refund failed, because somebody had pressed "refund" in the dashboard; then an admin paid it by bank, too."""
    order = pay(place(sam, offering(mia, sessions=2, price=1000)))
    refund = refunding.refund_order(order_id=order.pk, by=mia, reason="agreed", now=NOW)
    sandbox.refund_there(order.provider_reference)
    send_refunds(NOW)
    look_for_reversals(order.payments.get(), now=NOW)
    refund.refresh_from_db()
    assert refund.status == "FAILED"
    with pytest.raises(Refusal, match="gone back already"):
        refunding.paid_back_by_hand(refund_id=refund.pk, by=mia, reference="bank 7", now=NOW)
    assert accounts() == {}
    refunding.call_off(refund_id=refund.pk, by=mia, reason="it went another way", now=NOW)
    assert audit.run(NOW).lines() == []


def test_a_cancelled_session_is_not_judged_before_its_time(mia, sam):
    """An admin said that somebody had not come to a session of next week, which had been cancelled in time."""
    pay(place(sam, offering(mia, sessions=2, price=1000)))
    session = book(student=sam, mentor_id=mia.pk, starts_at=at(5, 9), by=sam, now=NOW)
    cancel(session_id=session.pk, by=sam, now=NOW)
    for outcome in ("STUDENT_ABSENT", "COMPLETED"):
        with pytest.raises(Refusal) as refused:
            overrule(session_id=session.pk, outcome=outcome, by=mia, reason="agreed", now=NOW)
        assert refused.value.code == "not_ended"
    overrule(session_id=session.pk, outcome="STUDENT_ABSENT", by=mia, reason="agreed", now=at(5, 10))
    assert audit.run(at(5, 10)).broken == []
