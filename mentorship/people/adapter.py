"""What allauth asks us about people. How its mails leave is added one floor up (`notifications.account_mail`)."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse

from mentorship.people.models import User
from mentorship.people.zones import is_zone


class PeopleAdapter(DefaultAccountAdapter):
    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """The first sign-in of somebody without a zone takes the one their browser told us."""
        if user.last_login is None and user.zone_name == "UTC" and is_zone(request.COOKIES.get("zone", "")):
            user.zone_name = request.COOKIES["zone"]
            user.save(update_fields=["zone_name"])
        return super().pre_login(request, user, **kwargs)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Mentors land in their room, everybody else in the student room; `next` comes before both."""
        if isinstance(request.user, User) and request.user.is_mentor:
            return "/tutor/mentorship"
        return super().get_login_redirect_url(request)
