"""`/tutor/seats`: every seat with its student, its state and its story."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mentorship.kernel.ordinals import ordinal
from mentorship.pages.listings import CHAIRS
from mentorship.pages.mentorships import Mentorship, mentorships
from mentorship.pages.seat_chairs import WORDS, chairs, counts, occupied_seats
from mentorship.people.http import SignedInRequest, mentors_only
from seats.models import Seat, SeatEvent
from seats.services import line_of

EVENTS = 200
LINE = 100


@mentors_only
@require_safe
def seats_page(request: SignedInRequest) -> HttpResponse:
    user, now = request.user, request.now
    profile = user.mentor_profile
    seats = occupied_seats(user, now)
    found = mentorships(user, "mentor", now, seats)
    row = chairs(profile.max_active_students, seats, found, now)
    # The newest of all seats, released ones too: one query, whatever their number.
    events = SeatEvent.objects.filter(seat__mentor=user).select_related("seat__student", "by").order_by("-id")[:EVENTS]
    of_seat = defaultdict(list)
    for event in events:
        of_seat[event.seat_id].append(event)
    of_student = {one.person.pk: one for one in found}
    waiting = [place for place in line_of(user, now, LINE) if not place.is_offered(now)]
    over_capacity = len(seats) - profile.max_active_students
    return render(
        request,
        "rooms/seats.html",
        {
            "profile": profile,
            "seats": row,
            "seat_words": counts(row),
            "places": [_place(seat, of_student.get(seat.student_id), of_seat[seat.pk]) for seat in seats],
            "over_capacity": max(0, over_capacity),
            "line": [(ordinal(number), place) for number, place in enumerate(waiting, start=1)],
            "stands_still": not profile.accepts_new or profile.sales_paused_at is not None,
            "former": [event for event in events if event.after == Seat.Status.RELEASED],
        },
    )


def _place(seat: Seat, one: Mentorship | None, events: list[SeatEvent]) -> dict[str, Any]:
    state = CHAIRS[Seat.Status(seat.status)]
    rows = [row for row in (one.pack_rows if one else []) if row.pack]
    return {"seat": seat, "one": one, "state": state, "state_words": WORDS[state], "rows": rows, "events": events}
