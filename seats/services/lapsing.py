from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, Max, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest, Least

from mentorship.kernel.locking import lock
from notifications.services import Notice, notify, notify_many
from packs.models import SessionPack
from packs.services import expire_lapsed, renewal_is_off
from seats.models import Seat, SeatEvent
from seats.services.waiting import offer_free_seats, offers_lapsed

Status, Reason = Seat.Status, Seat.Reason
# Whoever only held a seat for a payment is told by the order, not by the seat.
TOLD = {Status.ACTIVE: Reason.PACK_EXPIRED, Status.GRACE: Reason.GRACE_ENDED}
WHY = TOLD | {Status.OFFERED: Reason.OFFER_LAPSED}


@transaction.atomic
def release_lapsed(mentor_ids: Collection[int], *, now: datetime) -> int:
    """Release the seats of these mentors whose time is over, expire their packs, offer what is free to their lines.

    Returns how many seats were released.

    The caller has locked these mentors. Every transition calls it for its one mentor, the sweep for many: the number of
    statements does not depend on the number of seats. What is released is stamped with the time it was due.
    """
    released = clear_lapsed(mentor_ids, now=now)
    offer_free_seats(mentor_ids, now=now)
    return released


@transaction.atomic
def clear_lapsed(mentor_ids: Collection[int], *, now: datetime) -> int:
    """As `release_lapsed`, but what is free is offered to nobody: for whoever gives it to somebody in the same breath."""
    expire_lapsed(SessionPack.objects.filter(mentor__in=mentor_ids), now=now)
    _start_expiry_grace(mentor_ids, now)
    return _release(mentor_ids, now)


def _release(mentor_ids: Collection[int], now: datetime) -> int:
    lapsed = lock(Seat.objects.lapsed(now).filter(mentor__in=mentor_ids))
    if not lapsed:
        return 0
    before = {seat.pk: seat.status for seat in lapsed}
    Seat.objects.filter(pk__in=before).update(
        released_at=_due(now),
        release_reason=Case(
            *[When(status=status, then=Value(reason.value)) for status, reason in WHY.items()],
            default=Value(Reason.HOLD_LAPSED.value),
        ),
        status=Status.RELEASED,
    )
    released = list(Seat.objects.filter(pk__in=before).select_related("student", "mentor__mentor_profile"))
    SeatEvent.objects.bulk_create(
        SeatEvent(
            seat=seat,
            before=before[seat.pk],
            after=Status.RELEASED,
            reason=seat.get_release_reason_display(),
            at=seat.released_at or now,
        )
        for seat in released
    )
    offers_lapsed([pk for pk, status in before.items() if status == Status.OFFERED], now=now)
    _tell((seat for seat in released if before[seat.pk] in TOLD), now)
    return len(before)


def _start_expiry_grace(mentor_ids: Collection[int], now: datetime) -> None:
    """Seats kept only by a pack that has just expired enter GRACE, where the operator grants that (by default not)."""
    hours = settings.MENTORSHIP.expiry_grace_hours
    if not hours:
        return
    packs = SessionPack.objects.filter(mentor=OuterRef("mentor"), student=OuterRef("student"), takes_seat=True)
    alive = packs.filter(SessionPack.objects.unexpired(now) | Q(sessions_held__gt=0))
    expired = packs.filter(SessionPack.objects.in_expiry_grace(now)).order_by("-expires_at").values("expires_at")[:1]
    seats = Seat.objects.filter(~Exists(alive), mentor__in=mentor_ids, status=Status.ACTIVE)
    for seat in lock(seats.annotate(expired_at=Subquery(expired)).filter(expired_at__isnull=False)):
        since: datetime = seat.expired_at  # type: ignore[attr-defined]
        seat.status, seat.grace_ends_at = Status.GRACE, since + timedelta(hours=hours)
        seat.save(update_fields=["status", "grace_ends_at"])
        SeatEvent.objects.create(
            seat=seat, before=Status.ACTIVE, after=Status.GRACE, reason=Reason.PACK_EXPIRED.label, at=since
        )
        _tell_of_expiry_grace(seat, seat.grace_ends_at, now)


def _tell_of_expiry_grace(seat: Seat, ends_at: datetime, now: datetime) -> None:
    notify(
        "grace_started",
        recipient=seat.student,
        about=f"seat:{seat.pk}",
        dedupe_key=f"grace_started:{seat.pk}:{ends_at.isoformat()}:{seat.student_id}",
        not_after=ends_at,
        now=now,
        role="student",
        what="ask_first" if renewal_is_off(seat.student_id, seat.mentor_id, now) else "",
        mentor_name=seat.mentor.display_name,
        grace_reason="Your pack has expired; renewing brings back what was left of it.",
        grace_ends_at=ends_at,
        url=seat.mentor.mentor_profile.get_absolute_url(),
    )


def _due(now: datetime) -> Least:
    """When the seat's time was over: the later end of hold and grace, or its last pack's expiry; never later than now."""
    packs = SessionPack.objects.filter(mentor=OuterRef("mentor"), student=OuterRef("student"), takes_seat=True)
    last_expiry = packs.order_by().values("mentor").annotate(last=Max("expires_at")).values("last")
    pack_ended = Case(When(status=Status.ACTIVE, then=Subquery(last_expiry)))
    ended = Greatest(F("held_until"), F("grace_ends_at"), pack_ended)
    return Least(Coalesce(ended, Value(now)), Value(now))


def _tell(seats: Iterable[Seat], now: datetime) -> None:
    notices = []
    for seat in seats:
        context = {
            "mentor_name": seat.mentor.display_name,
            "student_name": seat.student.display_name,
            "reason": seat.get_release_reason_display(),
        }
        about, key = f"seat:{seat.pk}", f"seat_released:{seat.pk}"
        mentor_page = f"/mentorship/mentors/{seat.mentor.mentor_profile.slug}"
        notices += [
            Notice(seat.student, about, f"{key}:student", now, {**context, "role": "student", "url": mentor_page}),
            Notice(seat.mentor, about, f"{key}:mentor", now, {**context, "role": "mentor", "url": "/tutor/seats"}),
        ]
    notify_many("seat_released", notices)
