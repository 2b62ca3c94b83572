"""The small world the machine lives in: two mentors, three students, few seats, odd prices. Its verbs are the services'.

Everything happens in one database transaction, which is rolled back: an example costs what it does, not a truncation.
Refusals are answers; every other exception is a bug.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import time_machine
from django.db import connection, transaction
from structlog.testing import capture_logs

from mentorship.demo import moving
from mentorship.kernel import jobs
from mentorship.kernel.refusals import Refusal
from mentorship.pages import audit
from mentorship.people.models import User
from offerings.models import Offering
from packs.models import SessionPack
from payments import services as payments
from payments.models import (
    Order,
    Payment,
    Payout,
    Refund,
    SandboxCheckout,
    SandboxDelivery,
    SandboxDispute,
)
from payments.payout_details import Details
from payments.services import inbox, payouts, refunding, sandbox
from payments.services.refund_plan import plan_refund
from sessions_app import services as sessions
from sessions_app.models import BookingRequest, Session
from tests import cast
from tests.machine.asking import Asking
from tests.payments.scene import SITE, send_webhook

# Every job that the clock of the demo runs, in its order. The marketplace's projection is not of this world, and the audit
# runs after every step anyway; sandbox webhooks travel by the machine's own hand, mail is not its business.
JOBS = tuple(job for job in moving.ORDER if job not in ("refresh_listings", "audit_books"))


class World(Asking):
    def __init__(self) -> None:
        self.now = cast.NOW
        self.traveller = time_machine.travel(self.now, tick=False)
        self.clock = self.traveller.start()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.mia, self.max = cast.mentor("mia", seats=2), cast.mentor("max", seats=1, commission_percent=15)
        self.students = [cast.user(name) for name in ("sam", "sue", "tim")]
        self.boss = User.objects.create_superuser("boss@example.test", "demo-password-1")
        self.offerings = [
            cast.offering(self.mia, sessions=3, price=10_001),
            cast.offering(self.mia, sessions=2, price=101, currency="JPY", minutes=30),
            cast.offering(self.mia, sessions=1, price=3_333),
            cast.offering(self.max, sessions=2, price=9_999, validity_days=30),
            cast.offering(self.max, sessions=1, price=0, minutes=20, is_intro=True),
        ]
        self.asked_for = [
            cast.offering(self.mia, sessions=1, price=7_777, minutes=90, booking_mode="REQUEST"),
            cast.offering(self.max, sessions=2, price=5_001, booking_mode="REQUEST"),
        ]
        for mentor in (self.mia, self.max):
            payouts.save_details(mentor=mentor, details=details(), now=self.now)
        self.said: list[str] = []
        self.age: dict[UUID, int] = {}

    def end(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.traveller.stop()

    # How things are done

    def does(self, verb: Callable[..., Any], **how: Any) -> Any:
        """Call a service at this moment. A refusal gives None; what a job or an inbox swallowed is a bug all the same."""
        with capture_logs() as logs:
            try:
                done = verb(**how, now=self.now)
            except Refusal as refusal:
                self.said.append(refusal.code)
                return None
        failed = [entry for entry in logs if entry["log_level"] in ("error", "critical")]
        assert not failed, failed
        return done

    def prove(self) -> None:
        """Deferred constraints hold now, and the audit finds nothing broken."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        self.learn()
        report = audit.run(self.now)
        assert not report.broken, "\n".join(report.lines())

    def pass_time(self, by: timedelta, *, run: bool) -> None:
        self.now += by
        self.clock.move_to(self.now)
        if run:
            self.run_jobs(*JOBS)

    def run_jobs(self, *names: str) -> None:
        for name in names:
            self.does(lambda now, name=name: jobs.run(name, now))

    # Rows by number, so that a failing example shrinks to small ones

    def pick(self, rows: Any, index: int) -> Any:
        """One of these rows, the oldest being 0. (Random ids would make a life different each time it is lived.)"""
        found = sorted(rows, key=lambda row: self.age.get(row.pk, 0) if isinstance(row.pk, UUID) else row.pk)
        return found[index % len(found)] if found else None

    def learn(self) -> None:
        """Remember in which order rows with random ids came; a step makes one, or several that differ in the rest."""
        for model, differ in ((Order, "created_at"), (Session, "starts_at"), (BookingRequest, "created_at")):
            rows = model.objects.order_by("created_at", differ, "student_id", "mentor_id")
            for pk in rows.values_list("pk", flat=True):
                self.age.setdefault(pk, len(self.age))

    # Buying

    def checkout(self, student: int, offering: int, slot: datetime | None) -> Order | None:
        of: Offering = self.offerings[offering % len(self.offerings)]
        return self.does(
            payments.checkout,
            student=self.students[student],
            offering_id=of.pk,
            provider="sandbox",
            starts_at=slot,
            site_url=SITE,
        )

    def buy(self, student: int, offering: int, slot: datetime | None) -> None:
        """What most people do: they pay, and come back."""
        order = self.checkout(student, offering, slot)
        if order is not None and order.amount_minor:
            sandbox.decide(order.provider_reference, "paid")
            self.does(payments.confirm_and_fulfil, order_id=order.pk)

    def press(self, index: int, outcome: str) -> None:
        page: SandboxCheckout | None = self.pick(SandboxCheckout.objects.all(), index)
        if page is not None:
            sandbox.decide(page.reference, outcome)

    def come_back(self, index: int) -> None:
        order = self.pick(Order.objects.exclude(provider_reference=""), index)
        if order is not None:
            self.does(payments.confirm_and_fulfil, order_id=order.pk)

    def give_up(self, index: int) -> None:
        order = self.pick(Order.objects.all(), index)
        if order is not None:
            self.does(payments.give_up, student=order.student, order_id=order.pk)

    def deliver(self, index: int, *, process: bool) -> None:
        """Any of the sandbox's webhooks, whether it was delivered before or not, over the door."""
        letter: SandboxDelivery | None = self.pick(SandboxDelivery.objects.all(), index)
        if letter is None:
            return
        answer = send_webhook(letter.body.encode())
        assert answer.status_code == 200, answer.content
        if process:
            self.does(inbox.process_due)

    # Meeting

    def book(self, student: int, mentor: int, slot: datetime) -> None:
        person, of = self.students[student], (self.mia, self.max)[mentor % 2]
        self.does(sessions.book, student=person, mentor_id=of.pk, starts_at=slot, by=person)

    def move(self, index: int, slot: datetime) -> None:
        session = self.pick(Session.objects.filter(status="SCHEDULED"), index)
        if session is not None:
            self.does(sessions.reschedule, session_id=session.pk, starts_at=slot, by=session.student)

    def cancel(self, index: int, *, by_mentor: bool) -> None:
        session = self.pick(Session.objects.filter(status__in=Session.BLOCKING), index)
        if session is not None:
            by = session.mentor if by_mentor else session.student
            self.does(sessions.cancel, session_id=session.pk, by=by, reason="something came up")

    def settle(self, index: int, how: str, *, after_the_end: bool) -> None:
        """Mark a booked session, if wished after time has passed until it is over."""
        session = self.pick(Session.objects.filter(status__in=Session.BOOKED), index)
        if session is None:
            return
        if after_the_end and session.ends_at > self.now:
            self.pass_time(session.ends_at - self.now, run=False)
        if how == "complete":
            self.does(sessions.complete, session_id=session.pk, by=session.mentor)
        else:
            self.does(sessions.no_show, session_id=session.pk, absent=how, by=session.mentor)

    # Money that goes back

    def refund(self, index: int, count: int | None) -> None:
        order = self.pick(Order.objects.filter(status__in=["PAID", "FULFILLED"]), index)
        if order is not None:
            plan = plan_refund(order, now=self.now, sessions=count)
            self.does(
                refunding.refund_order,
                order_id=order.pk,
                by=self.boss,
                reason="agreed",
                sessions=count,
                expect=plan.digest,
            )

    def refund_there(self, index: int, part: int | None) -> None:
        page = self.pick(SandboxCheckout.objects.filter(status="PAID"), index)
        if page is None:
            return
        rest = page.amount_minor - sum(page.refunds.values_list("amount_minor", flat=True))
        amount = rest if part is None else min(part, rest)
        if amount > 0:
            sandbox.refund_there(page.reference, amount)

    def take_sessions(self, index: int, count: int) -> None:
        refund = self.pick(Refund.objects.filter(cause__startswith="provider:"), index)
        if refund is not None:
            self.does(
                refunding.take_sessions, refund_id=refund.pk, sessions=count, by=self.boss, reason="for the refund"
            )

    def mend_refund(self, index: int, how: str) -> None:
        refund = self.pick(Refund.objects.filter(status="FAILED"), index)
        if refund is None:
            return
        if how == "again":
            self.does(lambda now: refunding.try_again(refund_id=refund.pk))
        elif how == "by_hand":
            self.does(refunding.paid_back_by_hand, refund_id=refund.pk, by=self.boss, reference="bank 7")
        else:
            self.does(refunding.call_off, refund_id=refund.pk, by=self.boss, reason="they agreed")

    def give_money_back(self, index: int) -> None:
        payment = self.pick(Payment.objects.exclude(status="CONFIRMED"), index)
        if payment is not None:
            self.does(refunding.give_money_back, payment_id=payment.pk, by=self.boss, reason="not ours")

    def dispute(self, index: int, part: int | None) -> None:
        page = self.pick(SandboxCheckout.objects.filter(status="PAID"), index)
        if page is None or page.disputes.filter(status="OPEN").exists():
            return
        gone = sum(page.refunds.values_list("amount_minor", flat=True))
        gone += sum(page.disputes.filter(status="LOST").values_list("amount_minor", flat=True))
        rest = page.amount_minor - gone  # nobody disputes what they have back
        amount = rest if part is None else min(part, rest)
        if amount > 0:
            sandbox.dispute_there(page.reference, amount)

    def decide_dispute(self, index: int, *, won: bool) -> None:
        dispute = self.pick(SandboxDispute.objects.filter(status="OPEN"), index)
        if dispute is not None:
            sandbox.close_dispute_there(dispute, won=won)

    # Other verbs of mentors and admins

    def payout(self, mentor: int, currency: str) -> None:
        self.does(payouts.request_payout, mentor=(self.mia, self.max)[mentor % 2], currency=currency)

    def close_payout(self, index: int, *, paid: bool) -> None:
        payout = self.pick(Payout.objects.all(), index)
        if payout is None:
            return
        if paid:
            self.does(payouts.mark_paid, payout_id=payout.pk, by=self.boss, reference="bank 8")
        else:
            self.does(payouts.cancel_payout, payout_id=payout.pk, by=self.boss, reason="wrong account")

    def adjust(self, index: int, delta: int) -> None:
        from packs.services import adjust_credits

        pack = self.pick(SessionPack.objects.all(), index)
        if pack is not None:
            self.does(adjust_credits, pack_id=pack.pk, delta=delta, by=self.boss, reason="agreed")

    def slot(self, day: int, hour: int, minute: int) -> datetime:
        return self.now.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=day)


def details() -> Details:
    return Details(holder="Mia Sato", account="DE89370400440532013000", bic="COBADEFFXXX", country="DE")
