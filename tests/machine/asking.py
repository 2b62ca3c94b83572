"""The verbs of what waits for an answer: requests, the waiting list, claims, pauses, vacations, other times proposed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mentorship.pages.waiting import leave_line
from packs.models import Pause, SessionPack
from packs.services import answer_pause, resume
from payments import services as payments
from payments.services import sandbox
from seats.models import WaitingPlace
from seats.services import join
from sessions_app import services as sessions
from sessions_app.models import BookingRequest, Claim, MoveProposal, Session, Vacation
from sessions_app.services.pauses import agree_to_pause, ask_to_pause
from sessions_app.services.vacations import CANCEL, KEEP, add_vacation, remove_vacation, touched_by
from tests.payments.scene import SITE


class Asking:
    """Part of the machine's world."""

    now: datetime
    students: list[Any]
    mia: Any
    max: Any
    boss: Any
    asked_for: list[Any]
    does: Callable[..., Any]
    pick: Callable[..., Any]

    # Requests

    def ask(self, student: int, offering: int, *times: datetime) -> None:
        of = self.asked_for[offering % len(self.asked_for)]
        self.does(payments.ask, student=self.students[student], offering_id=of.pk, times=times, message="please")

    def answer_request(self, index: int, how: str, slot: datetime) -> None:
        request = self.pick(BookingRequest.objects.all(), index)
        if request is None:
            return
        who = {"by": request.mentor, "request_id": request.pk}
        if how == "approve":
            self.does(sessions.approve, **who)
        elif how == "reject":
            self.does(sessions.reject, **who, reason="not now")
        elif how == "suggest":
            self.does(sessions.suggest, **who, times=[slot])
        elif how == "accept" and request.suggested_times:
            self.does(
                sessions.accept_suggestion,
                request_id=request.pk,
                by=request.student,
                scheduled_at=request.suggested_times[0],
            )
        elif how == "withdraw":
            self.does(sessions.withdraw_request, request_id=request.pk, by=request.student)

    def pay_request(self, index: int, *, paid: bool) -> None:
        request = self.pick(BookingRequest.objects.filter(status="APPROVED"), index)
        if request is None:
            return
        order = self.does(
            payments.proceed_payment,
            student=request.student,
            request_id=request.pk,
            provider="sandbox",
            site_url=SITE,
        )
        if order is not None and order.amount_minor and paid:
            sandbox.decide(order.provider_reference, "paid")
            self.does(payments.confirm_and_fulfil, order_id=order.pk)

    # The line

    def join_line(self, student: int, mentor: int) -> None:
        self.does(join, student=self.students[student], mentor_id=(self.mia, self.max)[mentor % 2].pk)

    def leave_line(self, index: int, expect: str) -> None:
        place = self.pick(WaitingPlace.objects.filter(status__in=WaitingPlace.OPEN), index)
        if place is not None:
            self.does(leave_line, student=place.student, mentor_id=place.mentor_id, expect=expect)

    def open_or_close(self, mentor: int, seats: int) -> None:
        """The mentor takes so many, or (0) nobody new."""
        profile = (self.mia, self.max)[mentor % 2].mentor_profile
        profile.accepts_new = seats > 0
        profile.max_active_students = seats or profile.max_active_students
        profile.save()

    # Claims

    def claim(self, index: int, wanted: str, *, by_mentor: bool) -> None:
        session = self.pick(Session.objects.exclude(pack=None), index)
        if session is not None:
            by = session.mentor if by_mentor else session.student
            self.does(sessions.open_claim, session_id=session.pk, by=by, wanted=wanted, reason="it was not so")

    def answer_claim(self, index: int, how: str) -> None:
        claim = self.pick(Claim.objects.open(), index)
        if claim is None:
            return
        session = claim.session
        other = session.mentor if claim.by_id == session.student_id else session.student
        if how == "agree":
            self.does(sessions.agree, claim_id=claim.pk, by=other)
        elif how == "answer":
            self.does(sessions.answer, claim_id=claim.pk, by=other, text="it was")
        elif how == "withdraw":
            self.does(sessions.withdraw_claim, claim_id=claim.pk, by=claim.by)
        else:
            self.does(sessions.decide, claim_id=claim.pk, uphold=how == "uphold", by=self.boss, reason="as it was")

    def overrule(self, index: int, outcome: str) -> None:
        session = self.pick(Session.objects.exclude(credit=""), index)
        if session is not None:
            self.does(sessions.overrule, session_id=session.pk, outcome=outcome, by=self.boss, reason="agreed")

    def forgive(self, index: int) -> None:
        session = self.pick(Session.objects.filter(status="CANCELLED"), index)
        if session is not None:
            self.does(sessions.forgive, session_id=session.pk, by=session.mentor)

    # Pauses, vacations, proposals

    def pause(self, index: int, days: int, *, by_mentor: bool) -> None:
        pack = self.pick(SessionPack.objects.all(), index)
        if pack is not None:
            by = pack.mentor if by_mentor else pack.student
            self.does(ask_to_pause, pack_id=pack.pk, by=by, days=days, reason="exams")

    def answer_pause(self, index: int, how: str) -> None:
        pause = self.pick(Pause.objects.filter(status__in=["ASKED", "RUNNING"]), index)
        if pause is None:
            return
        pack = pause.pack
        other = pack.mentor if pause.asked_by_id == pack.student_id else pack.student
        if how == "agree":
            self.does(agree_to_pause, pause_id=pause.pk, by=other)
        elif how == "decline":
            self.does(answer_pause, pause_id=pause.pk, by=other, agreed=False)
        else:
            self.does(resume, pause_id=pause.pk, by=pack.student)

    def vacation(self, mentor: int, first: int, days: int, *, keep: bool) -> None:
        person = (self.mia, self.max)[mentor % 2]
        begin = (self.now + timedelta(days=first)).date()
        end = begin + timedelta(days=days - 1)
        touched = touched_by(person, begin, end, now=self.now)
        decisions = {session.pk: KEEP if keep else CANCEL for session in touched}
        self.does(add_vacation, mentor=person, first_day=begin, last_day=end, decisions=decisions)

    def no_vacation(self, index: int) -> None:
        vacation = self.pick(Vacation.objects.all(), index)
        if vacation is not None:
            self.does(remove_vacation, vacation_id=vacation.pk, mentor=vacation.mentor)

    def propose(self, index: int, slot: datetime) -> None:
        session = self.pick(Session.objects.filter(status="SCHEDULED"), index)
        if session is not None:
            self.does(sessions.propose_move, session_id=session.pk, starts_at=slot, by=session.mentor)

    def answer_proposal(self, index: int, *, accepted: bool) -> None:
        proposal = self.pick(MoveProposal.objects.all(), index)
        if proposal is not None:
            by = proposal.session.student
            self.does(sessions.answer_proposal, proposal_id=proposal.pk, by=by, accepted=accepted)
