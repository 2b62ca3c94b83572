from __future__ import annotations

from ninja import Router

from mentorship.kernel.api import CamelSchema, signed_in
from mentorship.people.http import SignedInRequest

router = Router(tags=["people"])


class Me(CamelSchema):
    id: int
    name: str
    email: str
    zone: str
    is_mentor: bool


@router.get("me", response=Me, auth=signed_in, summary="Who is signed in")
def me(request: SignedInRequest) -> dict[str, object]:
    user = request.user
    return {
        "id": user.pk,
        "name": user.display_name,
        "email": user.email,
        "zone": user.zone_name,
        "is_mentor": user.is_mentor,
    }
