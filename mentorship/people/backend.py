from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from mentorship.people.models import User


class Backend(AuthenticationBackend):
    """Allauth's, which reads a signed-in person together with their mentor profile: every page's header asks for it."""

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("mentor_profile").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
