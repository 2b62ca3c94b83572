from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower

from mentorship.people.zones import validate_zone, zone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person with this email (stored in lower case). Without a password they sign in by mailed code."""
        if not email:
            raise ValueError("a user needs an email")
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Login by email. Whoever buys is a student; whoever has a MentorProfile is a mentor."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    zone_name = models.CharField("time zone", max_length=64, default="UTC", validators=[validate_zone])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="people_email_any_case")]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.email.partition("@")[0]

    @property
    def first_name(self) -> str:
        return next(iter(self.display_name.split()), "")  # a form being filled in has no name yet

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.zone_name)

    @property
    def is_mentor(self) -> bool:
        return hasattr(self, "mentor_profile")

    def get_short_name(self) -> str:
        return self.first_name

    def get_full_name(self) -> str:
        return self.display_name
