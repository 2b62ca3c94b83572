"""`/student/packs/<id>/plan`: the rest of a pack in one screen."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect

from mentorship.people.http import SignedInRequest


@login_required
def plan_page(request: SignedInRequest, pack_id: int) -> HttpResponse:
    return redirect(f"/student/mentorship/book?pack={pack_id}")
