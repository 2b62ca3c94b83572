"""The rules for what waits for an answer; `machine.Lives` has them with its own."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from packs.models import Pause, SessionPack
from seats.models import WaitingPlace
from sessions_app.models import BookingRequest, Claim, MoveProposal, Session, Vacation

anyone = st.integers(0, 2)
mentors = st.integers(0, 1)
which = st.integers(0, 7)
slots = st.tuples(st.integers(0, 5), st.sampled_from([8, 9, 12, 19]), st.sampled_from([0, 30]))
outcomes = st.sampled_from(["COMPLETED", "STUDENT_ABSENT", "MENTOR_ABSENT", "BOTH_ABSENT", "GIVEN_BACK"])


class AskingRules:
    """A part of the state machine."""

    world: Any

    # Requests

    @rule(student=anyone, offering=st.integers(0, 1), slot=slots)
    def ask(self, student, offering, slot):
        self.world.ask(student, offering, self.world.slot(*slot))

    @precondition(lambda self: self.any(BookingRequest))
    @rule(
        index=which,
        how=st.sampled_from(["approve", "approve", "approve", "reject", "suggest", "accept", "withdraw"]),
        slot=slots,
    )
    def answer_request(self, index, how, slot):
        self.world.answer_request(index, how, self.world.slot(*slot))

    @precondition(lambda self: self.any(BookingRequest))
    @rule(index=which, paid=st.booleans())
    def pay_request(self, index, paid):
        self.world.pay_request(index, paid=paid)

    # The line

    @rule(student=anyone, mentor=mentors)
    def join_line(self, student, mentor):
        self.world.join_line(student, mentor)

    @precondition(lambda self: self.any(WaitingPlace))
    @rule(index=which, expect=st.sampled_from(["", "waiting", "offered"]))
    def leave_line(self, index, expect):
        self.world.leave_line(index, expect)

    @rule(mentor=mentors, seats=st.integers(0, 3))
    def open_or_close(self, mentor, seats):
        self.world.open_or_close(mentor, seats)

    # Claims

    @precondition(lambda self: self.any(Session))
    @rule(index=which, wanted=outcomes, by_mentor=st.booleans())
    def claim(self, index, wanted, by_mentor):
        self.world.claim(index, wanted, by_mentor=by_mentor)

    @precondition(lambda self: self.any(Claim))
    @rule(index=which, how=st.sampled_from(["agree", "answer", "withdraw", "uphold", "dismiss"]))
    def answer_claim(self, index, how):
        self.world.answer_claim(index, how)

    @precondition(lambda self: self.any(Session))
    @rule(index=which, outcome=outcomes)
    def overrule(self, index, outcome):
        self.world.overrule(index, outcome)

    @precondition(lambda self: self.any(Session))
    @rule(index=which)
    def forgive(self, index):
        self.world.forgive(index)

    # Pauses, vacations, proposals

    @precondition(lambda self: self.any(SessionPack))
    @rule(index=which, days=st.sampled_from([1, 7, 30]), by_mentor=st.booleans())
    def pause(self, index, days, by_mentor):
        self.world.pause(index, days, by_mentor=by_mentor)

    @precondition(lambda self: self.any(Pause))
    @rule(index=which, how=st.sampled_from(["agree", "agree", "decline", "resume"]))
    def answer_pause(self, index, how):
        self.world.answer_pause(index, how)

    @rule(mentor=mentors, first=st.integers(0, 6), days=st.sampled_from([1, 3, 8]), keep=st.booleans())
    def vacation(self, mentor, first, days, keep):
        self.world.vacation(mentor, first, days, keep=keep)

    @precondition(lambda self: self.any(Vacation))
    @rule(index=which)
    def no_vacation(self, index):
        self.world.no_vacation(index)

    @precondition(lambda self: self.any(Session))
    @rule(index=which, slot=slots)
    def propose(self, index, slot):
        self.world.propose(index, self.world.slot(*slot))

    @precondition(lambda self: self.any(MoveProposal))
    @rule(index=which, accepted=st.booleans())
    def answer_proposal(self, index, accepted):
        self.world.answer_proposal(index, accepted=accepted)
