from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber


class WaitingPlaceQuerySet(models.QuerySet["WaitingPlace"]):
    def in_line(self) -> WaitingPlaceQuerySet:
        """Those who wait for an offer, in the order in which they get one."""
        return self.filter(status=WaitingPlace.Status.WAITING).order_by("-paid_too_late", "joined_at", "pk")

    def placed(self) -> WaitingPlaceQuerySet:
        """Annotate `position` in the mentor's line, from 1. Only of those in line."""
        order = [F("paid_too_late").desc(), F("joined_at").asc(), F("pk").asc()]
        rank = Window(RowNumber(), partition_by=F("mentor"), order_by=order)
        return self.filter(status=WaitingPlace.Status.WAITING).annotate(position=rank)


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
    seat = models.ForeignKey("seats.Seat", null=True, blank=True, on_delete=models.PROTECT, related_name="offers")

    objects = WaitingPlaceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["mentor", "student"], condition=Q(status__in=["WAITING", "OFFERED"]), name="seats_wait_once"
            ),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="seats_nobody_waits_for_oneself"),
            models.CheckConstraint(
                condition=~Q(status="OFFERED") | Q(seat__isnull=False), name="seats_offer_has_its_seat"
            ),
        ]
        indexes = [
            models.Index(
                fields=["mentor", "-paid_too_late", "joined_at"], condition=Q(status="WAITING"), name="seats_the_line"
            )
        ]

    def __str__(self) -> str:
        return f"{self.student} waits for {self.mentor}"
