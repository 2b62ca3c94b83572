"""Random lives: buy, pay, book, move, cancel, settle, refund, dispute, payout, letters in any order, time passing.

And, in `asking_rules`: requests, the waiting list, claims, pauses, vacations and proposals.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from payments.models import Order, Payment, Payout, Refund, SandboxCheckout, SandboxDelivery, SandboxDispute
from sessions_app.models import Session
from tests.machine.asking_rules import AskingRules
from tests.machine.world import JOBS, World

anyone = st.integers(0, 2)
mentors = st.integers(0, 1)
which = st.integers(0, 7)
slots = st.tuples(st.integers(0, 5), st.sampled_from([8, 9, 12, 19]), st.sampled_from([0, 30]))
spans = st.sampled_from(
    [
        timedelta(minutes=10),
        timedelta(minutes=36),
        timedelta(hours=5),
        timedelta(days=1),
        timedelta(days=3, hours=1),
        timedelta(days=9),
        timedelta(days=31),
    ]
)
parts = st.none() | st.sampled_from([1, 50, 3_334, 6_000])


class Lives(AskingRules, RuleBasedStateMachine):
    """After every step the audit is clean: nothing that must never be, whichever jobs have run."""

    world: World | None = None

    @initialize()
    def begin(self) -> None:
        self.world = World()

    def teardown(self) -> None:
        if self.world is not None:
            self.world.end()

    @invariant()
    def the_audit_is_clean(self) -> None:
        if self.world is not None:
            self.world.prove()

    def any(self, model: type) -> bool:
        return self.world is not None and model.objects.exists()

    # Buying

    @rule(student=anyone, offering=st.integers(0, 4), slot=st.none() | slots)
    def checkout(self, student, offering, slot):
        self.world.checkout(student, offering, slot and self.world.slot(*slot))

    @rule(student=anyone, offering=st.integers(0, 3), slot=st.none() | slots)
    def buy(self, student, offering, slot):
        self.world.buy(student, offering, slot and self.world.slot(*slot))

    @precondition(lambda self: self.any(SandboxCheckout))
    @rule(index=which, outcome=st.sampled_from(["paid", "paid", "declined"]))
    def press(self, index, outcome):
        self.world.press(index, outcome)

    @precondition(lambda self: self.any(Order))
    @rule(index=which)
    def come_back(self, index):
        self.world.come_back(index)

    @precondition(lambda self: self.any(Order))
    @rule(index=which)
    def give_up(self, index):
        self.world.give_up(index)

    @precondition(lambda self: self.any(SandboxDelivery))
    @rule(index=st.integers(0, 20), process=st.booleans())
    def deliver(self, index, process):
        self.world.deliver(index, process=process)

    # Meeting

    @precondition(lambda self: self.any(Payment))
    @rule(student=anyone, mentor=mentors, slot=slots)
    def book(self, student, mentor, slot):
        self.world.book(student, mentor, self.world.slot(*slot))

    @precondition(lambda self: self.any(Session))
    @rule(index=which, slot=slots)
    def move(self, index, slot):
        self.world.move(index, self.world.slot(*slot))

    @precondition(lambda self: self.any(Session))
    @rule(index=which, by_mentor=st.booleans())
    def cancel(self, index, by_mentor):
        self.world.cancel(index, by_mentor=by_mentor)

    @precondition(lambda self: self.any(Session))
    @rule(
        index=which,
        how=st.sampled_from(["complete", "complete", "STUDENT", "MENTOR"]),
        after_the_end=st.just(True) | st.booleans(),
    )
    def settle(self, index, how, after_the_end):
        self.world.settle(index, how, after_the_end=after_the_end)

    # Money that goes back

    @precondition(lambda self: self.any(Payment))
    @rule(index=which, count=st.none() | st.integers(1, 2))
    def refund(self, index, count):
        self.world.refund(index, count)

    @precondition(lambda self: self.any(Payment))
    @rule(index=which, part=parts)
    def refund_there(self, index, part):
        self.world.refund_there(index, part)

    @precondition(lambda self: self.any(Refund))
    @rule(index=which, count=st.integers(1, 2))
    def take_sessions(self, index, count):
        self.world.take_sessions(index, count)

    @precondition(lambda self: self.any(Refund))
    @rule(index=which, how=st.sampled_from(["again", "by_hand", "call_off"]))
    def mend_refund(self, index, how):
        self.world.mend_refund(index, how)

    @precondition(lambda self: self.any(Payment))
    @rule(index=which)
    def give_money_back(self, index):
        self.world.give_money_back(index)

    @precondition(lambda self: self.any(Payment))
    @rule(index=which, part=parts)
    def dispute(self, index, part):
        self.world.dispute(index, part)

    @precondition(lambda self: self.any(SandboxDispute))
    @rule(index=which, won=st.booleans())
    def decide_dispute(self, index, won):
        self.world.decide_dispute(index, won=won)

    # Payouts, repairs, time

    @precondition(lambda self: self.any(Payment))
    @rule(mentor=mentors, currency=st.sampled_from(["EUR", "EUR", "JPY"]))
    def payout(self, mentor, currency):
        self.world.payout(mentor, currency)

    @precondition(lambda self: self.any(Payout))
    @rule(index=which, paid=st.booleans())
    def close_payout(self, index, paid):
        self.world.close_payout(index, paid=paid)

    @precondition(lambda self: self.any(Payment))
    @rule(index=which, delta=st.sampled_from([1, -1]))
    def adjust(self, index, delta):
        self.world.adjust(index, delta)

    @rule(by=spans, run=st.booleans())
    def pass_time(self, by, run):
        self.world.pass_time(by, run=run)

    @rule(job=st.sampled_from(JOBS))
    def one_job(self, job):
        self.world.run_jobs(job)

    @rule()
    def all_jobs(self):
        self.world.run_jobs(*JOBS)
