from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.text import slugify

from mentorship.kernel import money


class Course(models.Model):
    """Something to learn, owned by whoever created it. Offerings may be linked to it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="courses")
    title = models.CharField(max_length=160)
    slug = models.SlugField(max_length=80, unique=True)
    summary = models.TextField(max_length=2000, blank=True)

    def __str__(self) -> str:
        return self.title


class Enrolment(models.Model):
    """A student in a course."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    enrolled_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["course", "student"], name="offerings_one_enrolment")]

    def __str__(self) -> str:
        return f"{self.student} in {self.course}"


class OfferingQuerySet(models.QuerySet["Offering"]):
    def on_the_shelf(self) -> OfferingQuerySet:
        """Neither archived nor private; whether buyers can see the mentor is the caller's question."""
        return self.filter(archived_at__isnull=True, private_for__isnull=True)

    def for_sale(self) -> OfferingQuerySet:
        """What the public can buy: not archived, not private, of a mentor buyers can see."""
        return self.visible_to(None)

    def visible_to(self, viewer: object) -> OfferingQuerySet:
        """What this viewer may see and buy: the public ones, and the ones made for them."""
        open_ones = models.Q(private_for__isnull=True)
        if getattr(viewer, "is_authenticated", False):
            open_ones |= models.Q(private_for=viewer)
        return self.filter(
            open_ones,
            archived_at__isnull=True,
            mentor__is_active=True,
            mentor__mentor_profile__verified_at__isnull=False,
        )


class Offering(models.Model):
    """Something for sale: one session, or a pack of sessions that takes a seat."""

    class Kind(models.TextChoices):
        SESSION = "SESSION", "single session"
        PACK = "PACK", "pack of sessions"

    class BookingMode(models.TextChoices):
        INSTANT = "INSTANT", "bookable at once"
        REQUEST = "REQUEST", "with my approval"

    mentor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="offerings")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    is_intro = models.BooleanField(default=False, help_text="A short first meeting, once per student.")
    title = models.CharField(max_length=120)
    description = models.TextField(max_length=4000, blank=True)
    booking_mode = models.CharField(max_length=10, choices=BookingMode.choices, default=BookingMode.INSTANT)
    session_count = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    duration_minutes = models.PositiveSmallIntegerField(validators=[MinValueValidator(15), MaxValueValidator(480)])
    price_minor = models.PositiveBigIntegerField(validators=[MaxValueValidator(10**12)])
    currency = models.CharField(max_length=3)
    validity_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(30), MaxValueValidator(365)],
        help_text="Empty: the usual validity.",
    )
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.PROTECT, related_name="offerings")
    private_for = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="private_offerings"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = OfferingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="SESSION", session_count=1)
                | models.Q(kind="PACK", session_count__range=(2, 100)),
                name="offerings_count_fits_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(duration_minutes__range=(15, 480)), name="offerings_duration_15_to_480"
            ),
            models.CheckConstraint(
                condition=models.Q(is_intro=False) | models.Q(kind="SESSION", duration_minutes__range=(15, 30)),
                name="offerings_intro_is_15_to_30_min",
            ),
            models.CheckConstraint(
                condition=models.Q(validity_days__isnull=True) | models.Q(validity_days__range=(30, 365)),
                name="offerings_validity_30_to_365",
            ),
            models.CheckConstraint(condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="offerings_currency_is_iso"),
        ]
        indexes = [
            models.Index(fields=["mentor", "id"], condition=models.Q(archived_at__isnull=True), name="offerings_shop"),
            models.Index(fields=["course"], name="offerings_of_course"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def takes_seat(self) -> bool:
        return self.kind == self.Kind.PACK

    @property
    def effective_validity_days(self) -> int:
        """Days from purchase to expiry: the offering's own, else max(90, 14 a session)."""
        numbers = settings.MENTORSHIP
        usual = max(numbers.pack_validity_days, numbers.pack_validity_days_per_session * self.session_count)
        return self.validity_days or usual

    @property
    def price_display(self) -> str:
        return money.display(self.price_minor, self.currency)

    def get_absolute_url(self) -> str:
        return f"/mentorship/offerings/{self.pk}-{slugify(self.title) or 'offering'}"
