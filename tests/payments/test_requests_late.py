"""A request paid late leads to what was granted; what stops a sale meanwhile stops its payment."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from payments import services
from payments.services import ending
from sessions_app.jobs import expire_requests, expire_unpaid_sessions
from sessions_app.models import Session
from sessions_app.services import approve, book
from tests.cast import HOUR, NOW, at, bought, offering
from tests.payments.scene import SITE, pay

pytestmark = pytest.mark.django_db
LATE = NOW + 30 * HOUR


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOW, tick=False)


def approved(student, mentor, *days, sessions=4):
    of = offering(mentor, sessions=sessions, booking_mode="REQUEST")
    request = services.ask(student=student, offering_id=of.pk, times=[at(day) for day in days], now=NOW)
    return approve(request_id=request.pk, by=mentor, now=NOW)


def proceed(student, request):
    return services.proceed_payment(student=student, request_id=request.pk, provider="sandbox", site_url=SITE, now=NOW)


def everything_ends():
    ending.expire_overdue(LATE)
    expire_unpaid_sessions(LATE)
    expire_requests(LATE)


def test_it_leads_to_the_time_that_was_booked_anew(mia, sam):
    request = approved(sam, mia, 5, sessions=1)
    order = proceed(sam, request)
    everything_ends()
    order = pay(order, now=LATE)
    request.refresh_from_db()
    assert request.session == order.session
    assert request.session.status == Session.Status.SCHEDULED


def test_it_leads_to_no_time_where_its_own_is_gone(mia, sam, sue):
    request = approved(sam, mia, 5)
    order = proceed(sam, request)
    everything_ends()
    bought(sue, mia, now=LATE)
    book(student=sue, mentor_id=mia.pk, starts_at=at(5), by=sue, now=LATE)
    assert pay(order, now=LATE).status == "FULFILLED"
    request.refresh_from_db()
    assert (request.paid_at, request.session) == (LATE, None)


def test_the_limit_of_open_packs_counts_for_what_was_asked_for_too(mia, max_, sam, settings):
    settings.MENTORSHIP = settings.MENTORSHIP.model_copy(update={"open_packs_per_student": 1})
    first, second = approved(sam, mia, 5), approved(sam, max_, 6)
    pay(proceed(sam, first))
    with pytest.raises(Refusal) as refused:
        proceed(sam, second)
    assert refused.value.code == "pack_limit"


def test_who_is_not_verified_any_more_sells_nothing(mia, sam):
    request = approved(sam, mia, 5)
    mia.mentor_profile.withdraw_verification()
    with pytest.raises(Refusal) as refused:
        proceed(sam, request)
    assert refused.value.code == "not_for_sale"
    mia.mentor_profile.verify(now=NOW)
    assert pay(proceed(sam, request)).status == "FULFILLED"
