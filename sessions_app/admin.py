from __future__ import annotations

from django.contrib import admin
from unfold.admin import ModelAdmin

from mentorship.kernel.admin import ReadOnlyAdmin, ReadOnlyInline
from sessions_app.models import CalendarBlock, Session, SessionEvent, WeeklyRule


class SessionEventInline(ReadOnlyInline):
    model = SessionEvent


class CalendarBlockInline(ReadOnlyInline):
    model = CalendarBlock


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("starts_at", "mentor", "student", "title", "status", "credit", "settled_at", "absent_party")
    list_filter = ("status", "credit", "absent_party")
    list_select_related = ("mentor", "student")
    search_fields = ("mentor__email", "student__email", "id", "order_id")
    date_hierarchy = "starts_at"
    inlines = (SessionEventInline, CalendarBlockInline)


@admin.register(SessionEvent)
class SessionEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "session", "kind", "by", "reason")
    list_filter = ("kind",)
    list_select_related = ("session", "by")


@admin.register(CalendarBlock)
class CalendarBlockAdmin(ReadOnlyAdmin):
    list_display = ("person", "span", "session")
    list_select_related = ("person", "session")
    search_fields = ("person__email",)


@admin.register(WeeklyRule)
class WeeklyRuleAdmin(ModelAdmin):
    list_display = ("mentor", "weekday", "start_minute", "end_minute")
    list_select_related = ("mentor",)
    search_fields = ("mentor__email",)
    autocomplete_fields = ("mentor",)
