"""Closing a mentor raced against money: what is bought in the same moment is refused, or granted and given back.

Whatever comes first, after both and the hourly job nobody has a usable pack, a seat or a session of a closed mentor, and
no money is lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from mentorship.kernel import jobs
from mentorship.kernel.refusals import NotFound, Refusal
from mentorship.pages.closing import service as closing
from mentorship.pages.ending import service as ending
from mentorship.pages.models import MentorClosing
from packs.models import SessionPack
from payments.models import Order, Payment, Refund
from payments.services import confirm_and_fulfil, fulfil, manual, ordering, record_payment
from payments.services.refunds import send_due
from seats.models import Seat, WaitingPlace
from seats.services import join
from sessions_app.models import CalendarBlock, Session
from tests import races
from tests.cast import HOUR, NOW, at, mentor, offering, user
from tests.payments.scene import SITE, decide, pay, place
from tests.races import first, remove_locks, successes, together
from tests.stories.books import assert_sound

pytestmark = pytest.mark.django_db(transaction=True)
PRICE = 28000


@pytest.fixture(autouse=True)
def noon(time_machine) -> None:
    time_machine.move_to(NOW, tick=False)


def close(mia: Any) -> MentorClosing:
    begun = closing.begin_closing(mentor_id=mia.pk, by=None, reason="Mia has left us", now=NOW)
    return closing.go_on(begun, now=NOW)


def ahead_of(monkeypatch, module: Any, name: str, runner: Callable[[], Any], other: Callable[[], Any]) -> list[Any]:
    """Both at once; `runner` stays for a moment right after it has called this function, and then `other` comes."""
    with first(monkeypatch, module, name) as wait:
        return together([runner, lambda: (wait(), other())[1]])


def the_hour_passes() -> None:
    jobs.run("close_mentors", NOW + HOUR)
    send_due(NOW + HOUR)


def paid() -> int:
    return sum(Payment.objects.filter(status="CONFIRMED").values_list("amount_minor", flat=True))


def given_back() -> int:
    """What was taken out of the books; a bank transfer back is made by hand."""
    return sum(Refund.objects.exclude(status="FAILED").values_list("amount_minor", flat=True))


def left_at_the_closed() -> set[str]:
    """What somebody still has of a closed mentor."""
    has = {
        "a usable pack": SessionPack.objects.filter(status="ACTIVE").exists(),
        "a seat": Seat.objects.standing().exists(),
        "a session": Session.objects.filter(status__in=Session.BLOCKING).exists(),
        "a time": CalendarBlock.objects.exists(),
        "an open page": Order.objects.pending().exists(),
    }
    return {name for name, found in has.items() if found}


def nothing_is_left_and_no_money_lost() -> None:
    assert left_at_the_closed() == set()
    assert given_back() == paid()
    assert_sound()


class TestAgainstACheckout:
    """Sam is at the till, alone or with a seat already, while Mia is closed."""

    def race(self, monkeypatch, *, seated: bool, closing_first: bool):
        mia, sam = mentor("mia"), user("sam")
        if seated:
            pay(place(sam, offering(mia)))
        buy = partial(place, sam, offering(mia, title="More"), starts_at=at(4))
        if closing_first:
            closed, bought = ahead_of(monkeypatch, closing, "withdraw_verification", partial(close, mia), buy)
        else:
            bought, closed = ahead_of(monkeypatch, ordering, "check_buyable", buy, partial(close, mia))
        assert isinstance(closed, MentorClosing), closed
        return bought, closed

    @pytest.mark.parametrize("seated", [False, True])
    def test_the_closing_first_it_is_refused(self, monkeypatch, seated):
        bought, closed = self.race(monkeypatch, seated=seated, closing_first=True)
        assert isinstance(bought, Refusal), bought
        assert bought.code in {"not_for_sale", "not_found"}  # the latter when he came only afterwards
        assert closed.finished_at == NOW
        the_hour_passes()
        nothing_is_left_and_no_money_lost()

    @pytest.mark.parametrize("seated", [False, True])
    def test_the_checkout_first_it_is_given_up_and_late_money_goes_back(self, monkeypatch, seated):
        bought, closed = self.race(monkeypatch, seated=seated, closing_first=False)
        order = Order.objects.get(title="More")
        assert order.status == "EXPIRED", bought
        assert closed.finished_at == NOW
        assert left_at_the_closed() == set()
        decide(bought)  # the page was open in front of him
        confirm_and_fulfil(bought.pk, NOW + HOUR)
        the_hour_passes()
        nothing_is_left_and_no_money_lost()

    def test_control_without_locks_a_seat_is_held_and_a_page_open(self, monkeypatch):
        monkeypatch.setattr(races, "PATIENCE", 3)
        remove_locks(monkeypatch)
        _, closed = self.race(monkeypatch, seated=False, closing_first=False)
        assert closed.finished_at == NOW, "it believes that all is over"
        assert left_at_the_closed() == {"a seat", "a session", "a time", "an open page"}


class TestAgainstAFulfilment:
    """Sam has paid, and the return page grants while Mia is closed."""

    def race(self, monkeypatch, *, closing_first: bool):
        mia, sam = mentor("mia"), user("sam")
        order = place(sam, offering(mia), starts_at=at(4))
        decide(order)
        grant = partial(confirm_and_fulfil, order.pk, NOW)
        if closing_first:
            results = ahead_of(monkeypatch, ending, "_lock", partial(close, mia), grant)
        else:
            results = ahead_of(monkeypatch, fulfil, "take_seat", grant, partial(close, mia))
        assert len(successes(results)) == 2
        assert paid() == PRICE
        return order

    def test_granted_first_it_goes_back_with_the_closing(self, monkeypatch):
        self.race(monkeypatch, closing_first=False)
        assert left_at_the_closed() == set()
        assert Refund.objects.get().amount_minor == PRICE
        the_hour_passes()
        nothing_is_left_and_no_money_lost()

    def test_closed_first_it_is_late_money_and_goes_back_within_the_hour(self, monkeypatch):
        self.race(monkeypatch, closing_first=True)
        the_hour_passes()
        nothing_is_left_and_no_money_lost()

    def test_control_without_the_second_look_it_stays_granted(self, monkeypatch):
        once = MentorClosing.objects.filter(finished_at=None)
        monkeypatch.setattr("mentorship.pages.jobs.closings_to_work_off", lambda now: list(once.all()))
        self.race(monkeypatch, closing_first=True)
        the_hour_passes()
        assert left_at_the_closed() == {"a usable pack", "a seat", "a session", "a time"}
        assert given_back() == 0


class TestAgainstMoneyThatIsRecorded:
    """An admin records Sam's money for more, placed, paid and granted at once, after the closing has locked his orders."""

    def race(self, monkeypatch):
        mia, sam, boss = mentor("mia"), user("sam"), user("boss")
        pay(place(sam, offering(mia)))
        more, found, check = offering(mia, title="More"), threading.Event(), manual._check_sum
        record = partial(record_payment, student=sam, offering_id=more.pk, note="Bank", by=boss, site_url=SITE, now=NOW)
        with first(monkeypatch, ending, "lock") as wait:

            def once_found(*said: Any) -> None:
                """The offering was for sale when the admin pressed; from here on Mia is being closed."""
                check(*said)
                found.set()
                wait()

            monkeypatch.setattr(manual, "_check_sum", once_found)
            results = together([lambda: (found.wait(5), close(mia))[1], record])
        assert len(successes(results)) == 2, results
        assert paid() == 2 * PRICE

    def test_it_goes_back_too(self, monkeypatch):
        self.race(monkeypatch)
        the_hour_passes()
        assert given_back() == 2 * PRICE
        nothing_is_left_and_no_money_lost()

    def test_control_without_the_look_between_the_locks_its_credits_go_and_its_money_stays(self, monkeypatch):
        monkeypatch.setattr(races, "PATIENCE", 3)
        monkeypatch.setattr(ending, "_check_none_came_between", lambda *read: None)
        self.race(monkeypatch)
        the_hour_passes()
        assert left_at_the_closed() == set()
        assert given_back() == PRICE


def test_who_comes_into_the_line_at_that_moment_does_not_wait_for_nobody(monkeypatch):
    mia, sam = mentor("mia"), user("sam")
    wait = partial(join, student=sam, mentor_id=mia.pk, paid_too_late=True, now=NOW)
    closed, joined = ahead_of(monkeypatch, closing, "withdraw_verification", partial(close, mia), wait)
    assert isinstance(closed, MentorClosing), closed
    assert isinstance(joined, NotFound), joined
    assert not WaitingPlace.objects.exists()
