"""What a page says before the click is what the commit does: for every verb and every state of the pack."""

from __future__ import annotations

import pytest

from mentorship.kernel.refusals import Refusal
from notifications.models import Notification
from packs.models import SessionPack
from packs.services import freeze
from seats.models import Seat
from sessions_app.models import Claim, Session
from sessions_app.services import (
    cancel,
    complete,
    forgive,
    no_show,
    overrule,
    reschedule,
    what_if_absent,
    what_if_cancelled,
    what_if_completed,
    what_if_forgiven,
    what_if_judged,
    what_if_moved,
)
from tests.cast import DAY, HOUR, NOW, at, bought, counters
from tests.rooms.scene import booked, used_up
from tests.verbs.scene import END, SECOND, START

pytestmark = pytest.mark.django_db


def fresh(session: Session) -> Session:
    return Session.objects.select_related("student", "mentor__mentor_profile", "pack").get(pk=session.pk)


def happened(session: Session) -> str:
    """The same answer read off the rows after the commit: what became of the credit, the seat and the reminders."""
    session = fresh(session)
    pack = session.pack
    home = SessionPack.objects.order_by("-pk").first()
    if session.credit == "RETURNED":
        return "make_up" if home.title == "Make-up session" else "back"
    left = pack.sessions_total - pack.sessions_used
    if Seat.objects.filter(status="GRACE").exists():
        return "0:grace"
    if left == 1 and Notification.objects.filter(kind="renewal_reminder").exists():
        return "1:reminder"
    if left == 0 and pack.takes_seat and not SessionPack.objects.exclude(pk=pack.pk).exists():
        return "0:expired"
    return str(left)


def fresh_pack(sam, mia):
    bought(sam, mia)
    return booked(sam, mia, START)


def last_but_one(sam, mia):
    bought(sam, mia, sessions=2)
    return booked(sam, mia, START)


def last(sam, mia):
    bought(sam, mia, sessions=2)
    used_up(sam, mia, 1)
    return booked(sam, mia, START)


def last_beside_another_pack(sam, mia):
    session = last(sam, mia)
    bought(sam, mia, minutes=30)
    return session


def expired_meanwhile(sam, mia):
    bought(sam, mia, validity_days=2)
    return booked(sam, mia, at(2, 11))


def expired_meanwhile_with_another_booked(sam, mia):
    bought(sam, mia, validity_days=2)
    booked(sam, mia, at(2, 9))
    return booked(sam, mia, at(2, 11))


def expired_but_frozen(sam, mia):
    pack = bought(sam, mia, validity_days=2)
    session = booked(sam, mia, at(2, 11))
    freeze(pack, cause="dispute:1", now=at(2, 11))
    return session


def single(sam, mia):
    bought(sam, mia, sessions=1)
    return booked(sam, mia, START)


STATES = [
    (fresh_pack, "3", "back"),
    (last_but_one, "1:reminder", "back"),
    (last, "0:grace", "back"),
    (last_beside_another_pack, "0", "back"),
    (expired_meanwhile, "0:expired", "make_up"),
    (expired_meanwhile_with_another_booked, "1", "make_up"),
    (expired_but_frozen, "3", "back"),
    (single, "0", "back"),
]


