"""A rich and healthy world, made by the services: every kind of row that the audit looks at is in it."""

from __future__ import annotations

from datetime import datetime, timedelta

from offerings.models import Offering
from payments import ledger, services as payments
from payments.models import Order, Payment, SandboxDelivery
from payments.services import manual, payouts, refunding, sandbox, transfers
from payments.services.reversals import look_for_reversals
from sessions_app import services as sessions
from sessions_app.models import Session
from tests.audit.rich_asking import everything_waits
from tests.machine.world import JOBS, World
from tests.payments.scene import SITE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rich() -> World:
    world = World()
    tell = Teller(world)
    tell.used_up_and_paid_out()
    tell.given_back_in_parts()
    tell.disputed()
    tell.around_the_edges()
    everything_waits(world)
    tell.order(tell.sam, tell.single, world.slot(5, 12, 0))  # still to be paid
    world.run_jobs(*JOBS)
    return world


class Teller:
    def __init__(self, world: World) -> None:
        self.world = world
        self.sam, self.sue, self.tim = world.students
        self.pack, self.yen, self.single, self.max_pack, self.intro = world.offerings

    @property
    def now(self) -> datetime:
        return self.world.now

    def buy(self, student, offering: Offering, at: datetime | None = None) -> Order:
        order = self.order(student, offering, at)
        sandbox.decide(order.provider_reference, "paid")
        return payments.confirm_and_fulfil(order.pk, self.now)

    def order(self, student, offering: Offering, at: datetime | None = None) -> Order:
        return payments.checkout(
            student=student, offering_id=offering.pk, provider="sandbox", starts_at=at, site_url=SITE, now=self.now
        )

    def book(self, student, mentor, days: int, hour: int) -> Session:
        starts_at = self.world.slot(days, hour, 0)
        return sessions.book(student=student, mentor_id=mentor.pk, starts_at=starts_at, by=student, now=self.now)

    def meet(self, session: Session) -> None:
        self.world.pass_time(session.ends_at - self.now, run=True)
        sessions.complete(session_id=session.pk, by=session.mentor, now=self.now)

    def used_up_and_paid_out(self) -> None:
        """Sam uses a pack up and is in grace; three payouts: paid, cancelled, open."""
        order = self.buy(self.sam, self.max_pack)
        ledger.post_fee(order.payments.get(), 30, order.currency, now=self.now)
        for days in (1, 2):
            self.meet(self.book(self.sam, self.world.max, days, 9))
        self.world.pass_time(4 * DAY, run=True)
        asked = payouts.request_payout(mentor=self.world.max, currency="EUR", now=self.now)
        payouts.cancel_payout(payout_id=asked.pk, by=self.world.boss, reason="wrong account", now=self.now)
        for share, paid in ((500, True), (700, False)):
            asked = payouts.request_payout(mentor=self.world.max, currency="EUR", now=self.now, amount_minor=share)
            if paid:
                payouts.mark_paid(payout_id=asked.pk, by=self.world.boss, reference="bank 1", now=self.now)
        transfers.record_transfer(
            provider="sandbox", reference="t1", amount_minor=900, currency="EUR", note="", now=self.now, fee_minor=5
        )

    def given_back_in_parts(self) -> None:
        """Sue's pack: one session used, one refunded, one cancelled by the mentor; money paid twice and money unasked for."""
        order = self.buy(self.sue, self.pack)
        self.meet(self.book(self.sue, self.world.mia, 1, 10))
        refunding.refund_order(order_id=order.pk, by=self.world.boss, reason="agreed", sessions=1, now=self.now)
        self.world.run_jobs("send_refunds")
        off = self.book(self.sue, self.world.mia, 2, 10)
        sessions.cancel(session_id=off.pk, by=self.world.mia, now=self.now, reason="ill")
        sandbox.refund_there(order.provider_reference, 7)
        for letter in range(SandboxDelivery.objects.count()):
            self.world.deliver(letter, process=True)
        Order.objects.filter(pk=order.pk).update(attention="")

    def disputed(self) -> None:
        """Two disputes over Tim's packs: a lost one, and one that is open."""
        for part in (10, None):
            order = self.buy(self.tim, self.yen)
            dispute = sandbox.dispute_there(order.provider_reference, part)
            look_for_reversals(order.payments.get(), now=self.now)
            if part:
                sandbox.close_dispute_there(dispute, won=False)
                look_for_reversals(order.payments.get(), now=self.now)

    def around_the_edges(self) -> None:
        """A late cancel, an absent student, money by hand, an intro, kept times, a payment that fits nothing."""
        self.world.pass_time(5 * DAY, run=True)
        order = manual.record_payment(
            student=self.sam,
            offering_id=self.max_pack.pk,
            note="bank 5",
            by=self.world.boss,
            site_url=SITE,
            now=self.now,
        )
        late = self.book(self.sam, self.world.max, 1, 8)
        self.world.pass_time(late.starts_at - self.now - 3 * HOUR, run=True)
        sessions.cancel(session_id=late.pk, by=self.sam, now=self.now)
        refunding.refund_order(order_id=order.pk, by=self.world.boss, reason="agreed", now=self.now)
        refunding.paid_back_by_hand(
            refund_id=order.refunds.get().pk, by=self.world.boss, reference="bank 6", now=self.now
        )
        single = self.buy(self.sue, self.single, self.world.slot(1, 12, 0))
        self.world.pass_time(single.session.ends_at - self.now, run=True)
        sessions.no_show(session_id=single.session.pk, absent="STUDENT", by=self.world.mia, now=self.now)
        self.world.pass_time(5 * DAY, run=True)
        Payment.objects.create(
            provider="sandbox", provider_payment_id="odd", amount_minor=5, currency="EUR", status="WRONG_MODE",
            received_at=self.now,
        )  # fmt: skip
        self.buy(self.sue, self.pack)
        self.book(self.sue, self.world.mia, 2, 9)
        self.book(self.sue, self.world.mia, 3, 9)
        self.buy(self.sam, self.max_pack)
        self.order(self.sam, self.single, self.world.slot(4, 12, 0))
