from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from mentorship.people.zones import zone

MAX_TOPICS = 5
HORIZON_DAYS = (7, 180)


def default_seats() -> int:
    return settings.MENTORSHIP.seats_per_mentor


def default_notice() -> int:
    return settings.MENTORSHIP.booking_notice_hours


def default_step() -> int:
    return settings.MENTORSHIP.slot_step_minutes


class Topic(models.Model):
    """What mentors help with; admins keep the list short."""

    name = models.CharField(max_length=60, unique=True)
    slug = models.SlugField(max_length=60, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MentorProfileQuerySet(models.QuerySet["MentorProfile"]):
    def visible(self) -> MentorProfileQuerySet:
        """The mentors buyers can see: verified, and with an active account."""
        return self.filter(verified_at__isnull=False, user__is_active=True)


class MentorProfile(models.Model):
    """A mentor's shop front and rules. Invisible to buyers until an admin has verified it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mentor_profile")
    slug = models.SlugField(max_length=80, unique=True)
    photo = models.ImageField(upload_to="photos/%Y/%m/", blank=True)
    promise = models.CharField(max_length=120, help_text="One sentence: what changes for your students.")
    bio = models.TextField(max_length=5000, blank=True)
    topics = models.ManyToManyField(Topic, blank=True, related_name="mentors")
    languages = ArrayField(
        models.CharField(max_length=35), default=list, blank=True, help_text="Language codes, e.g. en, de, ja."
    )
    meeting_url = models.URLField(
        max_length=500,
        blank=True,
        help_text="Your own room (https). Shown only to the two of you, only while a session runs.",
    )
    max_active_students = models.PositiveSmallIntegerField(default=default_seats, validators=[MaxValueValidator(500)])
    accepts_new = models.BooleanField(default=True, help_text="Off: only students who already have a seat can buy.")
    ignored_requests = models.PositiveSmallIntegerField(
        default=0, help_text="Requests in a row that ended without an answer."
    )
    sales_paused_at = models.DateTimeField(
        null=True, blank=True, help_text="Too many requests went without an answer: nothing is sold until they resume."
    )
    applied_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    commission_percent = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(100)],
        help_text="The platform's share; empty: the usual one.",
    )
    notice_hours = models.PositiveSmallIntegerField(
        default=default_notice,
        validators=[MinValueValidator(1), MaxValueValidator(72)],
        help_text="Least notice for a booking.",
    )
    slot_step_minutes = models.PositiveSmallIntegerField(
        default=default_step, validators=[MinValueValidator(5), MaxValueValidator(240)]
    )
    most_sessions_a_day = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(24)],
        help_text="Sessions on one day, at most; empty: as many as fit.",
    )
    horizon_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(HORIZON_DAYS[0]), MaxValueValidator(HORIZON_DAYS[1])],
        help_text="How far ahead buyers may choose a time; empty: the usual number of days.",
    )
    most_changes_a_pack = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="How often a student may move or cancel for free, per pack; empty: no limit.",
    )
    buffer_before_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(240)])
    buffer_after_minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(240)])

    objects = MentorProfileQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(notice_hours__range=(1, 72)), name="people_notice_1_to_72_h"),
            models.CheckConstraint(
                condition=models.Q(slot_step_minutes__range=(5, 240)), name="people_slot_step_5_to_240"
            ),
            models.CheckConstraint(
                condition=models.Q(horizon_days__isnull=True) | models.Q(horizon_days__range=HORIZON_DAYS),
                name="people_horizon_7_to_180_days",
            ),
            models.CheckConstraint(
                condition=models.Q(commission_percent__isnull=True) | models.Q(commission_percent__lte=100),
                name="people_commission_is_a_percentage",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=models.Q(verified_at__isnull=False), name="people_verified")]

    def __str__(self) -> str:
        return self.user.display_name

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.user.zone_name)

    @property
    def horizon(self) -> timedelta:
        """How far ahead buyers may choose a time. A credit can be booked until its pack expires."""
        return timedelta(days=self.horizon_days or settings.MENTORSHIP.horizon_days)

    @property
    def photo_url(self) -> str:
        """Where the photo is, or nothing."""
        return self.photo.url if self.photo else ""

    @property
    def is_visible(self) -> bool:
        """Buyers can see this mentor (the same word as the queryset's)."""
        return self.verified_at is not None and self.user.is_active

    @property
    def share_percent(self) -> int:
        """The mentor's part of each payment, percent."""
        if self.commission_percent is None:
            return settings.MENTORSHIP.mentor_share_percent
        return 100 - self.commission_percent

    def get_absolute_url(self) -> str:
        return f"/mentorship/mentors/{self.slug}"

    def verify(self, *, now: datetime) -> bool:
        """Let buyers see this mentor. Returns False when they already could."""
        won = type(self).objects.filter(pk=self.pk, verified_at__isnull=True).update(verified_at=now)
        self.refresh_from_db(fields=["verified_at"])
        return won == 1

    def withdraw_verification(self) -> bool:
        """Stop sales and hide from buyers; existing students keep their rooms. Returns False when it was so already."""
        won = type(self).objects.filter(pk=self.pk, verified_at__isnull=False).update(verified_at=None)
        self.refresh_from_db(fields=["verified_at"])
        return won == 1