@pytest.mark.parametrize(("state", "used", "returned"), STATES, ids=[state.__name__ for state, _, _ in STATES])
class TestThePreviewIsWhatHappens:
    def test_completed(self, sam, mia, state, used, returned):
        session = state(sam, mia)
        now = session.ends_at + 14 * HOUR
        assert what_if_completed(fresh(session), by=mia, now=now).code == f"completed:{used}"
        complete(session_id=session.pk, by=mia, now=now, expect=f"completed:{used}")
        assert happened(session) == used

    def test_student_absent(self, sam, mia, state, used, returned):
        session = state(sam, mia)
        now = session.ends_at + 14 * HOUR
        assert what_if_absent(fresh(session), "STUDENT", by=mia, now=now).code == f"STUDENT:{used}"
        no_show(session_id=session.pk, absent="STUDENT", by=mia, now=now, expect=f"STUDENT:{used}")
        assert happened(session) == used

    def test_mentor_absent(self, sam, mia, state, used, returned):
        session = state(sam, mia)
        now = session.ends_at + 14 * HOUR
        told = what_if_absent(fresh(session), "MENTOR", by=mia, now=now)
        assert (told.code, told.credit_returns) == (f"MENTOR:{returned}", True)
        no_show(session_id=session.pk, absent="MENTOR", by=mia, now=now, expect=told.code)
        assert happened(session) == returned

    def test_cancelled_by_the_mentor(self, sam, mia, state, used, returned):
        session = state(sam, mia)
        now = session.ends_at + 14 * HOUR
        told = what_if_cancelled(fresh(session), by=mia, now=now)
        assert told.code == ("by_mentor" if returned == "back" else "by_mentor:make_up")
        cancel(session_id=session.pk, by=mia, now=now, expect=told.code)
        assert happened(session) == returned

    def test_cancelled_too_late(self, sam, mia, state, used, returned):
        session = state(sam, mia)
        now = session.starts_at + timedelta_in(session)
        told = what_if_cancelled(fresh(session), by=sam, now=now)
        assert (told.kind, told.credit_returns) == ("late", False)
        cancel(session_id=session.pk, by=sam, now=now, expect=told.code)
        found = happened(session)
        assert told.code == f"late:{found}"
        if "expired" not in state.__name__:
            assert found == used


def timedelta_in(session):
    """Late, and before the pack of the expiring states ends."""
    return (session.ends_at - session.starts_at) / 2


class TestJudgedAnew:
    def test_a_used_credit_returns_to_its_open_pack(self, sam, mia):
        session = fresh_pack(sam, mia)
        complete(session_id=session.pk, by=mia, now=END)
        told = what_if_judged(fresh(session), "MENTOR_ABSENT", by=sam, now=END)
        assert told.sentence == "1 session comes back to your pack."
        overrule(session_id=session.pk, outcome="MENTOR_ABSENT", by=mia, reason="asked", now=END, expect=told.code)
        assert counters(session.pack) == (4, 0, 0)

    def test_in_grace_the_pack_opens_again(self, sam, mia):
        session = last(sam, mia)
        complete(session_id=session.pk, by=mia, now=END)
        told = what_if_judged(fresh(session), "GIVEN_BACK", by=sam, now=END)
        assert told.code == "GIVEN_BACK:reopens"
        assert "your pack is open again for at least 14 days, and your seat stays" in told.sentence
        overrule(session_id=session.pk, outcome="GIVEN_BACK", by=mia, reason="asked", now=END, expect=told.code)
        assert Seat.objects.get().status == "ACTIVE"
        assert fresh(session).pack.status == "ACTIVE"

    def test_after_grace_it_is_a_make_up_session_of_14_days(self, sam, mia):
        session = last(sam, mia)
        complete(session_id=session.pk, by=mia, now=END)
        now = END + 72 * HOUR
        told = what_if_judged(fresh(session), "GIVEN_BACK", by=sam, now=now)
        assert told.sentence == "Your pack is over, so you get a make-up session, to be held within 14 days."
        with pytest.raises(Refusal) as refused:
            overrule(
                session_id=session.pk, outcome="GIVEN_BACK", by=mia, reason="", now=now, expect="GIVEN_BACK:reopens"
            )
        assert refused.value.code == "answer_changed"
        overrule(session_id=session.pk, outcome="GIVEN_BACK", by=mia, reason="", now=now, expect=told.code)
        made_up = SessionPack.objects.get(title="Make-up session")
        assert (made_up.expires_at, made_up.takes_seat) == (now + 14 * DAY, False)

    def test_a_credit_that_came_back_is_taken_again(self, sam, mia):
        session = last_but_one(sam, mia)
        cancel(session_id=session.pk, by=mia, now=END)
        told = what_if_judged(fresh(session), "COMPLETED", by=mia, now=END)
        assert told.code == "COMPLETED:taken:1:reminder"
        overrule(session_id=session.pk, outcome="COMPLETED", by=mia, reason="", now=END, expect=told.code)
        assert happened(session) == "1:reminder"

    def test_not_when_it_is_spent(self, sam, mia):
        bought(sam, mia, sessions=1)
        session = booked(sam, mia, START)
        cancel(session_id=session.pk, by=mia, now=END)
        booked(sam, mia, at(4), now=END)
        with pytest.raises(Refusal) as refused:
            what_if_judged(fresh(session), "COMPLETED", by=mia, now=END)
        assert refused.value.code == "no_remaining_sessions"

    def test_what_it_counts_as_already_changes_nothing(self, sam, mia):
        session = fresh_pack(sam, mia)
        complete(session_id=session.pk, by=mia, now=END)
        assert what_if_judged(fresh(session), "COMPLETED", by=mia, now=END).code == "COMPLETED:same"
        assert what_if_judged(fresh(session), "STUDENT_ABSENT", by=mia, now=END).code == "STUDENT_ABSENT:stays"


