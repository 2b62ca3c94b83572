from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce


class SessionQuerySet(models.QuerySet["Session"]):
    def of(self, person: object) -> SessionQuerySet:
        """The sessions this person takes part in: the one door to a row."""
        return self.filter(Q(student=person) | Q(mentor=person))

    def coming(self, now: datetime) -> SessionQuerySet:
        """Booked and not over."""
        return self.filter(status__in=Session.BOOKED, ends_at__gt=now)

    def to_remind(self, now: datetime, hours: int) -> SessionQuerySet:
        """Booked, and to start within so many hours."""
        return self.filter(
            status=Session.Status.SCHEDULED, starts_at__gt=now, starts_at__lte=now + timedelta(hours=hours)
        )

    def unmarked(self, now: datetime) -> SessionQuerySet:
        """Over, but not settled yet."""
        return self.filter(status__in=Session.BOOKED, ends_at__lte=now)

    def took_place(self) -> SessionQuerySet:
        """Over, and not called off: they took place, or somebody came in vain."""
        return self.filter(status__in=[Session.Status.COMPLETED, Session.Status.NO_SHOW])

    def to_settle(self, now: datetime) -> SessionQuerySet:
        """Nobody marked them in time, so the system does: with evidence after 24 h, without after 72 h."""
        numbers = settings.MENTORSHIP
        entered = SessionEvent.objects.filter(session=OuterRef("pk"), kind=SessionEvent.Kind.ENTERED)
        claimed = apps.get_model("sessions_app", "Claim").objects.open().filter(session=OuterRef("pk"))
        with_evidence = Q(ends_at__lte=now - timedelta(hours=numbers.auto_settle_with_evidence_hours)) & Exists(entered)
        late = Q(ends_at__lte=now - timedelta(hours=numbers.auto_settle_hours))
        return self.filter(with_evidence | late, ~Exists(claimed), status__in=Session.BOOKED)

    def unpaid(self, now: datetime) -> SessionQuerySet:
        """Waiting for a payment that can still come in time."""
        return self.filter(status=Session.Status.AWAITING_PAYMENT, payment_deadline__gt=now)

    def lapsed(self, now: datetime) -> SessionQuerySet:
        """Their payment did not come in time, and nobody has cleared them yet."""
        return self.filter(status=Session.Status.AWAITING_PAYMENT, payment_deadline__lte=now)

    def with_status(self, status: str, now: datetime) -> SessionQuerySet:
        """Those whose `status_at(now)` is this one."""
        if status == Session.Status.AWAITING_PAYMENT:
            return self.unpaid(now)
        wanted = Q(status=status)
        if status == Session.Status.EXPIRED:
            wanted |= Q(status=Session.Status.AWAITING_PAYMENT, payment_deadline__lte=now)
        return self.filter(wanted)

    def numbered(self) -> SessionQuerySet:
        """Annotate `number`: the rank among the pack's used sessions, then among its booked ones. Else None."""
        own = Session.objects.filter(pack=OuterRef("pack")).order_by().values("pack")
        earlier = Q(starts_at__lt=OuterRef("starts_at")) | Q(starts_at=OuterRef("starts_at"), id__lte=OuterRef("id"))
        used_before = own.filter(earlier, credit=Session.Credit.USED).annotate(n=models.Count("pk")).values("n")
        used = own.filter(credit=Session.Credit.USED).annotate(n=models.Count("pk")).values("n")
        held_before = own.filter(earlier, credit=Session.Credit.HELD).annotate(n=models.Count("pk")).values("n")
        return self.annotate(
            number=models.Case(
                models.When(credit=Session.Credit.USED, then=Subquery(used_before)),
                models.When(credit=Session.Credit.HELD, then=Coalesce(Subquery(used), 0) + Subquery(held_before)),
                default=None,
                output_field=models.IntegerField(null=True),
            )
        )


