from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from mentorship.kernel.api import CamelSchema, signed_in
from mentorship.people.models import User

router = Router(tags=["people"])


class Me(CamelSchema):
    id: int
    name: str
    email: str
    zone: str
    is_mentor: bool


@router.get("me", response=Me, auth=signed_in, summary="Who is signed in")
def me(request: HttpRequest) -> dict[str, object]:
    user: User = request.user  # type: ignore[assignment]
    return {
        "id": user.pk,
        "name": user.display_name,
        "email": user.email,
        "zone": user.zone_name,
        "is_mentor": user.is_mentor,
    }
