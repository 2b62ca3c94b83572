"""The admin of time. Sessions and requests belong to services; what a mentor edits may be mended by hand, too."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline
from sessions_app.models import (
    BookingRequest,
    BusyTime,
    CalendarBlock,
    CalendarFeed,
    Claim,
    DateException,
    MoveProposal,
    Session,
    SessionEvent,
    Vacation,
    WeeklyRule,
)


def desk_link(verb: str, pk: Any, words: str) -> SafeString:
    """Only an address: the support desk lives some floors up."""
    url = reverse("desk:verb", args=[verb, pk])
    return format_html('<a class="text-primary-600 dark:text-primary-500 underline" href="{}">{}</a>', url, words)


class SessionEventInline(ReadOnlyInline):
    model = SessionEvent


class CalendarBlockInline(ReadOnlyInline):
    model = CalendarBlock


class AsSeenNow:
    """Claims as they stand at the moment at which they are looked at."""

    def get_queryset(self, request: Any) -> Any:
        rows: Any = super().get_queryset(request)  # type: ignore[misc]  # of the admin that this is mixed into
        return rows.seen(request.now)

    @admin.display(description="Status")
    def stands(self, claim: Claim) -> str:
        return claim.status_words(claim.seen_at)


class ClaimInline(AsSeenNow, ReadOnlyInline):
    model = Claim
    fields = ("created_at", "by", "wanted", "stands", "answer_by", "decision")
    readonly_fields = ("stands",)


class ProposalInline(ReadOnlyInline):
    model = MoveProposal
    fields = ("created_at", "by", "old_starts_at", "starts_at", "status", "answered_at")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("starts_at", "mentor", "student", "title", "status", "credit", "settled_at", "absent_party")
    list_filter = ("status", "credit", "absent_party")
    list_select_related = ("mentor", "student")
    search_fields = ("mentor__email", "student__email", "id", "order_id")
    date_hierarchy = "starts_at"
    readonly_fields = ("repairs",)
    inlines = (SessionEventInline, ClaimInline, ProposalInline, CalendarBlockInline)

    @admin.display(description="At the support desk")
    def repairs(self, session: Session) -> SafeString:
        if not session.is_booked:
            return desk_link("verdict", session.pk, "Judge it anew")
        links = [desk_link(verb, session.pk, words) for verb, words in (
            ("move", "Move it"), ("cancel", "Cancel it"), ("verdict", "Judge it"))]  # fmt: skip
        return format_html("{} · {} · {}", *links)


@admin.register(SessionEvent)
class SessionEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "session", "kind", "by", "reason")
    list_filter = ("kind",)
    list_select_related = ("session", "by")
    search_fields = ("session__student__email", "session__mentor__email")


@admin.register(CalendarBlock)
class CalendarBlockAdmin(ReadOnlyAdmin):
    list_display = ("person", "span", "session")
    list_select_related = ("person", "session")
    search_fields = ("person__email",)


@admin.register(BookingRequest)
class BookingRequestAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "student",
        "mentor",
        "title",
        "price_display",
        "status",
        "approval_deadline",
        "payment_deadline",
        "paid_at",
    )
    list_filter = ("status", "takes_seat")
    list_select_related = ("student", "mentor")
    search_fields = ("id", "student__email", "mentor__email", "title")
    date_hierarchy = "created_at"


class StandsFilter(admin.SimpleListFilter):
    """By where it stands at this moment: one without an answer in time is for an admin, whatever its row says."""

    title = "status"
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        closed = [(value, label) for value, label in Claim.Status.choices if value not in Claim.OPEN]
        return [("waiting", Claim.Status.OPENED.label), ("decide", "for an admin to decide"), *closed]

    def queryset(self, request: Any, queryset: Any) -> Any:
        now, stands = request.now, self.value()
        if stands == "waiting":
            return queryset.filter(status=Claim.Status.OPENED, answer_by__gt=now)
        if stands == "decide":
            return queryset.for_an_admin(now)
        return queryset.filter(status=stands) if stands in Claim.Status.values else queryset


@admin.register(Claim)
class ClaimAdmin(AsSeenNow, ReadOnlyAdmin):
    list_display = ("created_at", "session", "by", "wanted", "status_label", "answer_by", "decided_by", "decide")
    list_filter = (StandsFilter, "wanted")
    list_select_related = ("session", "by", "decided_by")
    search_fields = ("session__id", "session__student__email", "session__mentor__email", "reason")
    fields = (
        "session",
        "by",
        "created_at",
        "wanted",
        "reason",
        "stands",
        "answer_by",
        "answered_at",
        "answer",
        "decided_by",
        "closed_at",
        "decision",
        "decide",
    )
    readonly_fields = ("stands", "decide")
    ordering = ("-created_at",)

    @display(
        description="Status",
        ordering="status",
        label={"OPENED": "info", "ANSWERED": "warning", "UPHELD": "success", "AGREED": "success"},
    )
    def status_label(self, claim: Claim) -> tuple[str, str]:
        colour = Claim.Status.ANSWERED if claim.is_for_an_admin(claim.seen_at) else claim.status
        return colour, self.stands(claim)

    @admin.display(description="Decide")
    def decide(self, claim: Claim) -> SafeString | str:
        return desk_link("claim", claim.pk, "Decide") if claim.is_for_an_admin(claim.seen_at) else "-"


@admin.register(MoveProposal)
class MoveProposalAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "session", "by", "old_starts_at", "starts_at", "status", "answered_at")
    list_filter = ("status",)
    list_select_related = ("session", "by")
    search_fields = ("session__id", "session__student__email", "session__mentor__email")


class HoursAdmin(ModelAdmin):
    """What a mentor sets on the page of their hours; an admin may mend it."""

    list_select_related = ("mentor",)
    search_fields = ("mentor__email", "mentor__name")
    autocomplete_fields = ("mentor",)
    show_full_result_count = False


@admin.register(WeeklyRule)
class WeeklyRuleAdmin(HoursAdmin):
    list_display = ("mentor", "weekday", "start_minute", "end_minute")
    list_filter = ("weekday",)


@admin.register(DateException)
class DateExceptionAdmin(HoursAdmin):
    list_display = ("mentor", "day", "kind", "start_minute", "end_minute")
    list_filter = ("kind",)
    date_hierarchy = "day"


@admin.register(Vacation)
class VacationAdmin(ReadOnlyAdmin):
    """Seen only: adding one cancels sessions and moves expiries, which its page does."""

    list_display = ("mentor", "first_day", "last_day", "days", "note", "created_at")
    list_select_related = ("mentor",)
    search_fields = ("mentor__email", "mentor__name", "note")
    date_hierarchy = "first_day"


@admin.register(BusyTime)
class BusyTimeAdmin(ReadOnlyAdmin):
    list_display = ("person", "span", "source")
    list_filter = ("source",)
    list_select_related = ("person",)
    search_fields = ("person__email",)


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Whoever knows the secret reads the calendar: nobody sees it here."""

    list_display = ("person", "created_at")
    list_select_related = ("person",)
    search_fields = ("person__email",)
    exclude = ("secret",)
