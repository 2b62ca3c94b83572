"""The verbs of the stories: each is the real use-case, called at an instant of the past (or now)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from mentorship.kernel.locking import lock_people
from mentorship.people.models import MentorProfile, User
from offerings.models import Offering
from packs.models import SessionPack
from payments import services as payments
from payments.models import Order
from payments.services.sandbox import decide
from seats.services import join, release_lapsed
from sessions_app import services as sessions
from sessions_app.models import BookingRequest, Session
from sessions_app.services.pauses import agree_to_pause, ask_to_pause
from sessions_app.slots import free_slots

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Student:
    def __init__(self, user: User, now: datetime) -> None:
        self.user, self.now = user, now

    def with_(self, mentor: str) -> Mentorship:
        return Mentorship(self.user, User.objects.get(email=f"{mentor}@demo.test"), self.now)


@dataclass
class Mentorship:
    """One student with one mentor, told in order of time."""

    student: User
    mentor: User
    now: datetime  # of the demo, when it is made: "ago" counts back from it

    def buy(self, sessions: int, *, ago: timedelta) -> Order:
        """Buy this offering and pay at once on the sandbox's page."""
        order = self.order(sessions, ago=ago)
        decide(order.provider_reference, "paid")
        return payments.confirm_and_fulfil(order.pk, order.created_at + timedelta(minutes=1))

    def order(self, sessions: int, *, ago: timedelta, starts_at: datetime | None = None) -> Order:
        """Place the order, and walk away."""
        offering = Offering.objects.get(mentor=self.mentor, session_count=sessions, duration_minutes=60)
        return self._checkout(offering, self.now - ago, starts_at)

    def pay(self, order: Order, *, ago: timedelta) -> None:
        """Pay an order placed before, and come back."""
        decide(order.provider_reference, "paid")
        payments.confirm_and_fulfil(order.pk, self.now - ago)

    def wait(self, *, ago: timedelta) -> None:
        """Join the line."""
        join(student=self.student, mentor_id=self.mentor.pk, now=self.now - ago)

    def ask(self, minutes: int, *, ago: timedelta, days: tuple[int, ...], message: str) -> BookingRequest:
        """Ask for what the mentor approves first, with the first free time of each of these days from now."""
        at = self.now - ago
        offering = Offering.objects.get(
            mentor=self.mentor, duration_minutes=minutes, booking_mode=Offering.BookingMode.REQUEST
        )
        times = [self.slot(self.now + n * DAY, at=at, minutes=minutes) for n in days]
        return payments.ask(student=self.student, offering_id=offering.pk, times=times, message=message, now=at)

    def pause(self, *, days: int, ago: timedelta, reason: str) -> None:
        """The student asks, the mentor agrees an hour later."""
        pack = SessionPack.objects.get(student=self.student, mentor=self.mentor)
        pause = ask_to_pause(pack_id=pack.pk, by=self.student, days=days, reason=reason, now=self.now - ago - HOUR)
        agree_to_pause(pause_id=pause.pk, by=self.mentor, now=self.now - ago)

    def sessions(self) -> QuerySet[Session]:
        return Session.objects.filter(student=self.student, mentor=self.mentor)

    def single(self, *, ago: timedelta, minutes: int = 60, starts_in: timedelta) -> None:
        """Buy one session (20 minutes: the free intro) with its time, about `starts_in` from now."""
        at = self.now - ago
        offering = Offering.objects.get(mentor=self.mentor, session_count=1, duration_minutes=minutes)
        starts_at = self.slot(self.now + starts_in, minutes=minutes, at=at)
        order = self._checkout(offering, at, starts_at)
        if order.amount_minor:
            decide(order.provider_reference, "paid")
            payments.confirm_and_fulfil(order.pk, at + timedelta(minutes=1))
        if starts_at + minutes * HOUR / 60 < self.now:
            self.hold(Session.objects.get(order_id=order.pk))

    def met(self, *, ago: timedelta, agenda: str = "") -> None:
        """A session that took place about so long ago: booked two days before, both came, marked as completed."""
        self.hold(
            self.book(
                self.slot(self.now - ago, at=self.now - ago - 2 * DAY), at=self.now - ago - 2 * DAY, agenda=agenda
            )
        )

    def hold(self, session: Session, *, marked_at: datetime | None = None, marked: bool = True) -> None:
        """Both enter the room; the mentor marks it, five minutes after the end unless said otherwise."""
        sessions.enter(session_id=session.pk, by=self.student, now=session.starts_at)
        sessions.enter(session_id=session.pk, by=self.mentor, now=session.starts_at + timedelta(minutes=1))
        if marked:
            sessions.complete(
                session_id=session.pk, by=self.mentor, now=marked_at or session.ends_at + timedelta(minutes=5)
            )

    def book(self, starts_at: datetime, *, at: datetime, agenda: str = "") -> Session:
        return sessions.book(
            student=self.student, mentor_id=self.mentor.pk, starts_at=starts_at, agenda=agenda, by=self.student, now=at
        )

    def coming(self, *, within: timedelta, agenda: str = "", booked_ago: timedelta = HOUR) -> Session:
        """A booked session, the first free time from `within` on."""
        at = self.now - booked_ago
        return self.book(self.slot(self.now + within, at=at), at=at, agenda=agenda)

    def swept(self, *, ago: timedelta) -> None:
        """The hourly sweep came by so long ago and released what had lapsed with this mentor."""
        with transaction.atomic():
            lock_people([self.mentor.pk])
            release_lapsed([self.mentor.pk], now=self.now - ago)

    def slot(self, after: datetime, *, at: datetime, minutes: int = 60) -> datetime:
        """The first time from `after` on that was free for both at `at`."""
        return self._slots(after, after + 7 * DAY, at, minutes)[0]

    def last_slot(self, before: datetime, *, at: datetime) -> datetime:
        """The last time free for both at `at` that starts by `before`."""
        return self._slots(before - 7 * DAY, before + timedelta(seconds=1), at, 60)[-1]

    def _slots(self, start: datetime, end: datetime, at: datetime, minutes: int) -> list[datetime]:
        profile = MentorProfile.objects.select_related("user").get(user=self.mentor)
        found = free_slots(mentor=profile, start=start, end=end, duration_minutes=minutes, now=at, viewer=self.student)
        return [slot.starts_at for slot in found]

    def _checkout(self, offering: Offering, at: datetime, starts_at: datetime | None) -> Order:
        return payments.checkout(
            student=self.student,
            offering_id=offering.pk,
            provider="sandbox",
            starts_at=starts_at,
            site_url=settings.BASE_URL,
            now=at,
        )
