"""A share that was released for a session which was overruled later is taken back, and released once more when it is used."""

from __future__ import annotations

import pytest

from mentorship.pages import audit
from payments import ledger, services
from payments.jobs import release_shares, send_refunds
from sessions_app.services import book, complete, overrule
from tests.cast import HOUR, at, offering
from tests.payments.scene import accounts, pay, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def used(mia, sam):
    """Bought for 280.00, the first of four sessions held on day 2, its share released on day 6."""
    order = pay(place(sam, offering(mia), starts_at=at(2)))
    complete(session_id=order.session_id, by=mia, now=at(2) + HOUR)
    assert release_shares(at(6)) == 1
    return order


def available(mia) -> int:
    return next(iter(ledger.balances(mia.pk))).available


def settled(order, outcome, admin, now):
    return overrule(session_id=order.session_id, outcome=outcome, by=admin, reason="asked again", now=now)


def green(now):
    assert not audit.run(now).broken


def test_taken_back_once(used, mia, otto):
    assert available(mia) == 4900
    settled(used, "MENTOR_ABSENT", otto, at(7))
    assert release_shares(at(7)) == 1
    assert available(mia) == 0
    assert release_shares(at(8)) == 0
    assert accounts()["MENTOR_PENDING"] == -19600
    green(at(8))


def test_released_once_more_when_the_credit_is_used(used, mia, sam, otto):
    settled(used, "MENTOR_ABSENT", otto, at(7))
    again = book(student=sam, mentor_id=mia.pk, starts_at=at(9), by=sam, now=at(7))
    complete(session_id=again.pk, by=mia, now=at(9) + HOUR)
    release_shares(at(13))
    assert available(mia) == 4900
    green(at(13))


def test_overruled_to_and_fro_between_two_runs(used, mia, otto):
    settled(used, "MENTOR_ABSENT", otto, at(7))
    settled(used, "COMPLETED", otto, at(7))
    settled(used, "BOTH_ABSENT", otto, at(7))
    release_shares(at(8))
    assert available(mia) == 0
    settled(used, "COMPLETED", otto, at(8))
    assert release_shares(at(11) - HOUR) == 0, "72 h after the new verdict, not before"
    assert release_shares(at(11)) == 1
    assert available(mia) == 4900
    green(at(11))


def test_a_refund_afterwards_costs_the_mentor_nothing_twice(used, mia, sam, otto):
    settled(used, "MENTOR_ABSENT", otto, at(7))
    release_shares(at(7))
    services.refund_order(order_id=used.pk, by=otto, sessions=4, reason="moved away", now=at(7))
    send_refunds(at(7))
    release_shares(at(7))
    assert available(mia) == 0
    assert accounts().get("MENTOR_PENDING", 0) == 0
    green(at(7))
