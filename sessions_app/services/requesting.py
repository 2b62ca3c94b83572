"""Requests: a student asks, the mentor answers, and what was approved is kept for the payment. Nothing is blocked before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F

from mentorship.kernel import clock
from mentorship.kernel.guards import polite
from mentorship.kernel.locking import lock, lock_people
from mentorship.kernel.refusals import Malformed, NotFound, NotYours, Refusal
from mentorship.people.models import MentorProfile
from offerings.models import Offering
from offerings.terms import Terms
from seats.models import Seat
from seats.services import hold_seat, keep_offer
from seats.services.capacity import availability, mentor_full
from sessions_app.models import BookingRequest
from sessions_app.models.request import MOST_TIMES
from sessions_app.services.request_payment import payment_due
from sessions_app.services.request_words import tell, times_in_words
from sessions_app.services.reserving import reserve
from sessions_app.services.seat_kept import let_seat_go
from sessions_app.slots import check_slot

Status = BookingRequest.Status


def already_requested() -> Refusal:
    return Refusal("already_requested", "You have asked for this already, and the request is still open.")


def submit_request(
    *, student: Any, offering: Offering, times: Sequence[datetime] = (), message: str = "", now: datetime
) -> BookingRequest:
    """Ask the mentor for this offering, with up to three times. Whether it may be bought at all is the caller's question.

    It is answered within 48 h, at latest 3 h before the first time. Raises Malformed (no time for a single session, too
    many), Refusal `already_requested`, `mentor_full`, `pack_expired`, `slot_unavailable`, `notice_too_short`.
    """
    wished = sorted({clock.utc(time) for time in times})
    if offering.kind == Offering.Kind.SESSION and not wished:
        raise Malformed("A single session needs at least one time: times is missing.")
    if len(wished) > MOST_TIMES:
        raise Malformed(f"At most {MOST_TIMES} times can be asked for.")
    with polite(sessions_one_open_request=already_requested()), transaction.atomic():
        lock_people([student.pk, offering.mentor_id])
        profile = MentorProfile.objects.select_related("user").get(user=offering.mentor_id)
        open_ones = BookingRequest.objects.filter(student=student, offering=offering)
        if open_ones.waiting(now).exists() or open_ones.to_pay(now).exists():  # type: ignore[attr-defined]
            raise already_requested()
        _end_overdue(open_ones, now)
        if offering.takes_seat:
            check_seat(student, offering.mentor_id, now)
        for time in wished:
            _check_time(
                profile,
                student,
                time,
                minutes=offering.duration_minutes,
                days=offering.effective_validity_days,
                now=now,
            )
        request = _snapshot(student, offering, wished, message, now)
        _keep_offered_seat(request)
        tell(
            request,
            "request_submitted",
            request.mentor,
            now=now,
            not_after=request.approval_deadline,
            expires_at=request.approval_deadline,
        )
    return request


def _snapshot(student: Any, offering: Offering, times: list[datetime], message: str, now: datetime) -> BookingRequest:
    """The request, written, as the offering stands now: what was seen is what is bought."""
    return BookingRequest.objects.create(
        student=student,
        mentor_id=offering.mentor_id,
        offering=offering,
        **asdict(Terms.of(offering)),
        times=times,
        message=message,
        created_at=now,
        approval_deadline=_answer_by(times, now),
    )


def _answer_by(times: Sequence[datetime], now: datetime) -> datetime:
    numbers = settings.MENTORSHIP
    by = now + timedelta(hours=numbers.approval_hours)
    if times:
        by = min(by, min(times) - timedelta(hours=numbers.approval_least_hours_before))
    return by


def _check_time(
    profile: MentorProfile, student: Any, starts_at: datetime, *, minutes: int, days: int, now: datetime
) -> None:
    """`days`: how long what is asked for will be valid, from its payment on."""
    if starts_at >= now + timedelta(days=days):
        raise Refusal("pack_expired", "What you ask for would have expired by then. Please choose an earlier time.")
    notice = timedelta(hours=settings.MENTORSHIP.request_notice_hours)
    check_slot(mentor=profile, student=student, starts_at=starts_at, duration_minutes=minutes, now=now)
    if starts_at < now + notice:
        hours = settings.MENTORSHIP.request_notice_hours
        raise Refusal("notice_too_short", f"A request needs at least {hours} hours. Please choose a later time.")


def check_seat(student: Any, mentor_id: int, now: datetime) -> None:
    """A pack can be asked for by whoever is seated, or has a seat on offer. Raises Refusal `mentor_full`."""
    seated = Seat.objects.occupying(now).filter(student=student, mentor=mentor_id).exists()
    if not seated and availability(mentor_id, now).available == 0:
        raise mentor_full()


def _keep_offered_seat(request: BookingRequest) -> None:
    """The seat that the waiting list offered must not go to the next one while the mentor thinks."""
    if request.takes_seat:
        until, asked_at = request.approval_deadline, request.created_at
        keep_offer(student_id=request.student_id, mentor_id=request.mentor_id, until=until, asked_at=asked_at)


def _keep_no_longer(request: BookingRequest, now: datetime) -> None:
    """What is waited for now may be due earlier than what was waited for before: an offered seat is kept until then."""
    if request.takes_seat:
        let_seat_go(student_id=request.student_id, mentor_id=request.mentor_id, by=None, now=now)


def lock_request(request_id: UUID, by: Any) -> BookingRequest:
    """Lock both people, then read the request of one of the two (None: the system). Raises NotFound."""
    rows = BookingRequest.objects.all() if by is None else BookingRequest.objects.of(by)
    ids = rows.filter(pk=request_id).values_list("student_id", "mentor_id").first()
    if ids is None:
        raise NotFound("There is no such request.")
    lock_people(ids)
    return lock(BookingRequest.objects.filter(pk=request_id).select_related("student", "mentor", "offering"))[0]


def check_waiting(request: BookingRequest, now: datetime) -> None:
    """Raises Refusal `wrong_state` when it does not wait for an answer any more."""
    if request.status_at(now) != Status.PENDING_MENTOR_REVIEW:
        label = "paid" if request.paid_at is not None else Status(request.status_at(now)).label
        raise Refusal("wrong_state", f"This request is {label}.")


@transaction.atomic
def approve(
    *, request_id: UUID, by: Any, now: datetime, notes: str = "", scheduled_at: datetime | None = None
) -> BookingRequest:
    """The mentor says yes to one of the times (the first, unless named): it is kept for the payment.

    For a single session, and the first one of a pack, an unpaid session; for a pack a held seat; both for 24 h, at
    latest until 1 h before the start. Twice changes nothing. Raises NotFound, NotYours (the student), Refusal
    `wrong_state`, `not_for_sale` (not verified any more), `slot_unavailable`, `mentor_full`.
    """
    request = lock_request(request_id, by)
    if by.pk != request.mentor_id:
        raise NotYours("Only the mentor can approve a request.")
    scheduled_at = scheduled_at and clock.utc(scheduled_at)
    if scheduled_at is not None and scheduled_at not in request.times:
        raise Malformed("scheduledAt is none of the times that were asked for. Suggest it instead.")
    if request.status == Status.APPROVED:
        return request
    check_waiting(request, now)
    _check_payable(request, "You are not verified at the moment, so what you approve could not be paid.")
    _approve(request, scheduled_at or next(iter(request.times), None), notes=notes, now=now)
    _answered(request.mentor_id)
    return request


def _check_payable(request: BookingRequest, why_not: str) -> None:
    """A yes keeps seat and time for a payment, so there has to be a way to pay. Raises Refusal `not_for_sale`."""
    if not MentorProfile.objects.select_related("user").get(user=request.mentor_id).is_visible:
        raise Refusal("not_for_sale", why_not)


def _approve(request: BookingRequest, starts_at: datetime | None, *, notes: str, now: datetime, what: str = "") -> None:
    deadline = payment_due(now, starts_at)
    if deadline <= now:
        raise Refusal("slot_unavailable", "This time is too close: it could not be paid before it starts.")
    if request.takes_seat:
        pair = {"student_id": request.student_id, "mentor_id": request.mentor_id}
        seat = hold_seat(**pair, until=deadline, by=request.mentor, now=now, approved=True)
        what = what or ("seated" if seat.status == Seat.Status.ACTIVE else "")
    if starts_at is not None:
        request.session = reserve(
            student=request.student,
            offering=request.offering,
            order_id=None,
            minutes=request.duration_minutes,
            starts_at=starts_at,
            until=deadline,
            agenda=request.message,
            notice_counts=False,  # it was long enough when it was asked
            now=now,
        )
    request.status, request.approval_notes = Status.APPROVED, notes
    request.approved_at, request.payment_deadline = now, deadline
    request.save(update_fields=["session", "status", "approval_notes", "approved_at", "payment_deadline"])
    _keep_no_longer(request, now)
    tell(
        request,
        "request_approved",
        request.student,
        now=now,
        not_after=deadline,
        expires_at=deadline,
        notes=notes,
        starts_at=starts_at,
        amount_display=request.price_display if request.amount_minor else "",
        what=what,
    )


@transaction.atomic
def reject(*, request_id: UUID, by: Any, reason: str, now: datetime) -> BookingRequest:
    """The mentor says no, and why. Twice changes nothing. Raises NotFound, NotYours, Refusal `wrong_state`."""
    request = lock_request(request_id, by)
    if by.pk != request.mentor_id:
        raise NotYours("Only the mentor can reject a request.")
    if request.status == Status.REJECTED:
        return request
    check_waiting(request, now)
    request.status, request.rejection_reason, request.rejected_at, request.ended_at = Status.REJECTED, reason, now, now
    request.save(update_fields=["status", "rejection_reason", "rejected_at", "ended_at"])
    if request.takes_seat:
        let_seat_go(student_id=request.student_id, mentor_id=request.mentor_id, by=by, now=now)
    _answered(request.mentor_id)
    tell(request, "request_rejected", request.student, now=now, reason=reason)
    return request


@transaction.atomic
def suggest(*, request_id: UUID, by: Any, times: Sequence[datetime], notes: str = "", now: datetime) -> BookingRequest:
    """The mentor offers other times; the student takes one of them, or lets it be. The same ones twice change nothing.

    Raises NotFound, NotYours, Malformed (none or too many), Refusal `wrong_state`, `pack_expired`, `slot_unavailable`.
    """
    request = lock_request(request_id, by)
    if by.pk != request.mentor_id:
        raise NotYours("Only the mentor can suggest other times.")
    check_waiting(request, now)
    offered = sorted({clock.utc(time) for time in times})
    if not 1 <= len(offered) <= MOST_TIMES:
        raise Malformed(f"Suggest one to {MOST_TIMES} times.")
    if request.suggested_at and (offered, notes) == (request.suggested_times, request.approval_notes):
        return request  # said already: the deadline stays, and nobody is told again
    profile = MentorProfile.objects.select_related("user").get(user=request.mentor_id)
    for time in offered:
        _check_time(
            profile, request.student, time, minutes=request.duration_minutes, days=request.validity_days, now=now
        )
    request.suggested_times, request.suggested_at, request.approval_notes = offered, now, notes
    # Once for the mentor's answer and once for the student's: suggesting again and again makes it no longer than that.
    longest = request.created_at + 2 * timedelta(hours=settings.MENTORSHIP.approval_hours)
    request.approval_deadline = min(_answer_by(offered, now), longest)
    request.save(update_fields=["suggested_times", "suggested_at", "approval_notes", "approval_deadline"])
    _keep_offered_seat(request)
    _keep_no_longer(request, now)
    _answered(request.mentor_id)
    tell(
        request,
        "request_suggested",
        request.student,
        now=now,
        times=times_in_words(offered, request.student.zone, now),
        notes=notes,
        not_after=request.approval_deadline,
        expires_at=request.approval_deadline,
    )
    return request


@transaction.atomic
def accept_suggestion(*, request_id: UUID, by: Any, scheduled_at: datetime, now: datetime) -> BookingRequest:
    """The student takes one of the times that the mentor suggested: it is kept for the payment.

    Raises NotFound, NotYours (the mentor), Malformed, Refusal as for `approve`.
    """
    scheduled_at = clock.utc(scheduled_at)
    request = lock_request(request_id, by)
    if by.pk != request.student_id:
        raise NotYours("Only the student can accept a suggested time.")
    if request.status == Status.APPROVED and request.session and request.session.starts_at == scheduled_at:
        return request
    check_waiting(request, now)
    if scheduled_at not in request.suggested_times:
        raise Malformed("scheduledAt is none of the suggested times.")
    _check_payable(request, f"{request.mentor.first_name} takes no payments at the moment.")
    _approve(request, scheduled_at, notes=request.approval_notes, now=now, what="accepted")
    tell(
        request,
        "suggestion_accepted",
        request.mentor,
        now=now,
        starts_at=scheduled_at,
        expires_at=request.payment_deadline,
    )
    return request


@transaction.atomic
def expire_request(*, request_id: UUID, now: datetime) -> bool:
    """Its answer or its payment is late: EXPIRED, both told. An unanswered one counts against the mentor's streak."""
    request = lock_request(request_id, None)
    if request.status_at(now) != Status.EXPIRED or request.status == Status.EXPIRED:
        return False
    ignored = request.status == Status.PENDING_MENTOR_REVIEW and request.suggested_at is None
    late_at = request.approval_deadline if request.status == Status.PENDING_MENTOR_REVIEW else request.payment_deadline
    request.status, request.ended_at = Status.EXPIRED, late_at
    request.save(update_fields=["status", "ended_at"])
    what = "unpaid" if request.approved_at else "not_chosen" if request.suggested_at else ""
    for person in (request.student, request.mentor):
        tell(request, "request_expired", person, now=now, what=what, expires_at=late_at)
    if ignored:
        _ignored(request, now)
    return True


def _end_overdue(requests: Any, now: datetime) -> None:
    """A new request must not stumble over one that has expired without a job having said so."""
    for request_id in [
        *requests.unanswered(now).values_list("pk", flat=True),
        *requests.unpaid(now).values_list("pk", flat=True),
    ]:
        expire_request(request_id=request_id, now=now)


def _answered(mentor_id: int) -> None:
    """The row of ignored requests ends; one that has paused the sales says why until they are resumed."""
    row = MentorProfile.objects.filter(user=mentor_id, sales_paused_at=None).exclude(ignored_requests=0)
    row.update(ignored_requests=0)


def _ignored(request: BookingRequest, now: datetime) -> None:
    """Three in a row, and the mentor's offerings pause: nobody should wait for somebody who does not answer."""
    profiles = MentorProfile.objects.filter(user=request.mentor_id)
    profiles.update(ignored_requests=F("ignored_requests") + 1)
    most = settings.MENTORSHIP.ignored_requests_until_pause
    if profiles.filter(ignored_requests__gte=most, sales_paused_at=None).update(sales_paused_at=now):
        tell(request, "sales_paused", request.mentor, now=now, count=most, url="/tutor/mentorship/schedule")
