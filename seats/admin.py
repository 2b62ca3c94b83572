from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from mentorship.kernel import clock
from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline, ReasonForm, verb
from seats.models import Seat, SeatEvent, WaitingPlace
from seats.services import release_seat


class SeatEventInline(ReadOnlyInline):
    model = SeatEvent


@admin.register(Seat)
class SeatAdmin(ReadOnlyAdmin):
    list_display = (
        "mentor",
        "number",
        "student",
        "status",
        "held_until",
        "grace_ends_at",
        "released_at",
        "release_reason",
    )
    list_filter = ("status", "release_reason")
    list_select_related = ("mentor", "student")
    search_fields = ("mentor__email", "student__email")
    inlines = (SeatEventInline,)
    actions_detail = ("release",)

    @verb(
        "Release the seat", "It is free for the next person at once. Credits and sessions stay as they are.", ReasonForm
    )
    def release(self, request: HttpRequest, form: ReasonForm, object_id: str) -> str:
        seat = release_seat(
            seat_id=int(object_id), by=request.user, reason=form.cleaned_data["reason"], now=clock.now()
        )
        return f"Seat {seat.number} is released."


@admin.register(SeatEvent)
class SeatEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "seat", "before", "after", "by", "reason")
    list_filter = ("after",)
    list_select_related = ("seat", "by")
    search_fields = ("seat__mentor__email", "seat__student__email")


@admin.register(WaitingPlace)
class WaitingPlaceAdmin(ReadOnlyAdmin):
    list_display = ("mentor", "student", "status", "joined_at", "paid_too_late", "seat", "ended_at")
    list_filter = ("status", "paid_too_late")
    list_select_related = ("mentor", "student", "seat")
    search_fields = ("mentor__email", "mentor__name", "student__email", "student__name")
    date_hierarchy = "joined_at"
