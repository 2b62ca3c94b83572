from __future__ import annotations

from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from packs.models import SessionPack


class SeatQuerySet(models.QuerySet["Seat"]):
    def standing(self) -> SeatQuerySet:
        """Rows that hold a number: everything not RELEASED. Some may have lapsed; see `occupying`."""
        return self.exclude(status=Seat.Status.RELEASED)

    def with_life(self, now: datetime) -> SeatQuerySet:
        """Annotate `has_live_pack` (a pack on it is unexpired or has a session scheduled)."""
        packs = SessionPack.objects.keeping_a_seat(now).filter(student=OuterRef("student"), mentor=OuterRef("mentor"))
        return self.annotate(has_live_pack=Exists(packs))

    def occupying(self, now: datetime) -> SeatQuerySet:
        """Seats that count against the mentor's capacity at `now`, judged by their deadlines, not by any job."""
        return (
            self.standing()
            .with_life(now)
            .filter(kept_until_later(now) | Q(status=Seat.Status.ACTIVE, has_live_pack=True))
        )

    def lapsed(self, now: datetime) -> SeatQuerySet:
        """Seats whose time is over and that nobody has released yet."""
        over = Q(status=Seat.Status.ACTIVE, has_live_pack=False) | ~Q(status=Seat.Status.ACTIVE)
        return self.standing().with_life(now).exclude(kept_until_later(now)).filter(over)


def kept_until_later(now: datetime) -> Q:
    """Grace or hold have not ended. While the seat is frozen its grace stands still."""
    clock_stands = Q(status=Seat.Status.GRACE, frozen_at__isnull=False)
    return Q(grace_ends_at__gt=now) | Q(held_until__gt=now) | clock_stands


class Seat(models.Model):
    """A student's place with a mentor, numbered from 1."""

    class Status(models.TextChoices):
        OFFERED = "OFFERED", "offered"
        HELD = "HELD", "held for a payment"
        ACTIVE = "ACTIVE", "taken"
        GRACE = "GRACE", "in grace"
        RELEASED = "RELEASED", "released"

    class Reason(models.TextChoices):
        HOLD_LAPSED = "HOLD_LAPSED", "the payment did not come in time"
        PAYMENT_FAILED = "PAYMENT_FAILED", "the payment failed"
        GRACE_ENDED = "GRACE_ENDED", "the grace period ended"
        PACK_EXPIRED = "PACK_EXPIRED", "the pack expired"
        REFUNDED = "REFUNDED", "the pack was refunded"
        OFFER_LAPSED = "OFFER_LAPSED", "the offer was not taken in time"
        OFFER_DECLINED = "OFFER_DECLINED", "the offer was declined"
        BY_ADMIN = "BY_ADMIN", "released by an administrator"
        GIVEN_UP = "GIVEN_UP", "the mentorship ended"

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seats")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seats_taken")
    number = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices)
    held_until = models.DateTimeField(null=True, blank=True)
    checkout_until = models.DateTimeField(
        null=True, blank=True, help_text="An open checkout keeps it until then, whatever becomes of a request."
    )
    grace_ends_at = models.DateTimeField(null=True, blank=True)
    frozen_at = models.DateTimeField(
        null=True, blank=True, help_text="Something about the pack is in dispute: the grace stands still since then."
    )
    created_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    release_reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)

    has_live_pack: bool  # of `with_life`

    objects = SeatQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentor", "number"], condition=~Q(status="RELEASED"), name="seats_number_taken_once"
            ),
            models.UniqueConstraint(
                fields=["mentor", "student"], condition=~Q(status="RELEASED"), name="seats_one_per_pair"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="seats_numbered_from_1"),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="seats_not_with_oneself"),
            models.CheckConstraint(
                condition=Q(status="RELEASED", released_at__isnull=False)
                | (~Q(status="RELEASED") & Q(released_at__isnull=True)),
                name="seats_released_has_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="GRACE") | Q(grace_ends_at__isnull=False), name="seats_grace_has_its_end"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["HELD", "OFFERED"]) | Q(held_until__isnull=False),
                name="seats_hold_has_its_end",
            ),
            models.CheckConstraint(
                condition=Q(checkout_until__isnull=True)
                | Q(held_until__isnull=False, held_until__gte=F("checkout_until")),
                name="seats_checkout_is_a_hold",
            ),
        ]
        indexes = [
            models.Index(fields=["student", "mentor"], name="seats_of_pair"),
            models.Index(fields=["grace_ends_at"], condition=Q(status="GRACE"), name="seats_in_grace"),
            models.Index(fields=["mentor"], condition=~Q(status="RELEASED"), name="seats_standing"),
        ]

    def __str__(self) -> str:
        return f"seat {self.number} ({self.status.lower()})"

    @property
    def kept_until(self) -> datetime | None:
        """The later end of grace and hold, or None."""
        return max(filter(None, [self.grace_ends_at, self.held_until]), default=None)

    def grace_fraction(self, now: datetime) -> float:
        """What is left of the time it is kept, as a part of a whole grace: 0..1."""
        left = (self.kept_until or now) - now
        return max(0.0, min(1.0, left / timedelta(hours=settings.MENTORSHIP.grace_hours)))

    def is_held(self, now: datetime) -> bool:
        """Somebody is paying: it is kept for them, whatever else ends."""
        return self.held_until is not None and self.held_until > now

    def grace_is_over(self, now: datetime) -> bool:
        """Its 72 h have passed (a hold may still keep it)."""
        over = self.grace_ends_at is not None and self.grace_ends_at <= now
        return self.status == self.Status.GRACE and over and self.frozen_at is None

    def in_grace(self, now: datetime) -> bool:
        return self.status == self.Status.GRACE and (self.frozen_at is not None or (self.kept_until or now) > now)


class SeatEvent(models.Model):
    """One change of a seat: from what to what, by whom, why. Never updated, never deleted."""

    seat = models.ForeignKey(Seat, on_delete=models.PROTECT, related_name="events")
    before = models.CharField(max_length=10, blank=True)
    after = models.CharField(max_length=10)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.before or 'new'} -> {self.after}"