class Session(models.Model):
    """One meeting. While it is AWAITING_PAYMENT, SCHEDULED or IN_PROGRESS, both people have a CalendarBlock for it."""

    class Status(models.TextChoices):
        AWAITING_PAYMENT = "AWAITING_PAYMENT", "awaiting payment"
        SCHEDULED = "SCHEDULED", "scheduled"
        IN_PROGRESS = "IN_PROGRESS", "in progress"
        COMPLETED = "COMPLETED", "completed"
        NO_SHOW = "NO_SHOW", "no-show"
        CANCELLED = "CANCELLED", "cancelled"
        EXPIRED = "EXPIRED", "expired"

    class Credit(models.TextChoices):
        HELD = "HELD", "booked"
        USED = "USED", "used"
        RETURNED = "RETURNED", "came back"

    class Party(models.TextChoices):
        STUDENT = "STUDENT", "the student"
        MENTOR = "MENTOR", "the mentor"
        BOTH = "BOTH", "both"

    BOOKED = (Status.SCHEDULED, Status.IN_PROGRESS)
    BLOCKING = (Status.AWAITING_PAYMENT, Status.SCHEDULED, Status.IN_PROGRESS)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sessions_given")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="sessions_taken")
    pack = models.ForeignKey(
        "packs.SessionPack", null=True, blank=True, on_delete=models.PROTECT, related_name="sessions"
    )
    purchase = models.ForeignKey(
        "packs.Purchase", null=True, blank=True, on_delete=models.PROTECT, related_name="booked_sessions"
    )
    offering = models.ForeignKey(
        "offerings.Offering", null=True, blank=True, on_delete=models.PROTECT, related_name="sessions"
    )
    course = models.ForeignKey(
        "offerings.Course", null=True, blank=True, on_delete=models.PROTECT, related_name="sessions"
    )
    order_id = models.UUIDField(null=True, blank=True)
    title = models.CharField(max_length=120)
    agenda = models.TextField(max_length=2000, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    status = models.CharField(max_length=16, choices=Status.choices)
    credit = models.CharField(max_length=8, choices=Credit.choices, blank=True)
    booked_at = models.DateTimeField(null=True, blank=True)
    payment_deadline = models.DateTimeField(null=True, blank=True)
    meeting_url = models.URLField(max_length=500, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    absent_party = models.CharField(max_length=8, choices=Party.choices, blank=True)
    given_back = models.PositiveSmallIntegerField(
        default=0, help_text="How often its used credit came back after all: what was paid out for it is taken back."
    )
    created_at = models.DateTimeField()

    objects = SessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="sessions_end_after_start"),
            models.CheckConstraint(condition=~Q(student=F("mentor")), name="sessions_not_with_oneself"),
            models.CheckConstraint(
                condition=~Q(status="AWAITING_PAYMENT") | Q(payment_deadline__isnull=False),
                name="sessions_unpaid_has_deadline",
            ),
            models.CheckConstraint(
                condition=Q(credit="", pack__isnull=True) | (~Q(credit="") & Q(pack__isnull=False)),
                name="sessions_credit_is_a_packs",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["SCHEDULED", "IN_PROGRESS"]) | Q(credit="HELD"),
                name="sessions_booked_holds_a_credit",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["COMPLETED"]) | Q(credit="USED"), name="sessions_completed_used_its_credit"
            ),
            models.UniqueConstraint(
                fields=["order_id"],
                condition=Q(order_id__isnull=False) & ~Q(status="EXPIRED"),
                name="sessions_one_per_order",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(given_back__gt=0), name="sessions_given_back"),
            models.Index(fields=["student", "starts_at"], name="sessions_of_student"),
            models.Index(fields=["mentor", "starts_at"], name="sessions_of_mentor"),
            models.Index(fields=["pack", "starts_at"], name="sessions_of_pack"),
            models.Index(
                fields=["ends_at"], condition=Q(status__in=["SCHEDULED", "IN_PROGRESS"]), name="sessions_booked"
            ),
            models.Index(fields=["starts_at"], condition=Q(status="SCHEDULED"), name="sessions_to_remind"),
            models.Index(fields=["payment_deadline"], condition=Q(status="AWAITING_PAYMENT"), name="sessions_unpaid"),
            models.Index(fields=["settled_at"], condition=Q(credit="USED"), name="sessions_settled"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.starts_at:%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return f"/mentorship/session/{self.pk}"

    @property
    def duration(self) -> timedelta:
        return self.ends_at - self.starts_at

    @property
    def minutes(self) -> int:
        return int(self.duration.total_seconds() // 60)

    @property
    def room_url(self) -> str:
        """Where the two meet: the session's own address, else the mentor's usual one; empty where neither is set."""
        return self.meeting_url or self.mentor.mentor_profile.meeting_url

    @property
    def is_booked(self) -> bool:
        return self.status in self.BOOKED

    def other_side(self, person_id: int) -> object:
        """The participant who is not this person."""
        return self.mentor if person_id == self.student_id else self.student

    def room_opens_at(self) -> datetime:
        return self.starts_at - timedelta(minutes=settings.MENTORSHIP.join_early_minutes)

    def settled_by_itself_at(self, evidence: bool) -> datetime:
        """When the system settles it if nobody does: 24 h after the end with evidence, 72 h without."""
        numbers = settings.MENTORSHIP
        hours = numbers.auto_settle_with_evidence_hours if evidence else numbers.auto_settle_hours
        return self.ends_at + timedelta(hours=hours)

    def is_joinable(self, now: datetime) -> bool:
        """The room is open: only while it runs, and only when it is booked. It never asks for free credits."""
        return self.is_booked and self.room_opens_at() <= now <= self.ends_at

    @property
    def free_until(self) -> datetime:
        """Until when it can be moved, and cancelled by the student for nothing."""
        return self.starts_at - timedelta(hours=settings.MENTORSHIP.move_notice_hours)

    def moves_freely(self, now: datetime) -> bool:
        """24 h or more before the start: exactly 24:00:00 still counts."""
        return now <= self.free_until

    def can_be_undone(self, now: datetime) -> bool:
        """A fresh booking can be taken back for 15 minutes, while the start is over an hour away."""
        fresh = self.booked_at is not None and now - self.booked_at <= timedelta(
            minutes=settings.MENTORSHIP.undo_minutes
        )
        return fresh and self.starts_at - now > timedelta(hours=1)

    def status_at(self, now: datetime) -> str:
        """The status everybody is shown: EXPIRED once the payment's time is over, whether or not a job has run."""
        unpaid = self.status == self.Status.AWAITING_PAYMENT
        if unpaid and self.payment_deadline is not None and self.payment_deadline <= now:
            return self.Status.EXPIRED.value
        return self.status

    def payment_status_at(self, now: datetime) -> str:
        """PENDING, PAID or FAILED: only a session that never got a credit was not paid."""
        if self.status_at(now) == self.Status.AWAITING_PAYMENT:
            return "PENDING"
        return "PAID" if self.credit else "FAILED"


class SessionEvent(models.Model):
    """What happened to a session: by whom, when, why. Entering the room is one. Never updated, never deleted."""

    class Kind(models.TextChoices):
        RESERVED = "RESERVED", "kept for a payment"
        BOOKED = "BOOKED", "booked"
        MOVED = "MOVED", "moved"
        CANCELLED = "CANCELLED", "cancelled"
        EXPIRED = "EXPIRED", "not paid in time"
        ENTERED = "ENTERED", "entered the room"
        COMPLETED = "COMPLETED", "completed"
        NO_SHOW = "NO_SHOW", "no-show"
        OVERRULED = "OVERRULED", "judged anew"
        FORGIVEN = "FORGIVEN", "late cancellation forgiven"

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
