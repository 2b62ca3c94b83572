"""Students between two answers: a request, a payment after the yes, a claim, a pause, another time proposed."""

from __future__ import annotations

from datetime import timedelta

from mentorship.demo.seed.stage import DAY, HOUR, Student
from sessions_app import services as sessions
from sessions_app.models import Claim


def dan(me: Student) -> None:
    """Asked Max for a second opinion. He said yes three hours ago: to be paid within the day."""
    max_ = me.with_("max")
    request = max_.ask(90, ago=30 * HOUR, days=(4, 6), message="A mixed model that will not converge.")
    sessions.approve(
        request_id=request.pk, by=max_.mentor, now=me.now - 3 * HOUR, notes="Bring the data, not only the output."
    )


def mel(me: Student) -> None:
    """Asks Mia, who has five hours left to answer. Max said no to her last week, and why."""
    me.with_("mia").ask(90, ago=43 * HOUR, days=(7,), message="Is a feature store worth it for a team of three?")
    max_ = me.with_("max")
    asked = max_.ask(90, ago=8 * DAY, days=(-3,), message="Survival analysis for churn")
    sessions.reject(
        request_id=asked.pk, by=max_.mentor, now=me.now - 7 * DAY, reason="Not my field. Ask Mia, she has done it."
    )


def cleo(me: Student) -> None:
    """A claim is open: Lea marked the session as completed, Cleo says nobody came. Lea has until tomorrow to answer."""
    lea = me.with_("lea")
    lea.buy(4, ago=18 * DAY)
    lea.met(ago=11 * DAY)
    lea.met(ago=30 * HOUR)
    last = lea.sessions().latest("starts_at")
    sessions.open_claim(
        session_id=last.pk,
        by=me.user,
        wanted=Claim.Outcome.MENTOR_ABSENT,
        reason="I was in the room for twenty minutes. Lea came, said hello, and the connection was gone.",
        now=me.now - 20 * HOUR,
    )


def oli(me: Student) -> None:
    """His pack with Lea stands still: both agreed on two weeks, three days ago."""
    lea = me.with_("lea")
    lea.buy(8, ago=50 * DAY)
    lea.met(ago=40 * DAY)
    lea.met(ago=26 * DAY)
    lea.pause(days=14, ago=3 * DAY, reason="Exams until the end of the month.")


def fay(me: Student) -> None:
    """Jun cannot make it tomorrow and proposes the day after: it is for Fay to say."""
    jun = me.with_("jun")
    jun.buy(4, ago=6 * DAY)
    session = jun.coming(within=20 * HOUR, agenda="The first baseline", booked_ago=2 * DAY)
    sessions.propose_move(
        session_id=session.pk,
        starts_at=jun.slot(session.starts_at + DAY, at=me.now),
        by=jun.mentor,
        note="A night shift was moved. Sorry!",
        now=me.now - timedelta(minutes=40),
    )