class TestForgiving:
    def test_says_where_it_goes_and_does_it_once(self, sam, mia):
        session = fresh_pack(sam, mia)
        cancel(session_id=session.pk, by=sam, now=START - HOUR)
        told = what_if_forgiven(fresh(session), by=mia, now=START)
        assert told.sentence == "The session goes back to Sam."
        for _ in range(2):
            forgive(session_id=session.pk, by=mia, now=START, expect=told.code)
        assert counters(session.pack) == (4, 0, 0)

    def test_a_second_one_of_the_pack_is_refused(self, sam, mia):
        sessions = [fresh_pack(sam, mia), booked(sam, mia, at(3))]
        for session in sessions:
            cancel(session_id=session.pk, by=sam, now=session.starts_at - HOUR)
        forgive(session_id=sessions[0].pk, by=mia, now=at(3))
        with pytest.raises(Refusal) as refused:
            what_if_forgiven(fresh(sessions[1]), by=mia, now=at(3))
        assert "has been forgiven already" in refused.value.message

    def test_is_the_mentors(self, sam, mia):
        session = fresh_pack(sam, mia)
        cancel(session_id=session.pk, by=sam, now=START - HOUR)
        with pytest.raises(Refusal) as refused:
            forgive(session_id=session.pk, by=sam, now=START)
        assert refused.value.code == "not_yours_to_do"


@pytest.mark.parametrize("expect", ["completed:2", "late:3", "x"])
def test_another_answer_than_shown_changes_nothing(sam, mia, expect):
    session = fresh_pack(sam, mia)
    with pytest.raises(Refusal) as refused:
        complete(session_id=session.pk, by=mia, now=END, expect=expect)
    assert refused.value.code == "answer_changed"
    assert "1 session is used, 3 are left." in refused.value.message
    assert counters(session.pack) == (4, 1, 0)


def test_moving_is_free_of_any_consequence_until_24_hours_before(sam, mia):
    session = fresh_pack(sam, mia)
    told = what_if_moved(fresh(session), by=sam, now=START - 24 * HOUR)
    assert (told.code, told.sentence) == ("move", "The session stays the same: nothing is paid or used.")
    reschedule(session_id=session.pk, starts_at=at(4), by=sam, now=START - 24 * HOUR, expect="move")
    with pytest.raises(Refusal) as refused:
        what_if_moved(fresh(session), by=sam, now=at(4) - 24 * HOUR + SECOND)
    assert refused.value.code == "too_late"


def test_counts_as_covers_every_outcome(sam, mia):
    session = fresh_pack(sam, mia)
    for outcome in Claim.Outcome.values:
        overrule(session_id=session.pk, outcome=outcome, by=None, reason="", now=END)
        told = what_if_judged(fresh(session), outcome, by=None, now=NOW + 3 * DAY)
        assert told.code == f"{outcome}:same"
