"""An instant is an instant, in whatever zone a caller names it: its end lies elapsed minutes after it."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from sessions_app.models import CalendarBlock
from sessions_app.services import approve, book, propose_move, reschedule, submit_request
from sessions_app.services.proposing import answer_proposal
from sessions_app.services.series import book_series
from tests import cast
from tests.time.changes import CASES, at, people

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NIGHTS = ("New York in spring", "Berlin in autumn", "Lord Howe in spring", "Chatham in autumn", "Cairo in autumn")
CHANGING = [case for case in CASES if case.name in NIGHTS]
changing = pytest.mark.parametrize("case", CHANGING, ids=lambda case: case.name)


def check(session, instant):
    session.refresh_from_db()
    assert (session.starts_at, session.ends_at) == (instant, instant + HOUR)
    for block in session.blocks.all():
        assert (block.span.lower, block.span.upper) == (instant, instant + HOUR)
    assert CalendarBlock.objects.filter(session=session).count() == 2


def through(case):
    """An hour that runs through the change, named on the clock of the mentor's zone and as UTC."""
    start = next(
        slot.starts_at for slot in case.every_half_hour if slot.starts_at < case.change < slot.starts_at + HOUR
    )
    return start.astimezone(case.here), start.astimezone(UTC)


@changing
def test_booked_moved_proposed_and_in_a_series(case):
    mia, sam, _ = people(case)
    pack = cast.bought(sam, mia.user, sessions=4, minutes=60, now=case.now)
    named, instant = through(case)
    who = {"student": sam, "mentor_id": mia.user_id, "pack_id": pack.pk, "by": sam, "now": case.now}
    session = book(starts_at=named, **who)
    check(session, instant)
    opens = at(case.opens)
    check(reschedule(session_id=session.pk, starts_at=opens.astimezone(case.here), by=sam, now=case.now), opens)
    proposal = propose_move(session_id=session.pk, starts_at=named, by=mia.user, now=case.now)
    answer_proposal(proposal_id=proposal.pk, by=sam, accepted=True, now=case.now)
    check(session, instant)
    reschedule(session_id=session.pk, starts_at=opens, by=sam, now=case.now)
    (other,) = book_series(pack_id=pack.pk, student=sam, times=[named], now=case.now)
    check(other, instant)


@changing
def test_asked_for_and_approved(case):
    mia, sam, _ = people(case)
    offer = cast.offering(mia.user, sessions=1, booking_mode="REQUEST")
    named, instant = through(case)
    now = instant - timedelta(hours=40)
    request = submit_request(student=sam, offering=offer, times=[named], now=now)
    request = approve(request_id=request.pk, by=mia.user, scheduled_at=named, now=now)
    check(request.session, instant)
    assert request.approval_deadline == instant - 3 * HOUR
