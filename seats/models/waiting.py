from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from seats.models.seat import Seat


class WaitingPlaceQuerySet(models.QuerySet["WaitingPlace"]):
    def waiting(self) -> WaitingPlaceQuerySet:
        """Those who wait for an offer. Whose account is closed waits no longer."""
        return self.filter(status=WaitingPlace.Status.WAITING, student__is_active=True)

    def in_line(self) -> WaitingPlaceQuerySet:
        """Those who wait for an offer, in the order in which they get one: late payers first."""
        return self.waiting().order_by("-paid_too_late", "joined_at", "pk")

    def standing(self, now: datetime) -> WaitingPlaceQuerySet:
        """Waiting, or with an offer that can still be taken, whether or not a job has run."""
        offered = Q(status=WaitingPlace.Status.OFFERED, seat__status=Seat.Status.OFFERED, seat__held_until__gt=now)
        return self.filter(Q(status=WaitingPlace.Status.WAITING) | offered)

    def placed(self) -> WaitingPlaceQuerySet:
        """Annotate `position`: how many wait before this one, and one. Counted, so it stays true under any filter."""
        others = WaitingPlace.objects.waiting().filter(mentor=OuterRef("mentor"))
        late, since = OuterRef("paid_too_late"), OuterRef("joined_at")
        same_moment = Q(paid_too_late=late, joined_at=since, pk__lt=OuterRef("pk"))
        before = Q(paid_too_late__gt=late) | Q(paid_too_late=late, joined_at__lt=since) | same_moment
        ahead = others.filter(before).order_by().values("mentor").annotate(n=Count("pk")).values("n")
        return self.annotate(position=1 + Coalesce(Subquery(ahead), 0))


class WaitingPlace(models.Model):
    """Someone waits for a seat with a mentor. Late payers come first, then whoever joined first."""

    class Status(models.TextChoices):
        WAITING = "WAITING", "waiting"
        OFFERED = "OFFERED", "a seat is offered"
        TAKEN = "TAKEN", "took the seat"
        DECLINED = "DECLINED", "declined the seat"
        LAPSED = "LAPSED", "did not answer in time"
        LEFT = "LEFT", "left the list"

    OPEN = (Status.WAITING, Status.OFFERED)

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="waiting_list")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="waiting_places")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    paid_too_late = models.BooleanField(default=False, help_text="Their payment came after the seat was gone.")
    joined_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    offered_until = models.DateTimeField(
        null=True, blank=True, help_text="The offer's own end. A checkout keeps the seat longer, not the offer."
    )
    seat = models.ForeignKey("seats.Seat", null=True, blank=True, on_delete=models.PROTECT, related_name="offers")

    objects = WaitingPlaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentor", "student"], condition=Q(status__in=["WAITING", "OFFERED"]), name="seats_wait_once"
            ),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="seats_nobody_waits_for_oneself"),
            models.CheckConstraint(
                condition=~Q(status="OFFERED") | Q(seat__isnull=False, offered_until__isnull=False),
                name="seats_offer_has_its_seat",
            ),
        ]
        indexes = [
            models.Index(
                fields=["mentor", "-paid_too_late", "joined_at"], condition=Q(status="WAITING"), name="seats_the_line"
            )
        ]

    def __str__(self) -> str:
        return f"{self.student} waits for {self.mentor}"

    def is_offered(self, now: datetime) -> bool:
        """A seat is kept for this person right now (the same word as the queryset's `standing`)."""
        return self.kept_until is not None and self.kept_until > now

    @property
    def kept_until(self) -> datetime | None:
        """Until when the offered seat is kept: the offer's end, or that of a checkout begun in time."""
        kept = self.status == self.Status.OFFERED and self.seat is not None and self.seat.status == Seat.Status.OFFERED
        return self.seat.held_until if kept and self.seat else None
